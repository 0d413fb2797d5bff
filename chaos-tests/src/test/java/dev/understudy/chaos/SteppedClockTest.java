package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.failover.arbiter.DirectoryArbiter;
import dev.understudy.hypervisor.status.PairStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The wall clock under both nodes is set, forward and back, by more than any timeout. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SteppedClockTest
{
    private static final Duration FORWARD = Duration.ofSeconds(15);
    private static final Duration FAR_FORWARD = Duration.ofDays(400);
    private static final Duration BACK = Duration.ofDays(-3);

    @TempDir
    private Path root;

    @Test
    void wallClockThatIsSetChangesNothing() throws Exception
    {
        final SteppedClock clock = new SteppedClock(root);
        try (TestPair pair = new TestPair(root).withLauncher(clock.launcher()).startProtected())
        {
            final String primary = pair.primary();
            pair.load();
            for (final Duration step : new Duration[]{FORWARD, Duration.ZERO, BACK, FAR_FORWARD})
            {
                clock.step(step.toSeconds());
                pair.awaitReplies(300);
                assertThat(pair.status()).as(pair::logs).matches(PairStatus::isProtected);
            }
            assertThat(pair.arbitrated()).as(pair::logs).isEqualTo(1);

            pair.kill(primary);
            pair.await("the backup takes over", it -> TestPair.peerOf(primary).equals(it.primary()));
            // What a node writes for people shows that its clock was this one.
            final Instant at = Instant.ofEpochMilli(new DirectoryArbiter(pair.arbiter()).current().epochMs());
            assertThat(Duration.between(Instant.now(), at)).isBetween(FAR_FORWARD.minusMinutes(5), FAR_FORWARD);
            pair.start(primary);
            pair.awaitProtected();
            pair.awaitReplies(100);
            pair.assertNothingLost();
        }
    }
}
