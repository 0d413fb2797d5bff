package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Processor time of the two nodes of a pair whose guest has nothing to do. */
final class IdleBenchmark implements Benchmarks.Benchmark
{
    /** The compilers still take 2 to 4 % of a core in the first ten seconds after the pair is up, a tenth of it later. */
    private static final long SETTLE_MS = 30_000;
    private static final long WATCH_MS = 10_000;

    private final Path home;

    IdleBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<Double> primary = new ArrayList<>();
        final List<Double> backup = new ArrayList<>();
        try (Workspace work = new Workspace(home); Service pair = Service.pair(work))
        {
            Thread.sleep(SETTLE_MS);
            for (int i = 0; i < rounds; i++)
            {
                final List<Double> before = used(pair);
                Thread.sleep(WATCH_MS);
                final List<Double> after = used(pair);
                primary.add((after.get(0) - before.get(0)) * 100_000 / WATCH_MS);
                backup.add((after.get(1) - before.get(1)) * 100_000 / WATCH_MS);
            }
        }
        Benchmarks.row("idle primary", "% of a core", primary);
        Benchmarks.row("idle backup", "% of a core", backup);
    }

    private static List<Double> used(final Service pair)
    {
        return pair.processes().stream().map(Command::processorSeconds).toList();
    }
}
