package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.List;

/** What recording costs a guest that only computes: whole processes, some ten seconds each. */
final class RecordingBenchmark implements Benchmarks.Benchmark
{
    /** Of {@code guests/benchmarks}. */
    private static final List<String> PROGRAMS = List.of("collatz", "nbody", "sort");

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
        final List<String> programs = Benchmarks.chosen(PROGRAMS, only);
        final SideBySide sides = new SideBySide("record", "run");
        try (Workspace work = new Workspace(home))
        {
            for (final String program : programs)
            {
                sides.measure(rounds,
                    () -> CpuBenchmark.record(work, program),
                    () -> CpuBenchmark.run(work, program));
            }
        }
        sides.printMean(programs);
    }
}
