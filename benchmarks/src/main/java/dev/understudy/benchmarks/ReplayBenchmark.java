package dev.understudy.benchmarks;

import java.nio.file.Path;

/** How long a replay takes beside its recording: a guest that computes, and one that serves. */
final class ReplayBenchmark implements Benchmarks.Benchmark
{
    /** Some seven seconds. */
    private static final int REQUESTS = 600_000;

    private static final String COMPUTING = "a guest that computes, whole processes";
    private static final String SERVING = REQUESTS + " SET from 20 clients, start of the replay included";

    private final Path home;

    ReplayBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final SideBySide sides = new SideBySide("record", "replay");
        try (Workspace work = new Workspace(home))
        {
            final String journal = work.path("journal").toString();
            sides.measure(rounds,
                () -> outcome(COMPUTING, Command.time(work.understudy("record", "--journal", journal,
                    "--kernel", CpuBenchmark.kernel(work, "sort").toString()))),
                () -> outcome(COMPUTING, replay(work, journal)));
            sides.measure(rounds,
                () -> outcome(SERVING, serve(work, journal)),
                () -> outcome(SERVING, replay(work, journal)));
        }
    }

    /** Records a service; returns what the load took, without start and end. */
    private static Command.Timing serve(final Workspace work, final String journal) throws Exception
    {
        try (Service service = Service.record(work, journal))
        {
            return service.set(SetLoads.MANY, REQUESTS).timing();
        }
    }

    /** Replays a journal to its end, and throws it away. */
    private static Command.Timing replay(final Workspace work, final String journal) throws Exception
    {
        final Command.Timing timing = Command.time(work.understudy("replay", journal));
        work.delete("journal");
        return timing;
    }

    /** The replay itself compares what is computed. */
    private static SideBySide.Outcome outcome(final String part, final Command.Timing timing)
    {
        return SideBySide.Outcome.of(part, timing, "");
    }
}
