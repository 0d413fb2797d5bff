package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.status.NodeStatus;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A second process under the name of a node that runs. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DuplicateNodeTest
{
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
