package dev.understudy.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WorkWatchTest
{
    private static final long MS = 1_000_000;

    private long underWay = -1;
    private final WorkWatch watch = new WorkWatch(() -> underWay);

    @Test
    void workThatGoesOnIsNoneThatLasts()
    {
        for (int i = 0; i < 100; i++)
        {
            underWay = i;
            assertThat(watch.lastsNs(i * 20 * MS)).isZero();
        }
        underWay = -1;
        assertThat(watch.lastsNs(2_000 * MS)).isZero();
        assertThat(watch.lastsNs(2_020 * MS)).isZero();
    }

    @Test
    void workThatDoesNotComeToItsEndLasts()
    {
        underWay = 7;
        watch.lastsNs(0);
        watch.lastsNs(20 * MS);
        assertThat(watch.lastsNs(40 * MS)).isEqualTo(40 * MS);

        underWay = 8;
        assertThat(watch.lastsNs(60 * MS)).isZero();
        assertThat(watch.lastsNs(80 * MS)).isEqualTo(20 * MS);
    }

    @Test
    void aPauseOfTheOneThatLooksIsNotCounted()
    {
        underWay = 7;
        watch.lastsNs(0);
        assertThat(watch.lastsNs(5_000 * MS)).isEqualTo(WorkWatch.MAX_STEP_NS);
    }
}
