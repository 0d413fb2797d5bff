package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** redis-benchmark's SET against {@code run}, {@code record} and a pair, alternating; all on this host. */
final class RedisBenchmark implements Benchmarks.Benchmark
{
    /**
     * For the compilers of the processes: a service runs for days. Several loads, since the first ones to connect and to
     * leave have much of the code compiled again.
     */
    private static final int WARM_UP_LOADS = 8;

    private static final int WARM_UP = 50_000;
    private static final int REQUESTS = 300_000;
    private static final int SINGLE_REQUESTS = 50_000;

    private static final List<String> KINDS = List.of("run", "record", "pair");

    private final Path home;

    RedisBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final SetLoads loads = new SetLoads("SET", REQUESTS, SINGLE_REQUESTS);
        try (Workspace work = new Workspace(home))
        {
            for (int i = 0; i < rounds; i++)
            {
                for (final String kind : KINDS)
                {
                    work.delete("journal");
                    try (Service service = start(work, kind))
                    {
                        for (int load = 0; load < WARM_UP_LOADS; load++)
                        {
                            service.set(SetLoads.MANY, WARM_UP);
                        }
                        loads.measure(kind, service);
                    }
                }
            }
        }
        loads.print();
        loads.printRatio("pair", "run", SetLoads.Load.CLIENTS);
        loads.printRatio("pair", "run", SetLoads.Load.BOUND_CLIENTS);
        final List<Double> added = new ArrayList<>();
        for (int i = 0; i < rounds; i++)
        {
            added.add((loads.mediansMs("pair").get(i) - loads.mediansMs("run").get(i)) * 1_000);
        }
        Benchmarks.row("latency that the pair adds to run, 1 client, p50", "µs", added,
            loads.processor("pair", "run", SetLoads.Load.CLIENT));
    }

    private static Service start(final Workspace work, final String kind) throws Exception
    {
        return switch (kind)
        {
            case "run" -> Service.run(work);
            case "record" -> Service.record(work, work.path("journal").toString());
            default -> Service.pair(work);
        };
    }
}
