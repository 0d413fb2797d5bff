package dev.understudy.benchmarks;

import java.nio.file.Path;
import java.util.List;

/** Linux from the start of the process to what it was started for, beside QEMU; a JVM that has compiled nothing yet. */
final class LinuxBootBenchmark implements Benchmarks.Benchmark
{
    private static final String TINY = "tiny";
    private static final String DEBIAN = "debian";
    private static final String ANSWER = "PONG";

    private final Path home;
    private final List<String> only;

    LinuxBootBenchmark(final Path home, final List<String> only)
    {
        this.home = home;
        this.only = only;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<String> parts = Benchmarks.chosen(List.of(TINY, DEBIAN), only);
        final SideBySide sides = new SideBySide("QEMU", "run");
        try (Workspace work = new Workspace(home))
        {
            if (parts.contains(TINY))
            {
                final String options = "understudy.kv=off";
                sides.measure(rounds,
                    () -> toEnd(LinuxGuest.TINY.qemu(work, "true", options)),
                    () -> toEnd(LinuxGuest.TINY.run(work, "true", options)));
            }
            if (parts.contains(DEBIAN))
            {
                final String ping = "until redis-cli ping; do sleep 0.05; done";
                sides.measure(rounds,
                    () -> toAnswer(LinuxGuest.DEBIAN.qemu(work, ping, "")),
                    () -> toAnswer(LinuxGuest.DEBIAN.run(work, ping, "")));
            }
        }
    }

    private static SideBySide.Outcome toEnd(final List<String> words) throws Exception
    {
        return SideBySide.Outcome.of("tiny Linux, boot to poweroff", Command.time(words), "");
    }

    private static SideBySide.Outcome toAnswer(final List<String> words) throws Exception
    {
        try (Command command = new Command(words))
        {
            return SideBySide.Outcome.of("Debian, boot to Redis' PONG", command.await(ANSWER), ANSWER);
        }
    }
}
