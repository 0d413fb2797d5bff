package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.hypervisor.demo.RespConnection;
import dev.understudy.hypervisor.status.PairStatus;
import java.net.ConnectException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class KilledBackupTest
{
    @TempDir
    private Path root;

    @Test
    void primaryServesOnAloneUntilTheBackupIsBack() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            final long generation = pair.status().generation();
            assertThat(status(pair).assertSuccess().output()).contains(primary).contains("primary")
                .endsWith("\nprotected\n");
            pair.load();

            pair.kill(backup);

            final PairStatus alone = pair.await("the primary goes on alone", it -> it.generation() > generation &&
                primary.equals(it.primary()) && it.nodes().get(primary).solo());
            assertThat(alone.generation()).isEqualTo(generation + 1);
            pair.awaitReplies(500);
            assertThat(status(pair).assertStatus(1).output()).contains("unreachable").contains("runs alone")
                .endsWith("\nNOT protected\n");

            pair.start(backup);

            pair.awaitProtected();
            pair.awaitReplies(200);
            status(pair).assertSuccess();
            assertThat(pair.primary()).isEqualTo(primary);
            pair.assertNothingLost();

            // What the new backup has is as good as what the primary has, but only one of them listens.
            assertThatThrownBy(() -> new RespConnection(pair.service(backup))).isInstanceOf(ConnectException.class);
            pair.kill(primary);
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            pair.awaitService(backup);
            pair.assertNothingLost();
        }
    }

    @Test
    void backupOfAnOldGenerationWaitsForTheNodeThatWentOnWithoutIt() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();
            pair.kill(backup);
            pair.await("the primary goes on alone", it -> it.nodes().get(primary).solo());
            pair.awaitReplies(200);
            pair.kill(primary);
            final long generation = pair.arbitrated();

            pair.start(backup);
            pair.awaitLog(backup, "waits for " + primary + ", which ran generation " + generation + " alone");
            assertThat(pair.status(backup).role()).isEqualTo("starting");
            assertThat(pair.arbitrated()).isEqualTo(generation);

            pair.start(primary);
            pair.awaitProtected();
            assertThat(pair.primary()).isEqualTo(primary);
            pair.awaitReplies(200);
            pair.assertNothingLost();
        }
    }

    private static Commands.Result status(final TestPair pair) throws Exception
    {
        return Commands.understudy("status", "--config", pair.config().toString());
    }
}
