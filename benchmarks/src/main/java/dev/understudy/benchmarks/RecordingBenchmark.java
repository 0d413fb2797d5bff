package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What recording costs a guest that only computes: whole processes, about ten seconds each. */
final class RecordingBenchmark implements Benchmarks.Benchmark
{
    private static final String APPEND = "n=200000000";

    private final Path home;

    RecordingBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        try (Workspace work = new Workspace(home))
        {
            final List<Double> running = new ArrayList<>();
            final List<Double> recording = new ArrayList<>();
            final String kernel = work.guest("tests/loops.elf").toString();
            for (int i = 0; i < rounds; i++)
            {
                running.add(Command.time(work.understudy("run", "--kernel", kernel, "--append", APPEND)));
                recording.add(Command.time(work.understudy("record", "--journal", work.path("journal").toString(),
                    "--kernel", kernel, "--append", APPEND)));
                work.delete("journal");
            }
            Benchmarks.row("processor-bound guest: understudy run", "s", running);
            Benchmarks.row("the same: understudy record", "s", recording);
            Benchmarks.row("ratio record / run", "", Benchmarks.ratios(recording, running));
        }
    }
}
