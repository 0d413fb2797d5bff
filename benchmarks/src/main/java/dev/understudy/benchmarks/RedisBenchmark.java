package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** redis-benchmark's SET against {@code run}, {@code record} and a pair, alternating; all on this host. */
final class RedisBenchmark implements Benchmarks.Benchmark
{
    private static final int CLIENTS = 20;

    /**
     * For the compilers of the processes: a service runs for days. Several loads, since the first ones to connect and to
     * leave have much of the code compiled again.
     */
    private static final int WARM_UP_LOADS = 8;

    private static final int WARM_UP = 50_000;
    private static final int REQUESTS = 300_000;
    private static final int SINGLE_REQUESTS = 50_000;

    private static final String[] KINDS = {"run", "record", "pair"};

    private final Path home;

    RedisBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<List<Double>> rates = new ArrayList<>();
        final List<List<Double>> medians = new ArrayList<>();
        for (int kind = 0; kind < KINDS.length; kind++)
        {
            rates.add(new ArrayList<>());
            medians.add(new ArrayList<>());
        }
        try (Workspace work = new Workspace(home))
        {
            for (int i = 0; i < rounds; i++)
            {
                for (int kind = 0; kind < KINDS.length; kind++)
                {
                    work.delete("journal");
                    try (Service service = start(work, KINDS[kind]))
                    {
                        for (int load = 0; load < WARM_UP_LOADS; load++)
                        {
                            service.set(CLIENTS, WARM_UP);
                        }
                        rates.get(kind).add(service.set(CLIENTS, REQUESTS).rate());
                        medians.get(kind).add(service.set(1, SINGLE_REQUESTS).medianMs());
                    }
                }
            }
        }
        for (int kind = 0; kind < KINDS.length; kind++)
        {
            Benchmarks.row("SET, " + CLIENTS + " clients: " + KINDS[kind], "requests/s", rates.get(kind));
            Benchmarks.row("SET, 1 client, p50: " + KINDS[kind], "ms", medians.get(kind));
        }
        Benchmarks.row("ratio pair / run, " + CLIENTS + " clients", "", Benchmarks.ratios(rates.get(2), rates.get(0)));
        final List<Double> added = new ArrayList<>();
        for (int i = 0; i < rounds; i++)
        {
            added.add((medians.get(2).get(i) - medians.get(0).get(i)) * 1_000);
        }
        Benchmarks.row("latency that the pair adds to run, 1 client, p50", "µs", added);
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
