package dev.understudy.benchmarks;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that a benchmark started, with its output in a file. Closing it ends it. */
final class Command implements AutoCloseable
{
    /** Nothing that is measured here takes longer. */
    private static final long TIMEOUT_S = 900;
    private static final long END_TIMEOUT_S = 10;

    private final List<String> words;
    private final Path output;
    private final Process process;
    private final long startNs = System.nanoTime();

    Command(final List<String> words) throws IOException
    {
        this.words = words;
        output = Files.createTempFile("benchmark-", ".out");
        process = new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .redirectInput(new File("/dev/null"))
            .start();
    }

    /** Runs a command to its end; returns the seconds that it took. */
    static double time(final List<String> words) throws IOException, InterruptedException
    {
        try (Command command = new Command(words))
        {
            return command.await();
        }
    }

    /** Runs a command to its end; returns what it printed. */
    static String output(final List<String> words) throws IOException, InterruptedException
    {
        try (Command command = new Command(words))
        {
            command.await();
            return command.output();
        }
    }

    /** Waits for the end; returns the seconds since the start. */
    double await() throws IOException, InterruptedException
    {
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS) || process.exitValue() != 0)
        {
            throw new IOException(String.join(" ", words) + " failed: " + output());
        }
        return (System.nanoTime() - startNs) / 1e9;
    }

    String output() throws IOException
    {
        return Files.readString(output, StandardCharsets.UTF_8);
    }

    boolean isAlive()
    {
        return process.isAlive();
    }

    /** Number of the process. */
    long pid()
    {
        return process.pid();
    }

    /** Ends the process with SIGKILL, as the loss of its host would. */
    void kill() throws InterruptedException
    {
        process.destroyForcibly().waitFor();
    }

    /** Processor time that the process has used so far, in seconds. */
    double processorSeconds()
    {
        return process.info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
    }

    @Override
    public void close() throws IOException
    {
        process.destroy();
        try
        {
            if (!process.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS))
            {
                process.destroyForcibly();
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        Files.deleteIfExists(output);
    }
}
