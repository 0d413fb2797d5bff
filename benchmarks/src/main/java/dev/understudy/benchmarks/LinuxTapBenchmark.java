package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** redis-benchmark's SET over TAP against Linux in {@code run}, {@code record}, a pair and QEMU, alternating. */
final class LinuxTapBenchmark implements Benchmarks.Benchmark
{
    private static final String MEMORY = "128M";
    private static final int CLIENTS = 20;

    /** For the compilers of the processes, two of which share the processors in a pair: a service runs for days. */
    private static final int WARM_UP_LOADS = 10;

    private static final int WARM_UP = 20_000;
    private static final int REQUESTS = 50_000;
    private static final int SINGLE_REQUESTS = 10_000;

    private static final List<String> KINDS = List.of("run", "record", "pair", "QEMU");

    private final Path home;

    LinuxTapBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<List<Double>> rates = new ArrayList<>();
        final List<List<Double>> singleRates = new ArrayList<>();
        final List<List<Double>> medians = new ArrayList<>();
        for (int kind = 0; kind < KINDS.size(); kind++)
        {
            rates.add(new ArrayList<>());
            singleRates.add(new ArrayList<>());
            medians.add(new ArrayList<>());
        }
        try (Workspace work = new Workspace(home))
        {
            for (int i = 0; i < rounds; i++)
            {
                for (int kind = 0; kind < KINDS.size(); kind++)
                {
                    work.delete("journal");
                    try (Service service = start(work, KINDS.get(kind)))
                    {
                        for (int load = 0; load < WARM_UP_LOADS; load++)
                        {
                            service.set(CLIENTS, WARM_UP);
                        }
                        rates.get(kind).add(service.set(CLIENTS, REQUESTS).rate());
                        final Service.Load single = service.set(1, SINGLE_REQUESTS);
                        singleRates.get(kind).add(single.rate());
                        medians.get(kind).add(single.medianMs());
                    }
                }
            }
        }
        for (int kind = 0; kind < KINDS.size(); kind++)
        {
            final String name = KINDS.get(kind);
            Benchmarks.row("Linux, SET over TAP, " + CLIENTS + " clients: " + name, "requests/s", rates.get(kind));
            Benchmarks.row("Linux, SET over TAP, 1 client: " + name, "requests/s", singleRates.get(kind));
            Benchmarks.row("Linux, SET over TAP, 1 client, p50: " + name, "ms", medians.get(kind));
        }
        printRatio("pair", "run", CLIENTS + " clients", rates);
        printRatio("run", "QEMU", CLIENTS + " clients", rates);
        printRatio("pair", "QEMU", CLIENTS + " clients", rates);
        printRatio("run", "QEMU", "1 client", singleRates);
        printRatio("pair", "QEMU", "1 client", singleRates);
    }

    private static void printRatio(
        final String of, final String to, final String clients, final List<List<Double>> rates)
    {
        Benchmarks.row("ratio " + of + " / " + to + ", " + clients, "",
            Benchmarks.ratios(rates.get(KINDS.indexOf(of)), rates.get(KINDS.indexOf(to))));
    }

    private static Service start(final Workspace work, final String kind) throws Exception
    {
        return switch (kind)
        {
            case "run" -> LinuxService.run(work, MEMORY);
            case "record" -> LinuxService.record(work, MEMORY, work.path("journal"));
            case "pair" -> LinuxService.pair(work, MEMORY);
            default -> LinuxService.qemu(work, MEMORY);
        };
    }
}
