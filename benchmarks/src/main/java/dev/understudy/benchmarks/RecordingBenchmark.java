package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What recording costs a guest that only computes: whole processes, some ten seconds each. */
final class RecordingBenchmark implements Benchmarks.Benchmark
{
    /** By program the rounds that take {@code run} some eleven seconds where {@code docs/performance.md} was measured. */
    private static final Map<String, Integer> ROUNDS =
        new TreeMap<>(Map.of("collatz", 36_000_000, "sort", 65, "nbody", 20_000_000));

    private final Path home;
    private final List<String> only;

    RecordingBenchmark(final Path home, final List<String> only)
    {
        this.home = home;
        this.only = only;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<String> programs = Benchmarks.chosen(List.copyOf(ROUNDS.keySet()), only);
        final SideBySide sides = new SideBySide("record", "run");
        try (Workspace work = new Workspace(home))
        {
            for (final String program : programs)
            {
                final String append = "n=" + ROUNDS.get(program);
                sides.measure(rounds,
                    () -> CpuBenchmark.record(work, program, append),
                    () -> CpuBenchmark.run(work, program, append));
            }
        }
        sides.printMean(programs);
    }
}
