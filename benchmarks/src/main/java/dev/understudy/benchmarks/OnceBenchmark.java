package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Code that is executed a few times: what translating costs beside what it saves. */
final class OnceBenchmark implements Benchmarks.Benchmark
{
    private static final List<String> CALLS = List.of("1", "3", "30", "300");

    /** So that the code itself takes seconds: the machine's start takes half a second. */
    private static final int FUNCTIONS = 40_000;

    private final Path home;
    private final List<String> only;

    OnceBenchmark(final Path home, final List<String> only)
    {
        this.home = home;
        this.only = only;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final SideBySide sides = new SideBySide("mixed", "interpreter");
        try (Workspace work = new Workspace(home))
        {
            for (final String calls : Benchmarks.chosen(CALLS, only))
            {
                sides.measure(rounds, () -> call(work, "mixed", calls), () -> call(work, "interpreter", calls));
            }
        }
    }

    private static SideBySide.Outcome call(final Workspace work, final String engine, final String calls) throws Exception
    {
        return CpuBenchmark.compute(String.format(Locale.ROOT, "%,d functions, calls of each: %s", FUNCTIONS, calls),
            work.understudy("run", "--engine", engine, "--kernel", CpuBenchmark.kernel(work, "cold").toString(),
                "--append", String.format(Locale.ROOT, "functions=%d calls=%s", FUNCTIONS, calls)));
    }
}
