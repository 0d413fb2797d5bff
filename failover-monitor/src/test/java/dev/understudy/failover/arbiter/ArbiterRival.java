package dev.understudy.failover.arbiter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A process whose threads claim one generation after the other, once it is told to; prints those that it was granted,
 * and to which thread.
 */
final class ArbiterRival
{
    private ArbiterRival()
    {
    }

    static Process start(final Path directory, final String name, final int threads, final int generations)
        throws IOException
    {
        return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-XX:+UseSerialGC",
            "-cp", System.getProperty("java.class.path"), ArbiterRival.class.getName(),
            directory.toString(), name, "" + threads, "" + generations)
            .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** Lets a process begin that has said that it is ready. */
    static void go(final Process rival) throws IOException
    {
        rival.inputReader().readLine();
        rival.outputWriter().write("go\n");
        rival.outputWriter().flush();
    }

    public static void main(final String[] arguments) throws Exception
    {
        final Path directory = Path.of(arguments[0]);
        final int threads = Integer.parseInt(arguments[2]);
        final int generations = Integer.parseInt(arguments[3]);
        final List<Callable<Void>> rivals = new ArrayList<>();
        for (int i = 0; i < threads; i++)
        {
            final String node = arguments[1] + i;
            rivals.add(() ->
            {
                race(new DirectoryArbiter(directory), node, generations);
                return null;
            });
        }
        System.out.println("ready");
        System.in.read();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads))
        {
            for (final Future<Void> rival : executor.invokeAll(rivals))
            {
                rival.get();
            }
        }
    }

    private static void race(final Arbiter arbiter, final String node, final int generations)
    {
        Term newest = arbiter.current();
        while (newest.generation() < generations)
        {
            final Claim claim = new Claim(newest, node, UUID.randomUUID(), "a race");
            final Term answer = arbiter.claim(claim);
            if (answer.isOf(claim))
            {
                System.out.println(claim.generation() + " " + node);
            }
            // Whoever was granted it, everyone sees it from now on.
            newest = arbiter.current();
            if (newest.generation() < claim.generation() || answer.generation() < claim.generation())
            {
                throw new IllegalStateException(
                    "generation " + claim.generation() + " was refused while the newest is " + newest.generation());
            }
        }
    }
}
