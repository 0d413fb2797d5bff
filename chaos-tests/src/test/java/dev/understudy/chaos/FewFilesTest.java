package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import dev.understudy.hypervisor.status.NodeStatus;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node that may open few files, and more clients than that. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class FewFilesTest
{
    private static final int FILES = 192;
    private static final int CLIENTS = 600;

    /** A node that turns round and round takes more than all of this. */
    private static final double BUSY = 0.7;
    private static final long WINDOW_MS = 500;

    @TempDir
    private Path root;

    @Test
    void clientsDoNotUseUpTheFilesOfANode() throws Exception
    {
        Needs.program("prlimit", "util-linux");
        final List<Socket> clients = new ArrayList<>();
        try (TestPair pair = new TestPair(root))
        {
            final UnderstudyProcess node =
                pair.command("node.log", "serve", "--config", pair.config().toString(), "--node", "a")
                    .by("prlimit", "--nofile=" + FILES);
            node.start(Commands.JVM_OPTIONS.toArray(String[]::new));
            try
            {
                Services.await(pair.service("a"), node);
                for (int i = 0; i < CLIENTS; i++)
                {
                    clients.add(new Socket(pair.service("a").getAddress(), pair.service("a").getPort()));
                }
                final NodeStatus status = pair.await("a tells its status", it -> "a".equals(it.primary())).nodes().get("a");
                assertThat(status.connections()).as(Files.readString(node.log())).isBetween(1, FILES);
                assertThat(isEverIdle(node.pid())).as("processors of the node are free").isTrue();
                assertThat(Files.readString(node.log())).containsOnlyOnce("limit of open files (ulimit -n)");

                // Whoever leaves makes room for another.
                for (final Socket client : clients)
                {
                    client.close();
                }
                Services.await(pair.service("a"), node);
                try (RespConnection connection = new RespConnection(pair.service("a")))
                {
                    assertThat(connection.request("SET", "key", "value")).isEqualTo("OK");
                }
            }
            finally
            {
                node.kill();
            }
        }
        finally
        {
            for (final Socket client : clients)
            {
                client.close();
            }
        }
    }

    private static boolean isEverIdle(final long pid) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (System.nanoTime() - endNs < 0)
        {
            final long beforeNs = System.nanoTime();
            final Duration before = used(pid);
            Thread.sleep(WINDOW_MS);
            if (used(pid).minus(before).toNanos() < BUSY * (System.nanoTime() - beforeNs))
            {
                return true;
            }
        }
        return false;
    }

    private static Duration used(final long pid)
    {
        return ProcessHandle.of(pid).flatMap(process -> process.info().totalCpuDuration()).orElseThrow();
    }
}
