package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class LossyLinkTest
{
    @TempDir
    private Path root;

    /** A tenth of what arrives at either node is dropped: entries, acknowledgements, heartbeats and joins. */
    @Test
    void aTenthOfAllDatagramsLostMakesNoResultWrong() throws Exception
    {
        try (TestPair pair = new TestPair(root)
            .withJvmOption("-Daeron.ReceiveChannelEndpoint.supplier=" + CountedLoss.class.getName())
            .withJvmOption("-Daeron.debug.receive.data.loss.rate=0.1")
            .withJvmOption("-Daeron.debug.receive.data.loss.seed=7")
            .startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();
            pair.awaitLog("a", CountedLoss.MESSAGE);
            pair.awaitLog("b", CountedLoss.MESSAGE);
            assertThat(pair.primary()).isEqualTo(primary);

            pair.kill(primary);
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            pair.awaitReplies(100);
            pair.start(primary);
            pair.awaitProtected();
            pair.awaitReplies(100);
            assertThat(pair.status(primary).haltReason()).isNull();
            pair.assertNothingLost();
        }
    }
}
