package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;

/** A guest's console as a person has it: what was typed is answered. Not thread-safe. */
final class GuestConsole
{
    private static final long POLL_MS = 20;

    private final UnderstudyProcess process;
    private final String prompt;
    private final Duration timeout;
    private int read;

    /**
     * @param process of a guest that was started with input
     * @param prompt  what the guest's shell prints when it waits for a command
     * @param timeout for each answer
     */
    GuestConsole(final UnderstudyProcess process, final String prompt, final Duration timeout)
    {
        this.process = process;
        this.prompt = prompt;
        this.timeout = timeout;
    }

    /** Sees to it that nothing stands among answers: no kernel's messages, no line breaks in what is typed. */
    void settle() throws IOException, InterruptedException
    {
        run("dmesg -n 1; stty cols 1000");
    }

    /** Waits for a text after those that were waited for before, and returns what came before it. */
    String await(final String text) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + timeout.toNanos();
        while (true)
        {
            // Asked first: what it wrote before its end is in the log then.
            final boolean isAlive = process.isAlive();
            final String all = Files.readString(process.log(), StandardCharsets.ISO_8859_1);
            final int at = all.indexOf(text, read);
            if (at >= 0)
            {
                final String before = all.substring(read, at);
                read = at + text.length();
                return before;
            }
            assertThat(isAlive && System.nanoTime() - endNs < 0).as("'%s' comes in%n%s", text, all).isTrue();
            Thread.sleep(POLL_MS);
        }
    }

    /** Types a command at the prompt and does not wait for what it does. */
    void type(final String command) throws IOException, InterruptedException
    {
        await(prompt);
        process.input().write((command + "\n").getBytes(StandardCharsets.US_ASCII));
        process.input().flush();
        // The terminal's echo.
        await("\n");
    }

    /** Types a command and returns what it prints. */
    String run(final String command) throws IOException, InterruptedException
    {
        type(command);
        final String answer = await(prompt);
        read -= prompt.length();
        return answer.replace("\r", "").strip();
    }
}
