package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.demo.Demo;
import dev.understudy.hypervisor.demo.DemoGuest;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KilledPrimaryTest
{
    private static final Path HOME = Path.of("..");
    private static final int KILLS = 2;

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
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void theJournalsOfTheDeadAndOfTheSurvivorReplayUnderEachEngine() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected("a"))
        {
            pair.load();
            pair.kill("a");
            pair.awaitReplies(200);
            pair.assertNothingLost();
            pair.replayJournals();
        }
    }
}
