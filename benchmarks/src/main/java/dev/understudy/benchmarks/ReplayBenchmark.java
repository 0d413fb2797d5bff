package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** How long a replay takes beside its recording: a guest that computes, and one that serves. */
final class ReplayBenchmark implements Benchmarks.Benchmark
{
    /** Some seven seconds. */
    private static final int REQUESTS = 600_000;

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
                    "--kernel", CpuBenchmark.kernel(work, "sort").toString())).seconds();
                computing.add(recorded / Command.time(work.understudy("replay", journal)).seconds());
                work.delete("journal");

                final double served;
                try (Service service = Service.record(work, journal))
                {
                    served = service.set(20, REQUESTS).seconds();
                }
                serving.add(served / Command.time(work.understudy("replay", journal)).seconds());
                work.delete("journal");
            }
            Benchmarks.row("record / replay, a guest that computes, whole processes", "x", computing);
            Benchmarks.row("record / replay, " + REQUESTS + " SET from 20 clients, start of the replay included", "x",
                serving);
        }
    }
}
