package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class KilledPairTest
{
    @TempDir
    private Path root;

    @Test
    void whatWasAcknowledgedIsThereAfterBothWereKilledUnderLoad() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            pair.load();
            pair.killBoth();
            final long replies = pair.replies();
            pair.start("b");
            pair.start("a");
            pair.awaitProtected();
            pair.awaitReplies(200);
            assertThat(pair.replies()).isGreaterThan(replies);
            pair.assertNothingLost();
            pair.replayJournals();
        }
    }

    @Test
    void theBackupAloneServesWhatWasAcknowledgedAfterBothWereKilled() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String backup = TestPair.peerOf(pair.primary());
            pair.load();
            pair.killBoth();
            pair.start(backup);
            pair.await("the former backup is primary", it -> backup.equals(it.primary()));
            pair.awaitReplies(100);
            pair.assertNothingLost();
        }
    }

    @Test
    void nodeWithoutItsDataWaitsForTheOneThatHasWhatWasAcknowledged() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            final long generation = pair.arbitrated();
            pair.load();
            pair.killBoth();
            Files.move(pair.data(primary), root.resolve("lost"));
            pair.start(primary);
            pair.awaitLog(primary, "waits for ");
            assertThat(pair.arbitrated()).isEqualTo(generation);
            pair.start(backup);
            pair.awaitProtected();
            assertThat(pair.primary()).isEqualTo(backup);
            pair.awaitReplies(100);
            pair.assertNothingLost();
        }
    }
}
