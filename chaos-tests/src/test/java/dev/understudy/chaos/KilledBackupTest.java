package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.understudy.chaos.client.RespConnection;
import dev.understudy.hypervisor.status.PairStatus;
import java.net.ConnectException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
            pair.replayJournals();
        }
    }

    @Test
    void statusForMachinesHasTheKeysThatScriptsRead() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();
            final JsonNode both = json(status(pair, "--format", "json").assertSuccess());
            assertThat(both.fieldNames()).toIterable()
                .containsExactly("protected", "generation", "nodes", "lastFailover");
            assertThat(both.get("protected").booleanValue()).isTrue();
            assertThat(both.get("generation").longValue()).isEqualTo(pair.arbitrated());
            assertThat(both.get("nodes").fieldNames()).toIterable().containsExactly("a", "b");
            assertThat(both.at("/nodes/" + primary + "/role").textValue()).isEqualTo("primary");
            assertThat(both.at("/nodes/" + backup + "/role").textValue()).isEqualTo("backup");
            for (final JsonNode node : both.get("nodes"))
            {
                assertThat(node.get("position").longValue()).isPositive();
                assertThat(node.get("lagEvents").isIntegralNumber()).isTrue();
                assertThat(node.get("lagMs").isIntegralNumber()).isTrue();
            }

            pair.kill(primary);
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            final JsonNode alone = json(status(pair, "--format", "json").assertStatus(1));
            assertThat(alone.get("protected").booleanValue()).isFalse();
            assertThat(alone.at("/nodes/" + primary + "/role").textValue()).isEqualTo("unreachable");
            assertThat(alone.at("/lastFailover/from").textValue()).isEqualTo(primary);
            assertThat(alone.at("/lastFailover/to").textValue()).isEqualTo(backup);
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

    private static Commands.Result status(final TestPair pair, final String... options) throws Exception
    {
        final List<String> arguments = new ArrayList<>(List.of("status", "--config", pair.config().toString()));
        arguments.addAll(List.of(options));
        return Commands.understudy(arguments.toArray(String[]::new));
    }

    private static JsonNode json(final Commands.Result result) throws Exception
    {
        return new ObjectMapper().readTree(result.output());
    }
}
