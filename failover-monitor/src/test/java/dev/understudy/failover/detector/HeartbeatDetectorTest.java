package dev.understudy.failover.detector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

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

    @Property
    void originOfTheClockDoesNotMatter(
        @ForAll final long originNs, @ForAll @Size(max = 60) final List<@IntRange(min = -150, max = 150) Integer> steps)
    {
        final HeartbeatDetector atZero = new HeartbeatDetector(20, 200);
        final HeartbeatDetector shifted = new HeartbeatDetector(20, 200);
        long nowNs = 0;
        for (final int step : steps)
        {
            // A negative step hears the peer after it, a positive one only looks.
            nowNs += Math.abs(step) * MS;
            if (step < 0)
            {
                atZero.onHeard(nowNs);
                shifted.onHeard(originNs + nowNs);
            }
            assertThat(shifted.suspect(originNs + nowNs)).isEqualTo(atZero.suspect(nowNs));
            assertThat(shifted.silenceMs(originNs + nowNs)).isEqualTo(atZero.silenceMs(nowNs));
        }
    }

    @Property
    void withoutPausesSilenceBeyondTheTimeoutIsSuspectedAndNothingElse(
        @ForAll @Size(max = 60) final List<@IntRange(min = -100, max = 100) Integer> steps)
    {
        final HeartbeatDetector detector = new HeartbeatDetector(20, 200);
        long nowMs = 0;
        long heardMs = -1;
        for (final int step : steps)
        {
            nowMs += Math.abs(step);
            if (step < 0)
            {
                detector.onHeard(nowMs * MS);
                heardMs = nowMs;
            }
            assertThat(detector.suspect(nowMs * MS)).isEqualTo(heardMs >= 0 && nowMs - heardMs > 200);
        }
    }

    @Test
    void peerWhoseProcessHasEndedIsSuspectedAsSoonAsAHeartbeatIsMissing()
    {
        final HeartbeatDetector detector = new HeartbeatDetector(20, 200);
        detector.onHeard(0);
        detector.onEnded(10 * MS);
        detector.onHeard(12 * MS);
        assertThat(detector.suspect(42 * MS)).isFalse();
        assertThat(detector.untilSuspectNs(40 * MS)).isEqualTo(2 * MS);
        assertThat(detector.suspect(43 * MS)).isTrue();
    }

    @Test
    void peerThatIsHeardLongAfterItsConnectionBrokeHasNotEnded()
    {
        final HeartbeatDetector detector = new HeartbeatDetector(20, 200);
        detector.onHeard(0);
        detector.onEnded(10 * MS);
        detector.onHeard(20 * MS);
        detector.onHeard(40 * MS);
        assertThat(detector.suspect(140 * MS)).isFalse();
        assertThat(detector.isEnded()).isFalse();
    }

    @Property
    void afterAnyPausesADeadPeerIsSuspectedSoon(
        @ForAll @Size(max = 20) final List<@IntRange(min = 101, max = 10_000) Integer> pausesMs)
    {
        final HeartbeatDetector detector = new HeartbeatDetector(20, 200);
        detector.onHeard(0);
        detector.suspect(0);
        long nowMs = 0;
        for (final int pauseMs : pausesMs)
        {
            nowMs += pauseMs;
            assertThat(detector.suspect(nowMs * MS)).as("at the end of a pause").isFalse();
        }
        // The process runs again: two intervals more, or what is left of the timeout.
        final long soonMs = nowMs + Math.max(2 * 20, 201 - nowMs);
        while (nowMs < soonMs)
        {
            nowMs++;
            detector.suspect(nowMs * MS);
        }
        assertThat(detector.suspect(nowMs * MS)).isTrue();
    }
}
