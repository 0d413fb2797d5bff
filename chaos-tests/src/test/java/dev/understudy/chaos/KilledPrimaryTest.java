package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import dev.understudy.hypervisor.demo.Demo;
import dev.understudy.hypervisor.demo.DemoGuest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KilledPrimaryTest
{
    private static final Path HOME = Path.of("..");
    private static final int KILLS = 2;

    /** Far above what a kernel takes to close what a process had open. */
    private static final int LONG_TIMEOUT_MS = 4_000;

    @TempDir
    private Path root;

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 4, unit = TimeUnit.MINUTES)
    void nothingAcknowledgedIsLostWhenThePrimaryIsKilledUnderLoad(final DemoGuest guest) throws Exception
    {
        try (Demo demo = new Demo(guest, HOME, 0, line -> {}))
        {
            final Demo.Result result = demo.run(KILLS, 6);
            assertThat(result.lostWrites()).isZero();
            assertThat(result.wrongReads()).as(result.problem()).isZero();
            assertThat(result.failoverMs()).hasSize(KILLS);
            assertThat(result.protectedAgainMs()).hasSize(KILLS);
            assertThat(result.acknowledgedRequests()).isGreaterThan(1_000);
            assertThat(result.digestsCompared()).isPositive();
        }
    }

    @Test
    @Tag("quick")
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void theEndOfAProcessIsNoticedLongBeforeTheTimeout() throws Exception
    {
        try (TestPair pair = new TestPair(root).withTimeoutMs(LONG_TIMEOUT_MS).startProtected("a"))
        {
            pair.load();
            pair.kill("a");
            pair.awaitReplies(200);
            assertThat(pair.log("b")).contains("a's process has ended");
            assertThat(pair.status("b").lastFailover().silenceMs()).isLessThan(LONG_TIMEOUT_MS / 2);

            pair.start("a");
            pair.awaitProtected();
            pair.kill("a");
            pair.awaitLog("b", "backup a's process has ended");
            pair.assertNothingLost();
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void theJournalsOfTheDeadAndOfTheSurvivorReplayUnderEachEngine() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected("a"))
        {
            pair.load();
            pair.kill("a");
            pair.awaitReplies(200);
            pair.assertNothingLost();
            pair.replayJournalsUnderAllEngines();
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void aLocaleWithDigitsOfItsOwnChangesNothing() throws Exception
    {
        final String[] persian = {"-Duser.language=fa", "-Duser.country=IR"};
        try (TestPair pair = new TestPair(root).withJvmOption(persian[0]).withJvmOption(persian[1]).startProtected("a"))
        {
            pair.load();
            pair.kill("a");
            pair.awaitReplies(200);
            // Goes on with its journal, in a second segment.
            pair.start("a");
            pair.awaitProtected();
            pair.kill("b");
            pair.awaitReplies(200);
            pair.assertNothingLost();
            pair.kill("a");
            final UnderstudyProcess replay = pair.command(
                "replay.log", "replay", pair.data("a").resolve("journal").toString(), "--format", "json");
            replay.start(persian);
            final int status = replay.awaitExit(TestPair.TIMEOUT.toMillis());
            assertThat(Files.readString(replay.log())).containsPattern("\"digest\":\"[0-9a-f]{16}\"");
            assertThat(status).isZero();
        }
    }
}
