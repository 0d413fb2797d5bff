package dev.understudy.guest.rtc;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.time.GuestClock;
import java.util.function.LongSupplier;

/**
 * The date, with an alarm: {@code google,goldfish-rtc}.
 * <p>
 * The date is the guest's time and an offset, which an event sets and the guest may set as well. Before that the guest's
 * time began with 1970. An alarm asserts the interrupt at the position where the date reaches it, or at once if it has
 * passed; another date that is set later does not move an alarm that waits.
 * <pre>
 *   offset   load                                       store
 *   0x00     TIME_LOW, and notes the high half          TIME_LOW
 *   0x04     TIME_HIGH as it was at the last of these   TIME_HIGH
 *   0x08     ALARM_LOW                                  ALARM_LOW, and sets the alarm
 *   0x0C     ALARM_HIGH                                 ALARM_HIGH
 *   0x10     IRQ_ENABLED                                IRQ_ENABLED
 *   0x14     -                                          CLEAR_ALARM
 *   0x18     ALARM_STATUS: whether one waits            -
 *   0x1C     -                                          CLEAR_INTERRUPT
 * </pre>
 * Registers are 32 bits wide, two of them hold nanoseconds since 1970, unsigned; an access of another width, or elsewhere,
 * reads as zero and ignores writes. Owned by the hart thread. Source: {@code hw/rtc/goldfish_rtc.c} of QEMU;
 * {@code drivers/rtc/rtc-goldfish.c} of Linux.
 */
public final class GoldfishRtc implements Device
{
    /** Physical address of the window, as on QEMU's {@code virt} machine. */
    public static final long BASE = 0x10_1000L;

    /** Size of the window in bytes, as on QEMU's {@code virt} machine. */
    public static final long WINDOW_BYTES = 0x1000;

    /** The interrupt source, as on QEMU's {@code virt} machine. */
    public static final int SOURCE = 11;

    static final int TIME_LOW = 0x00;
    static final int TIME_HIGH = 0x04;
    static final int ALARM_LOW = 0x08;
    static final int ALARM_HIGH = 0x0C;
    static final int IRQ_ENABLED = 0x10;
    static final int CLEAR_ALARM = 0x14;
    static final int ALARM_STATUS = 0x18;
    static final int CLEAR_INTERRUPT = 0x1C;

    private static final int REGISTER_BYTES = 4;
    private static final long LOW_WORD = 0xFFFF_FFFFL;

    private final Plic plic;
    private final GuestClock clock;
    private final LongSupplier timeNs;

    /** The date minus the guest's time. */
    private long offsetNs;
    private boolean dated;

    /** The high half of the date as it was when the low half was last read. */
    private int timeHigh;

    /** As a date. */
    private long alarm;
    private boolean isAlarmSet;

    /** The guest's time of the alarm that is set; {@link GuestClock#NEVER} when that is too far away to be told. */
    private long alarmNs = GuestClock.NEVER;

    private boolean isInterruptEnabled;
    private boolean isInterruptPending;

    /**
     * @param clock  rings the alarm
     * @param timeNs the guest's time at its position, in nanoseconds
     */
    public GoldfishRtc(final Plic plic, final GuestClock clock, final LongSupplier timeNs)
    {
        this.plic = plic;
        this.clock = clock;
        this.timeNs = timeNs;
        clock.onAlarm(this::alarm);
    }

    /** Whether the world has set the date. */
    public boolean isDated()
    {
        return dated;
    }

    /** Sets the date as the world has it, in nanoseconds since 1970. */
    public void date(final long epochNs)
    {
        offsetNs = epochNs - timeNs.getAsLong();
        dated = true;
    }

    private long now()
    {
        return offsetNs + timeNs.getAsLong();
    }

    private void alarm()
    {
        isAlarmSet = false;
        interrupt(true);
    }

    private void interrupt(final boolean isPending)
    {
        isInterruptPending = isPending;
        plic.setLevel(SOURCE, isInterruptPending && isInterruptEnabled);
    }

    private void setAlarm()
    {
        final long now = now();
        if (Long.compareUnsigned(alarm, now) <= 0)
        {
            clearAlarm();
            interrupt(true);
            return;
        }
        final long time = timeNs.getAsLong();
        final long missing = alarm - now;
        isAlarmSet = true;
        alarmNs = missing < 0 || missing > GuestClock.NEVER - time ? GuestClock.NEVER : time + missing;
        clock.alarm(alarmNs);
    }

    private void clearAlarm()
    {
        isAlarmSet = false;
        clock.alarm(GuestClock.NEVER);
    }

    @Override
    public long base()
    {
        return BASE;
    }

    @Override
    public long size()
    {
        return WINDOW_BYTES;
    }

    @Override
    public long load(final long offset, final int bytes)
    {
        if (bytes != REGISTER_BYTES)
        {
            return 0;
        }
        return switch ((int)offset)
        {
            case TIME_LOW ->
            {
                final long now = now();
                timeHigh = (int)(now >>> Integer.SIZE);
                yield now & LOW_WORD;
            }
            case TIME_HIGH -> timeHigh & LOW_WORD;
            case ALARM_LOW -> alarm & LOW_WORD;
            case ALARM_HIGH -> alarm >>> Integer.SIZE;
            case IRQ_ENABLED -> isInterruptEnabled ? 1 : 0;
            case ALARM_STATUS -> isAlarmSet ? 1 : 0;
            default -> 0;
        };
    }

    @Override
    public void store(final long offset, final int bytes, final long value)
    {
        if (bytes != REGISTER_BYTES)
        {
            return;
        }
        switch ((int)offset)
        {
            case TIME_LOW -> offsetNs += withLow(now(), value) - now();
            case TIME_HIGH -> offsetNs += withHigh(now(), value) - now();
            case ALARM_LOW ->
            {
                alarm = withLow(alarm, value);
                setAlarm();
            }
            case ALARM_HIGH -> alarm = withHigh(alarm, value);
            case IRQ_ENABLED ->
            {
                isInterruptEnabled = (value & 1) != 0;
                interrupt(isInterruptPending);
            }
            case CLEAR_ALARM -> clearAlarm();
            case CLEAR_INTERRUPT -> interrupt(false);
            default ->
            {
                // Not a register, or one that is only read.
            }
        }
    }

    private static long withLow(final long number, final long low)
    {
        return number & ~LOW_WORD | low & LOW_WORD;
    }

    private static long withHigh(final long number, final long high)
    {
        return number & LOW_WORD | high << Integer.SIZE;
    }

    /** {@inheritDoc} So does the date, as it does in a clock with a battery. */
    @Override
    public void reset()
    {
        timeHigh = 0;
        alarm = 0;
        alarmNs = GuestClock.NEVER;
        clearAlarm();
        isInterruptEnabled = false;
        interrupt(false);
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(offsetNs);
        to.write(dated);
        to.write(timeHigh);
        to.write(alarm);
        to.write(isAlarmSet);
        to.write(alarmNs);
        to.write(isInterruptEnabled);
        to.write(isInterruptPending);
    }

    @Override
    public void load(final StateReader from)
    {
        offsetNs = from.readLong();
        dated = from.readBoolean();
        timeHigh = from.readInt();
        alarm = from.readLong();
        isAlarmSet = from.readBoolean();
        alarmNs = from.readLong(0, GuestClock.NEVER);
        isInterruptEnabled = from.readBoolean();
        isInterruptPending = from.readBoolean();
        clock.alarm(isAlarmSet ? alarmNs : GuestClock.NEVER);
    }
}
