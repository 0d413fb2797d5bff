package dev.understudy.guest.rtc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.state.SavedState;
import dev.understudy.guest.time.GuestClock;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The registers, with a clock that the test sets; alarms at exact positions are in {@code guests/tests/rtc.c}. */
class GoldfishRtcTest
{
    /** 2026-12-01 10:21:33 and a nanosecond; the low half is far from running over. */
    private static final long DATE = 1_796_120_493_000_000_001L;
    private static final long SECOND = 1_000_000_000;
    private static final long PENDING = 0x1000;

    private final Plic plic = new Plic();
    private final GuestClock clock = new GuestClock();
    private final GoldfishRtc rtc = new GoldfishRtc(plic, clock, () -> clock.timeNs(0));

    @Test
    void dateIsTheGuestsTimeUntilTheWorldSaysItAndGoesOnWithThat()
    {
        clock.sample(0, 5 * SECOND);
        assertThat(rtc.isDated()).isFalse();
        assertThat(date()).isEqualTo(5 * SECOND);

        rtc.date(DATE);
        assertThat(rtc.isDated()).isTrue();
        assertThat(date()).isEqualTo(DATE);
        clock.sample(0, 12 * SECOND);
        assertThat(date()).isEqualTo(DATE + 7 * SECOND);
    }

    @Test
    void highHalfIsTheOneOfTheLastReadingOfTheLowHalf()
    {
        rtc.date((7L << 32) - 1);
        assertThat(get(GoldfishRtc.TIME_LOW)).isEqualTo(0xFFFF_FFFFL);
        clock.sample(0, 1);
        assertThat(get(GoldfishRtc.TIME_HIGH)).isEqualTo(6);
        assertThat(get(GoldfishRtc.TIME_LOW)).isZero();
        assertThat(get(GoldfishRtc.TIME_HIGH)).isEqualTo(7);
    }

    @Test
    void guestSetsEachHalfAndTheOtherStays()
    {
        rtc.date(DATE);
        set(GoldfishRtc.TIME_HIGH, 3);
        assertThat(date()).isEqualTo(3L << 32 | DATE & 0xFFFF_FFFFL);
        set(GoldfishRtc.TIME_LOW, 0xFFFF_FFFFL);
        assertThat(date()).isEqualTo(3L << 32 | 0xFFFF_FFFFL);
        clock.sample(0, 2);
        assertThat(date()).isEqualTo((4L << 32) + 1);
    }

    @Test
    void alarmRingsOnceWhenItsDateIsReached()
    {
        rtc.date(DATE);
        set(GoldfishRtc.IRQ_ENABLED, 1);
        alarm(DATE + 3 * SECOND);
        assertThat(get(GoldfishRtc.ALARM_STATUS)).isEqualTo(1);
        assertThat(clock.alarmNs()).isEqualTo(3 * SECOND);
        clock.sample(0, 3 * SECOND - 1);
        assertThat(isPending()).isFalse();
        clock.sample(0, 3 * SECOND);
        assertThat(isPending()).isTrue();
        assertThat(get(GoldfishRtc.ALARM_STATUS)).isZero();
        assertThat(clock.alarmNs()).isEqualTo(GuestClock.NEVER);

        set(GoldfishRtc.CLEAR_INTERRUPT, 1);
        claim();
        clock.sample(0, 9 * SECOND);
        assertThat(isPending()).isFalse();
        assertThat(get(GoldfishRtc.ALARM_LOW) | get(GoldfishRtc.ALARM_HIGH) << 32).isEqualTo(DATE + 3 * SECOND);
    }

    @Test
    void alarmThatHasPassedRingsAtOnceAndOneThatIsTooFarNever()
    {
        rtc.date(DATE);
        set(GoldfishRtc.IRQ_ENABLED, 1);
        alarm(DATE);
        assertThat(isPending()).isTrue();
        set(GoldfishRtc.CLEAR_INTERRUPT, 1);
        claim();
        for (final long far : new long[]{-1, date() + (Long.MAX_VALUE - 1), date() + Long.MAX_VALUE})
        {
            alarm(far);
            assertThat(get(GoldfishRtc.ALARM_STATUS)).isEqualTo(1);
            clock.sample(0, clock.timeNs(0) + SECOND);
            assertThat(isPending()).isFalse();
        }
        // In place of the one that waits.
        alarm(0);
        assertThat(isPending()).isTrue();
        assertThat(get(GoldfishRtc.ALARM_STATUS)).isZero();
    }

    @Test
    void anotherDateDoesNotMoveAnAlarmThatWaits()
    {
        rtc.date(DATE);
        set(GoldfishRtc.IRQ_ENABLED, 1);
        alarm(DATE + SECOND);
        set(GoldfishRtc.TIME_HIGH, 0);
        clock.sample(0, SECOND);
        assertThat(isPending()).isTrue();
    }

    @Test
    void alarmThatIsClearedDoesNotRingAndOneWithoutAnInterruptWaitsForIt()
    {
        rtc.date(DATE);
        set(GoldfishRtc.IRQ_ENABLED, 1);
        alarm(DATE + SECOND);
        set(GoldfishRtc.CLEAR_ALARM, 1);
        assertThat(get(GoldfishRtc.ALARM_STATUS)).isZero();
        clock.sample(0, 2 * SECOND);
        assertThat(isPending()).isFalse();

        set(GoldfishRtc.IRQ_ENABLED, 0);
        alarm(DATE + 3 * SECOND);
        clock.sample(0, 4 * SECOND);
        assertThat(isPending()).isFalse();
        set(GoldfishRtc.IRQ_ENABLED, 0xFF);
        assertThat(get(GoldfishRtc.IRQ_ENABLED)).isEqualTo(1);
        assertThat(isPending()).isTrue();
    }

    @Test
    void whatIsNoRegisterReadsAsZeroAndIgnoresWrites()
    {
        rtc.date(DATE);
        final SavedState before = SavedState.of(rtc);
        for (final int bytes : new int[]{1, 2, 8})
        {
            rtc.store(GoldfishRtc.TIME_LOW, bytes, 0);
            assertThat(rtc.load(GoldfishRtc.TIME_LOW, bytes)).isZero();
        }
        for (long offset = 0x20; offset < GoldfishRtc.WINDOW_BYTES; offset += 4)
        {
            set((int)offset, -1);
            assertThat(get((int)offset)).isZero();
        }
        set(GoldfishRtc.ALARM_STATUS, 1);
        assertThat(get(GoldfishRtc.ALARM_STATUS)).isZero();
        assertThat(SavedState.of(rtc).isSameAs(before)).isTrue();
    }

    @Test
    void anAlarmThatWaitsIsSavedWithTheDate()
    {
        rtc.date(DATE);
        set(GoldfishRtc.IRQ_ENABLED, 1);
        alarm(DATE + SECOND);
        final Plic otherPlic = new Plic();
        final GuestClock otherClock = new GuestClock();
        final GoldfishRtc other = new GoldfishRtc(otherPlic, otherClock, () -> otherClock.timeNs(0));
        other.load(SavedState.of(rtc).reader());

        assertThat(SavedState.of(other).isSameAs(SavedState.of(rtc))).isTrue();
        otherClock.sample(0, SECOND);
        assertThat(otherPlic.load(PENDING, 4)).isEqualTo(1L << GoldfishRtc.SOURCE);
        assertThat(other.load(GoldfishRtc.TIME_LOW, 4)).isEqualTo(DATE + SECOND & 0xFFFF_FFFFL);
    }

    @Test
    void anyStoresDoNoHarm()
    {
        final Random random = new Random(21);
        for (int i = 0; i < 200_000; i++)
        {
            rtc.store(random.nextInt(0x24), 1 << random.nextInt(4), random.nextBoolean() ? random.nextLong() : 1);
            rtc.load(random.nextInt(0x24), 1 << random.nextInt(4));
            clock.sample(0, clock.timeNs(0) + random.nextInt(1_000_000));
            assertThat(clock.alarmNs()).isPositive();
        }
    }

    private long date()
    {
        final long low = get(GoldfishRtc.TIME_LOW);
        return get(GoldfishRtc.TIME_HIGH) << 32 | low;
    }

    private void alarm(final long ns)
    {
        set(GoldfishRtc.ALARM_HIGH, ns >>> 32);
        set(GoldfishRtc.ALARM_LOW, ns);
    }

    private long get(final int offset)
    {
        return rtc.load(offset, 4);
    }

    private void set(final int offset, final long value)
    {
        rtc.store(offset, 4, value);
    }

    private boolean isPending()
    {
        return (plic.load(PENDING, 4) & 1L << GoldfishRtc.SOURCE) != 0;
    }

    /** Has the controller forget the request that it has let through. */
    private void claim()
    {
        plic.store(4L * GoldfishRtc.SOURCE, 4, 1);
        plic.store(0x2000, 4, 1L << GoldfishRtc.SOURCE);
        assertThat(plic.load(0x20_0004, 4)).isEqualTo(GoldfishRtc.SOURCE);
        plic.store(0x20_0004, 4, GoldfishRtc.SOURCE);
    }
}
