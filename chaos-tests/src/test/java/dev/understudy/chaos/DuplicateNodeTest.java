package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import dev.understudy.hypervisor.status.NodeStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A second process under the name of a node that runs. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DuplicateNodeTest
{
    /** Long enough for many of the stranger's heartbeats and attempts to join. */
    private static final Duration STRANGERS_LIFE = Duration.ofSeconds(6);

    @TempDir
    private Path root;

    @Test
    void secondProcessOfANodeIsRefusedAndTheFirstUnharmed() throws Exception
    {
        try (TestPair pair = new TestPair(root).withTimeoutMs(1_000).startProtected())
        {
            final Map<String, NodeStatus> before = pair.status().nodes();
            pair.load();
            for (final String node : before.keySet())
            {
                final String sameData = refused(pair.config(), node);
                assertThat(sameData).contains(pair.data(node).toString()).contains("process");

                final Map<String, Path> elsewhere = pair.data();
                elsewhere.put(node, root.resolve("other-" + node));
                final String otherData = refused(pair.writeConfig("other.yaml", pair.ports(), elsewhere), node);
                assertThat(otherData).contains("node " + node).contains("127.0.0.1:" + pair.ports().get(node));
            }
            pair.awaitReplies(200);
            assertUnharmed(pair, before);
            pair.assertNothingLost();
        }
    }

    /** The stranger's heartbeats reach the primary from another place than the backup's. */
    @Test
    void strangerUnderTheBackupsNameHarmsNobodyAndDoesNotKeepTheBackupFromTakingOver() throws Exception
    {
        try (TestPair pair = new TestPair(root).withTimeoutMs(1_000).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            final Map<String, NodeStatus> before = pair.status().nodes();
            pair.load();
            final Map<String, Integer> ports = new TreeMap<>(pair.ports());
            ports.put(backup, FreePort.next());
            final Map<String, Path> elsewhere = pair.data();
            elsewhere.put(backup, root.resolve("stranger"));
            final Path config = pair.writeConfig("stranger.yaml", ports, elsewhere);
            final UnderstudyProcess stranger = pair.command(
                "stranger.log", "serve", "--config", config.toString(), "--node", backup);
            stranger.start();
            try
            {
                final Instant end = Instant.now().plus(STRANGERS_LIFE);
                while (Instant.now().isBefore(end))
                {
                    pair.awaitReplies(100);
                    assertUnharmed(pair, before);
                }
                assertThat(stranger.isAlive()).as(Files.readString(stranger.log())).isTrue();
                pair.kill(primary);
                pair.awaitService(backup);
                pair.awaitReplies(200);
                assertThat(pair.status(backup).role()).isEqualTo("primary");
            }
            finally
            {
                stranger.kill();
            }
            pair.start(primary);
            pair.awaitProtected();
            pair.assertNothingLost();
        }
    }

    private static String refused(final Path config, final String node) throws Exception
    {
        final String output = Commands.understudy("serve", "--config", config.toString(), "--node", node)
            .assertStatus(1).assertNoStackTrace().output();
        final String reason = output.lines().toList().getLast();
        assertThat(reason).as(output).startsWith("understudy: ");
        return reason;
    }

    private static void assertUnharmed(final TestPair pair, final Map<String, NodeStatus> before) throws Exception
    {
        assertThat(pair.status().isProtected()).as(pair::logs).isTrue();
        pair.status().nodes().forEach((name, status) ->
        {
            assertThat(status.pid()).isEqualTo(before.get(name).pid());
            assertThat(status.role()).isEqualTo(before.get(name).role());
            assertThat(status.generation()).isEqualTo(before.get(name).generation());
        });
    }
}
