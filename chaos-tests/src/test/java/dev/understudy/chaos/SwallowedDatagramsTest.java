package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A path between the nodes that carries packets of 1300 bytes and swallows longer ones, and tells nobody. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SwallowedDatagramsTest
{
    /** What is in a packet of 1300 bytes, after the headers of IPv4 and UDP. */
    private static final int LONGEST_BYTES = 1_300 - 28;
    private static final int VALUE_BYTES = 5_000;

    /** Above the five timeouts after which the backup is given up. */
    private static final int PATIENCE_MS = 30_000;

    @TempDir
    private Path root;

    @Test
    void primaryGivesUpABackupThatItsEntriesDoNotReach() throws Exception
    {
        try (TestPair pair = new TestPair(root).withLink().startProtected("a");
            RespConnection client = new RespConnection(pair.service("a"), PATIENCE_MS, PATIENCE_MS))
        {
            client.request("SET", "long", "x".repeat(VALUE_BYTES));
            pair.link().swallow(LONGEST_BYTES);

            assertThat(client.request("GET", "long")).hasSize(VALUE_BYTES);
            assertThat(client.request("SET", "long", "y".repeat(VALUE_BYTES))).isEqualTo("OK");
            pair.await("a goes on alone", it -> it.nodes().get("a").solo());
            assertThat(pair.log("a")).contains("acknowledged nothing for")
                .contains("swallows packets of 8240 bytes", "set mtu");
            assertThat(pair.arbitrated()).isEqualTo(2);
            pair.awaitLog("a", "backup b cannot protect: ");

            pair.link().swallow(Integer.MAX_VALUE);
            pair.awaitProtected();
        }
    }

    @Test
    void pathThatSwallowsFromTheStartIsNamedAndAFittingMtuPasses() throws Exception
    {
        try (TestPair pair = new TestPair(root).withLink())
        {
            pair.link().swallow(LONGEST_BYTES);
            pair.start("a");
            pair.await("a is primary", it -> "a".equals(it.primary()));
            pair.start("b");
            pair.awaitLog("a", "swallows packets of 8240 bytes");
            assertThat(pair.status("a").solo()).isTrue();
        }
        final Path other = root.resolve("fitting");
        assertThat(other.toFile().mkdir()).isTrue();
        try (TestPair pair = new TestPair(other).withLink().withGuest(TestPair.KV, "mtu: 1200\n"))
        {
            pair.link().swallow(LONGEST_BYTES);
            pair.startProtected();
            try (RespConnection client = pair.connect())
            {
                client.request("SET", "long", "x".repeat(VALUE_BYTES));
                assertThat(client.request("GET", "long")).hasSize(VALUE_BYTES);
            }
            pair.load();
            pair.assertNothingLost();
            assertThat(pair.arbitrated()).isEqualTo(1);
        }
    }
}
