package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.List;

/** redis-benchmark's SET over TAP against Linux in {@code run}, {@code record}, a pair and QEMU, alternating. */
final class LinuxTapBenchmark implements Benchmarks.Benchmark
{
    private static final String MEMORY = "128M";

    /** For the compilers of the processes, two of which share the processors in a pair: a service runs for days. */
    private static final int WARM_UP_LOADS = 20;

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
        final SetLoads loads = new SetLoads("Linux, SET over TAP", REQUESTS, SINGLE_REQUESTS);
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
        for (final SetLoads.Load load : SetLoads.Load.values())
        {
            loads.printRatio("pair", "run", load);
            loads.printRatio("run", "QEMU", load);
            loads.printRatio("pair", "QEMU", load);
        }
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
