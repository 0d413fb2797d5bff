package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.status.PairStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes that can reach clients, arbiter and operator, but not, or badly, each other. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class BadLinkTest
{
    @TempDir
    private Path root;

    @Test
    void exactlyOneSideRunsWhenTheLinkIsCut() throws Exception
    {
        try (TestPair pair = new TestPair(root).withLink().startProtected())
        {
            final String primary = pair.primary();
            final long generation = pair.arbitrated();
            pair.load();

            pair.link().cutTo("a");
            pair.link().cutTo("b");

            final String winner = awaitOneSide(pair, generation);
            pair.awaitReplies(300);
            assertThat(pair.arbitrated()).isEqualTo(generation + 1);
            final String loser = TestPair.peerOf(winner);
            if (loser.equals(primary))
            {
                assertThat(pair.awaitExit(loser)).isEqualTo(1);
                assertThat(pair.log(loser)).contains("halted: generation " + (generation + 1) + " was granted to");
                pair.start(loser);
            }
            pair.awaitLog(loser, "waits for " + winner);

            pair.link().heal();
            pair.awaitProtected();
            assertThat(pair.primary()).isEqualTo(winner);
            pair.awaitReplies(200);
            pair.assertNothingLost();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void exactlyOneSideRunsWhenTheLinkIsCutOneWay(final boolean isBackupDeaf) throws Exception
    {
        try (TestPair pair = new TestPair(root).withLink().startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            final long generation = pair.arbitrated();
            pair.load();

            pair.link().cutTo(isBackupDeaf ? backup : primary);

            final String winner = awaitOneSide(pair, generation);
            pair.awaitReplies(300);
            if (winner.equals(backup))
            {
                assertThat(pair.awaitExit(primary)).isEqualTo(1);
                pair.start(primary);
            }
            pair.link().heal();
            pair.awaitProtected();
            assertThat(pair.primary()).isEqualTo(winner);
            pair.awaitReplies(200);
            pair.assertNothingLost();
        }
    }

    @Test
    void lossDuplicatesAndReorderingMakeNoResultWrong() throws Exception
    {
        try (TestPair pair = new TestPair(root).withLink().startProtected())
        {
            pair.link().degrade(0.03, 0.1, 4);
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();

            pair.kill(primary);
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            pair.awaitReplies(100);
            pair.start(primary);
            pair.awaitProtected();
            pair.awaitReplies(100);
            pair.assertNothingLost();
            pair.replayJournals();
        }
    }

    /** Waits until the one that won the next generation is the only primary, and returns its name. */
    private static String awaitOneSide(final TestPair pair, final long generation)
        throws IOException, InterruptedException
    {
        return pair.await("one side runs alone", status -> primaries(status) == 1 &&
            status.generation() > generation && status.nodes().get(status.primary()).generation() > generation)
            .primary();
    }

    private static long primaries(final PairStatus status)
    {
        return status.nodes().values().stream().filter(node -> node.role().equals("primary")).count();
    }
}
