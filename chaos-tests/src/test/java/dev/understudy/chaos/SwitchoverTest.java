package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.failover.role.FailoverRecord;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SwitchoverTest
{
    @TempDir
    private Path root;

    @Test
    void primaryThatIsToldToLeaveHandsOverWithoutSuspicion() throws Exception
    {
        // Nobody falls silent here: a machine that is busy must not look like it.
        try (TestPair pair = new TestPair(root).withTimeoutMs(2_000).startProtected())
        {
            pair.load();
            for (int i = 0; i < 2; i++)
            {
                final String old = pair.primary();
                final String next = TestPair.peerOf(old);
                pair.signal(old, "TERM");

                assertLeft(pair, old);
                final FailoverRecord record = pair.await("the other takes over", it -> next.equals(it.primary()))
                    .lastFailover();
                assertThat(record.to()).isEqualTo(next);
                assertThat(record.reason()).contains(old + " left").doesNotContain("silent");
                pair.awaitReplies(200);
                pair.start(old);
                pair.awaitProtected();
            }
            pair.assertNothingLost();
            pair.replayJournals();
        }
    }

    @Test
    void backupThatIsToldToLeaveLeavesThePrimaryAlone() throws Exception
    {
        // Nobody falls silent here: a machine that is busy must not look like it.
        try (TestPair pair = new TestPair(root).withTimeoutMs(2_000).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();
            pair.signal(backup, "TERM");
            assertLeft(pair, backup);
            pair.await("the primary goes on alone", it -> it.nodes().get(primary).solo());
            pair.awaitReplies(200);
            assertThat(pair.log(primary)).contains(backup + " left").doesNotContain("was silent");
            pair.assertNothingLost();

            pair.signal(primary, "TERM");
            assertLeft(pair, primary);
        }
    }

    private static void assertLeft(final TestPair pair, final String node) throws Exception
    {
        assertThat(pair.awaitExit(node)).as(pair::logs).isZero();
        assertThat(pair.log(node)).contains("understudy " + node + ": leaves");
    }
}
