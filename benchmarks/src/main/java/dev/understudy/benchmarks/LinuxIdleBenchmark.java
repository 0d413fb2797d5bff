package dev.understudy.benchmarks;

import dev.understudy.journal.JournalVerifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a pair writes to its journal, and what its nodes send each other, while Linux has nothing to do. */
final class LinuxIdleBenchmark implements Benchmarks.Benchmark
{
    private static final String MEMORY = "128M";

    /** The boot is over by then, and what follows it in the guest's network. */
    private static final long SETTLE_MS = 10_000;
    private static final long WATCH_MS = 30_000;

    private final Path home;

    LinuxIdleBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<Double> journal = new ArrayList<>();
        final List<Double> link = new ArrayList<>();
        try (Workspace work = new Workspace(home); Service pair = LinuxService.pair(work, MEMORY))
        {
            final Path primary = work.path("pair").resolve("a").resolve("journal");
            Thread.sleep(SETTLE_MS);
            for (int i = 0; i < rounds; i++)
            {
                final long sentBytes = loopbackBytes();
                final long appendedBytes = JournalVerifier.verify(primary).bytes();
                final long startNs = System.nanoTime();
                Thread.sleep(WATCH_MS);
                final double seconds = (System.nanoTime() - startNs) / 1e9;
                journal.add((JournalVerifier.verify(primary).bytes() - appendedBytes) * 8 / 1e6 / seconds);
                link.add((loopbackBytes() - sentBytes) * 8 / 1e6 / seconds);
                pair.awaitProtected();
            }
        }
        Benchmarks.row("idle Linux in a pair: written to a journal", "Mbit/s", journal);
        Benchmarks.row("the same: all that passes between the nodes, both ways", "Mbit/s", link);
    }

    /** What has passed over the loopback interface, which nothing but the pair uses in the benchmarks' network. */
    private static long loopbackBytes() throws IOException
    {
        return Files.readAllLines(Path.of("/proc/self/net/dev")).stream()
            .map(String::trim)
            .filter(line -> line.startsWith("lo:"))
            .mapToLong(line -> Long.parseLong(line.substring("lo:".length()).trim().split(" +")[0]))
            .findFirst()
            .orElseThrow();
    }
}
