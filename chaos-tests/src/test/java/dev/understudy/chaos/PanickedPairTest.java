package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pair protects a guest from the loss of its host, not from itself: both replicas panic at the same position. */
class PanickedPairTest
{
    /** A Linux that panics once its key-value service has the key. */
    private static final String SETTINGS = """
        initrd: %s
        append: >-
          console=hvc0 quiet understudy.run="until printf 'GET panic\\r\\nQUIT\\r\\n' |
          nc 127.0.0.1 6379 | grep -q now; do sleep 1; done; echo c > /proc/sysrq-trigger"
        """.formatted(LinuxGuest.INITRD);

    /** Nobody dies here, so nobody has to be found dead soon. */
    private static final int TIMEOUT_MS = 2_000;

    @TempDir
    private Path root;

    @Test
    @Timeout(value = 3, unit = TimeUnit.MINUTES)
    void bothNodesReportThePanicAndEndWithStatus1() throws Exception
    {
        LinuxGuest.need();
        try (TestPair pair =
            new TestPair(root).withTimeoutMs(TIMEOUT_MS).withGuest(LinuxGuest.KERNEL, SETTINGS).startProtected())
        {
            final String primary = pair.primary();
            pair.awaitService(primary);
            try (RespConnection connection = pair.connect())
            {
                assertThat(connection.request("SET", "panic", "now")).isEqualTo("OK");
            }
            for (final String node : pair.ports().keySet())
            {
                assertThat(pair.awaitExit(node)).as(pair::logs).isEqualTo(1);
                assertThat(pair.log(node)).contains("the guest panicked").doesNotContain("diverged");
            }
            assertThat(pair.log(primary)).contains("sysrq triggered crash");

            // Nor does a restart bring it back: it would replay to the same end.
            pair.start("a");
            assertThat(pair.awaitExit("a")).isEqualTo(1);
            pair.awaitLog("a", "has ended (PANICKED)");
        }
    }
}
