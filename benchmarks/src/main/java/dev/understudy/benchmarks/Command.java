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
    /**
     * What something took.
     *
     * @param seconds          wall time
     * @param processorSeconds processor time, the kernel's for the process included
     */
    record Timing(double seconds, double processorSeconds)
    {
        Timing minus(final Timing earlier)
        {
            return new Timing(seconds - earlier.seconds, processorSeconds - earlier.processorSeconds);
        }
    }

    /** Nothing that is measured here takes longer. */
    private static final long TIMEOUT_S = 900;
    private static final long END_TIMEOUT_S = 10;

    /** How exact the times of texts are. */
    private static final long POLL_MS = 5;

    /** Of the times in /proc; the same on every x86-64. */
    private static final double TICKS_PER_SECOND = 100;

    /** Fields of /proc/PID/stat behind the name, beginning with the state: times of the children that have ended. */
    private static final int CHILDREN_USER = 13;
    private static final int CHILDREN_SYSTEM = 14;

    private final List<String> words;
    private final Path output;
    private final Process process;
    private final long startNs = System.nanoTime();
    private final double childrenSeconds = endedChildrenSeconds();
    private int searched;

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

    /** Runs a command to its end; returns what it took. No other may end meanwhile. */
    static Timing time(final List<String> words) throws IOException, InterruptedException
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

    /** Waits for the end; returns what it took, if no other command has ended meanwhile. */
    Timing await() throws IOException, InterruptedException
    {
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS) || process.exitValue() != 0)
        {
            throw new IOException(String.join(" ", words) + " failed: " + output());
        }
        return new Timing((System.nanoTime() - startNs) / 1e9, endedChildrenSeconds() - childrenSeconds);
    }

    /** Waits until the process has printed a text, after the last one that was waited for; returns what it took. */
    Timing await(final String text) throws IOException, InterruptedException
    {
        while (true)
        {
            final boolean wasAlive = process.isAlive();
            final int at = output().indexOf(text, searched);
            if (at >= 0)
            {
                searched = at + text.length();
                return new Timing((System.nanoTime() - startNs) / 1e9,
                    wasAlive ? processorSeconds() : endedChildrenSeconds() - childrenSeconds);
            }
            if (!wasAlive || System.nanoTime() - startNs > TimeUnit.SECONDS.toNanos(TIMEOUT_S))
            {
                throw new IOException(String.join(" ", words) + " did not print " + text + ": " + output());
            }
            Thread.sleep(POLL_MS);
        }
    }

    private static double endedChildrenSeconds() throws IOException
    {
        final String stat = Files.readString(Path.of("/proc/self/stat"));
        final String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[CHILDREN_USER]) + Long.parseLong(fields[CHILDREN_SYSTEM])) / TICKS_PER_SECOND;
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
