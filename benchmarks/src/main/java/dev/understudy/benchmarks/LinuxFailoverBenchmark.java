package dev.understudy.benchmarks;

import dev.understudy.chaos.client.CountingClient;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How long the client of one TCP connection to Linux waits for its reply when SIGKILL takes the primary: from the
 * request to its reply, so from at most the pause between two requests before the kill. Every reply has to be the next
 * number.
 */
final class LinuxFailoverBenchmark implements Benchmarks.Benchmark
{
    private static final String MEMORY = "64M";

    /** Of each round: five rounds are twenty kills. */
    private static final int KILLS = 4;
    private static final int TIMEOUT_MS = 200;
    private static final int REPLIES_BETWEEN = 100;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Path home;

    LinuxFailoverBenchmark(final Path home)
    {
        this.home = home;
    }

    @Override
    public void run(final int rounds) throws Exception
    {
        final List<Double> waits = new ArrayList<>();
        try (Workspace work = new Workspace(home);
            Service pair = LinuxService.pair(work, MEMORY, TIMEOUT_MS);
            CountingClient client = new CountingClient(
                new InetSocketAddress(LinuxService.ADDRESS, LinuxService.PORT), () -> {}, TIMEOUT))
        {
            int primary = 0;
            for (int kill = 0; kill < KILLS * rounds; kill++)
            {
                pair.awaitProtected();
                client.awaitReplies(REPLIES_BETWEEN);
                client.resetLongest();
                pair.processes().get(primary).kill();
                client.awaitReplies(REPLIES_BETWEEN);
                waits.add((double)client.longestMs());
                pair.restart(primary);
                primary = 1 - primary;
            }
        }
        Benchmarks.row("one TCP connection to Linux, SIGKILL to the next reply, " + waits.size() + " kills", "ms", waits);
        Benchmarks.row("worst of them", "ms", List.of(waits.stream().max(Double::compare).orElseThrow()));
    }
}
