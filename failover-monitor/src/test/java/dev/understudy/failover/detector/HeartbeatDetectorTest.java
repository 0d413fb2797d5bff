package dev.understudy.failover.detector;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class HeartbeatDetectorTest
{
    private static final long MS = 1_000_000;

    @Property
    void peerThatIsHeardInTimeIsNeverSuspected(
        @ForAll @IntRange(min = 1, max = 100) final int intervalMs,
        @ForAll @IntRange(min = 2, max = 20) final int factor)
    {
        final HeartbeatDetector detector = new HeartbeatDetector(intervalMs, (long)intervalMs * factor);
        for (long now = 0; now < 100L * intervalMs; now++)
        {
            if (now % intervalMs == 0)
            {
                detector.onHeard(now * MS);
            }
            assertThat(detector.suspect(now * MS)).isFalse();
        }
    }

    @Property
    void silentPeerIsSuspectedSoonAfterTheTimeoutByAProcessThatRuns(
        @ForAll @IntRange(min = 5, max = 100) final int intervalMs,
        @ForAll @IntRange(min = 3, max = 20) final int factor)
    {
        final long timeoutMs = (long)intervalMs * factor;
        final HeartbeatDetector detector = new HeartbeatDetector(intervalMs, timeoutMs);
        detector.onHeard(0);
        for (long now = 0; now <= timeoutMs; now++)
        {
            assertThat(detector.suspect(now * MS)).isFalse();
        }
        assertThat(detector.suspect((timeoutMs + 1) * MS)).isTrue();
        detector.onHeard((timeoutMs + 1) * MS);
        assertThat(detector.suspect((timeoutMs + 1) * MS)).isFalse();
    }

    @Property
    void ownPauseIsNotTakenForThePeersSilence(@ForAll @IntRange(min = 300, max = 100_000) final int pauseMs)
    {
        final HeartbeatDetector detector = new HeartbeatDetector(20, 200);
        detector.onHeard(0);
        detector.suspect(0);
        assertThat(detector.suspect(pauseMs * MS)).isFalse();
        assertThat(detector.suspect((pauseMs + 30) * MS)).isFalse();
        assertThat(detector.suspect((pauseMs + 41) * MS)).isTrue();
    }

    @Property
    void peerThatWasNeverHeardIsNotSuspected(@ForAll @IntRange(min = 0, max = 100_000) final int nowMs)
    {
        final HeartbeatDetector detector = new HeartbeatDetector(20, 200);
        assertThat(detector.suspect(nowMs * MS)).isFalse();
    }
}
