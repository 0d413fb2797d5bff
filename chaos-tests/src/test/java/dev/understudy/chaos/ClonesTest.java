package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several guests in one process that go on from one state. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ClonesTest
{
    private static final int COUNT = 3;
    private static final int FIRST_PORT = 27_310;

    @TempDir
    private Path root;

    @Test
    void clonesInOneProcessHaveWhatTheSnapshotHasAndEachItsOwnFromThenOn() throws Exception
    {
        final Path journal = root.resolve("journal");
        final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
        final UnderstudyProcess recording = start("record", "--journal", journal.toString(), "--kernel", TestPair.KV.toString(),
            "--memory", "16M", "--forward", "127.0.0.1:" + service.getPort() + ":6379");
        try
        {
            Services.await(service, recording);
            try (RespConnection connection = new RespConnection(service))
            {
                connection.request("SET", "key", "before");
                Commands.understudy("snapshot", "take", "--journal", journal.toString(), "--name", "one").assertSuccess();
                connection.request("SET", "key", "after");
            }
        }
        finally
        {
            recording.kill();
        }

        final UnderstudyProcess clones = start("run", "--from", journal + "@one", "--count", Integer.toString(COUNT),
            "--forward", "127.0.0.1:" + FIRST_PORT + "+:6379");
        final List<RespConnection> connections = new ArrayList<>();
        try
        {
            for (int i = 0; i < COUNT; i++)
            {
                final InetSocketAddress clone = new InetSocketAddress("127.0.0.1", FIRST_PORT + i);
                Services.await(clone, clones);
                connections.add(new RespConnection(clone));
            }
            for (int i = 0; i < COUNT; i++)
            {
                assertThat(connections.get(i).request("GET", "key")).isEqualTo("before");
                connections.get(i).request("SET", "key", "of " + i);
            }
            for (int i = 0; i < COUNT; i++)
            {
                assertThat(connections.get(i).request("GET", "key")).isEqualTo("of " + i);
            }
        }
        finally
        {
            for (final RespConnection connection : connections)
            {
                connection.close();
            }
            clones.kill();
        }
    }

    private UnderstudyProcess start(final String... arguments) throws IOException
    {
        final UnderstudyProcess process = new UnderstudyProcess(root.resolve("log"), arguments);
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        return process;
    }
}
