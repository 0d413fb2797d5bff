package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node of a pair whose journal was changed while it did not run; its peer serves all the while. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DamagedNodeTest
{
    @TempDir
    private Path root;
    private TestPair pair;
    private String primary;
    private String backup;
    private JournalFile file;

    @BeforeEach
    void killTheBackupUnderLoad() throws Exception
    {
        pair = new TestPair(root).startProtected();
        primary = pair.primary();
        backup = TestPair.peerOf(primary);
        pair.load();
        pair.kill(backup);
        pair.await("the primary goes on alone", it -> it.nodes().get(primary).solo());
        file = new JournalFile(pair.data(backup).resolve("journal"));
    }

    @AfterEach
    void close() throws Exception
    {
        pair.close();
    }

    @Test
    void tornTailIsCutWithANoticeAndTheNodeJoins() throws Exception
    {
        final String what = file.tear();

        pair.start(backup);

        pair.awaitProtected();
        assertThat(pair.log(backup)).contains(what).contains(file.path().toString());
        pair.awaitReplies(100);
        pair.kill(primary);
        pair.await("the backup takes over", it -> backup.equals(it.primary()));
        pair.awaitReplies(100);
        pair.assertNothingLost();
    }

    @Test
    void changedBitKeepsTheNodeFromStarting() throws Exception
    {
        final int middle = file.entries().size() / 2;
        file.flipBit(middle);

        assertRefused("entry " + middle);
    }

    @Test
    void journalOfANewerReleaseKeepsTheNodeFromStarting() throws Exception
    {
        file.makeNewer();

        assertRefused("version " + JournalFile.NEWER_VERSION);
    }

    /** It says why, leaves its journal as it is, and can begin anew without it. */
    private void assertRefused(final String reason) throws Exception
    {
        final byte[] content = Files.readAllBytes(file.path());
        final Commands.Result result =
            Commands.understudy("serve", "--config", pair.config().toString(), "--node", backup);
        result.assertStatus(1).assertNoStackTrace();
        assertThat(result.output()).contains("understudy: ").contains(file.path().toString()).contains(reason);
        assertThat(Files.readAllBytes(file.path())).isEqualTo(content);
        assertThat(pair.primary()).isEqualTo(primary);
        pair.awaitReplies(100);

        Files.move(pair.data(backup), root.resolve("damaged"));
        pair.start(backup);
        pair.awaitProtected();
        pair.assertNothingLost();
    }
}
