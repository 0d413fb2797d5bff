package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How long a replay takes beside its recording: a guest that computes, and one that serves. */
final class ReplayBenchmark implements Benchmarks.Benchmark
{
    private final Path home;

    ReplayBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        try (Workspace work = new Workspace(home))
        {
            final List<Double> computing = new ArrayList<>();
            final List<Double> serving = new ArrayList<>();
            for (int i = 0; i < rounds; i++)
            {
                final String journal = work.path("journal").toString();
                final double recorded = Command.time(work.understudy("record", "--journal", journal,
                    "--kernel", work.guest("tests/loops.elf").toString(), "--append", "n=100000000"));
                computing.add(recorded / Command.time(work.understudy("replay", journal)));
                work.delete("journal");

                final double served;
                try (Service service = Service.record(work, journal))
                {
                    served = service.set(20, 200_000).seconds();
                }
                serving.add(served / Command.time(work.understudy("replay", journal)));
                work.delete("journal");
            }
            Benchmarks.row("record / replay, a guest that computes, whole processes", "x", computing);
            Benchmarks.row("record / replay, 200,000 SET from 20 clients, start of the replay included", "x", serving);
        }
    }
}
