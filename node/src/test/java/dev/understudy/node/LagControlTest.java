package dev.understudy.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LagControlTest
{
    private static final int SOFT_MS = 200;
    private static final int HARD_MS = 1_000;

    private final LagControl control = new LagControl(SOFT_MS, HARD_MS);

    @Test
    void guestRunsFreelyUpToTheSoftBound()
    {
        assertThat(control.whileProtected(0)).isZero();
        assertThat(control.whileProtected(SOFT_MS)).isZero();
        assertThat(control.whileJoining(SOFT_MS)).isZero();
    }

    @Test
    void guestIsSlowedTheMoreTheNearerTheHardBoundIs()
    {
        long before = 0;
        for (int lagMs = SOFT_MS + 1; lagMs < HARD_MS; lagMs++)
        {
            final long ns = control.whileProtected(lagMs);
            assertThat(ns).isGreaterThan(before).isLessThanOrEqualTo(LagControl.MAX_THROTTLE_NS);
            before = ns;
        }
    }

    @Test
    void guestIsStoppedFromTheHardBoundOn()
    {
        assertThat(control.whileProtected(HARD_MS)).isEqualTo(HartAgent.HOLD);
        assertThat(control.whileProtected(Long.MAX_VALUE)).isEqualTo(HartAgent.HOLD);
    }

    @Test
    void boundsMayBeEqual()
    {
        final LagControl abrupt = new LagControl(SOFT_MS, SOFT_MS);

        assertThat(abrupt.whileProtected(SOFT_MS - 1)).isZero();
        assertThat(abrupt.whileProtected(SOFT_MS)).isEqualTo(HartAgent.HOLD);
    }

    /** Nothing depends on a backup that only joins: its primary goes on, whatever the lag. */
    @Test
    void guestIsSlowedAndNeverStoppedWhileABackupJoins()
    {
        assertThat(control.whileJoining(SOFT_MS + 1)).isEqualTo(LagControl.JOINING_THROTTLE_NS);
        assertThat(control.whileJoining(Long.MAX_VALUE)).isEqualTo(LagControl.JOINING_THROTTLE_NS);
    }
}
