package dev.understudy.guest.time;

import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/**
 * The guest's time as a function of its position and the last clock sample.
 * <p>
 * Between two samples time advances with the instructions retired, at the rate in force, and runs ahead of the last
 * sample by the limit at most; so reading the clock needs no event, and a guest that spins on the clock sees it stand
 * still at the limit until the next sample. Time never runs backwards: when a sample is behind the guest's time, that
 * time goes on from where it is, towards the same limit after the sample. Owned by the hart thread.
 */
public final class GuestClock implements Stateful
{
    /** Frequency of the {@code time} CSR, in ticks a second, as on QEMU's {@code virt} machine. */
    public static final long TICKS_PER_SECOND = 10_000_000L;

    /** Length of a tick in nanoseconds. */
    public static final long TICK_NS = 1_000_000_000L / TICKS_PER_SECOND;

    /** Rate before the first sample, in picoseconds an instruction. */
    public static final int INITIAL_PICOS_PER_INSTRUCTION = 5_000;

    /** Limit before the first sample, in nanoseconds. */
    public static final int INITIAL_LIMIT_NS = 2_000_000;

    /** A time that never comes. */
    public static final long NEVER = Long.MAX_VALUE;

    /** Instructions after which the limit has been reached at any rate; keeps the product below 2^63. */
    private static final long MAX_INSTRUCTIONS = 1L << 31;

    /** Time of the last sample. */
    private long sampleNs;

    /** Where guest time was at the last sample or change of rate, and where it stops without a further one. */
    private long basePosition;
    private long baseNs;

    @Derived("baseNs, sampleNs and limitNs")
    private long ceilingNs = INITIAL_LIMIT_NS;

    private int picosPerInstruction = INITIAL_PICOS_PER_INSTRUCTION;
    private int limitNs = INITIAL_LIMIT_NS;

    @Derived("the state of the device that set it")
    private long alarmNs = NEVER;
    @Derived("who else is in the machine")
    private Runnable onAlarm = () ->
    {
    };

    /** Says what an alarm does: {@code action} is called at the position where its time is reached. */
    public void onAlarm(final Runnable action)
    {
        onAlarm = action;
    }

    /** Sets the alarm, in nanoseconds since the guest started, in place of the one before. It rings once. */
    public void alarm(final long timeNs)
    {
        alarmNs = timeNs;
    }

    /** The guest's time of the alarm; {@link #NEVER} without one. */
    public long alarmNs()
    {
        return alarmNs;
    }

    /** The first position at which the alarm is due, provided that no sample comes before it; or {@link Long#MAX_VALUE}. */
    public long alarmPosition()
    {
        return alarmNs == NEVER ? Long.MAX_VALUE : positionOfTime(alarmNs);
    }

    /** Rings the alarm if it is due: at each position where that may be, before anything else happens there. */
    public void ring(final long position)
    {
        if (alarmNs != NEVER && timeNs(position) >= alarmNs)
        {
            alarmNs = NEVER;
            onAlarm.run();
        }
    }

    /**
     * Takes a time from the world.
     *
     * @param position where the sample enters the guest
     * @param timeNs   the world's time since the guest started, in nanoseconds
     */
    public void sample(final long position, final long timeNs)
    {
        sampleNs = Math.max(sampleNs, timeNs);
        rebase(position);
        ring(position);
    }

    /**
     * Sets how time advances from a position on.
     *
     * @param picos picoseconds an instruction; 0 stops the clock between samples
     * @param limit the most that time runs ahead of the last sample, in nanoseconds
     */
    public void rate(final long position, final int picos, final int limit)
    {
        rebase(position);
        picosPerInstruction = Math.max(0, picos);
        limitNs = Math.max(0, limit);
        ceilingNs = ceilingNs();
    }

    private void rebase(final long position)
    {
        baseNs = Math.max(sampleNs, timeNs(position));
        basePosition = position;
        ceilingNs = ceilingNs();
    }

    private long ceilingNs()
    {
        return Math.max(baseNs, sampleNs + limitNs);
    }

    /** The rate in force, in picoseconds an instruction. */
    public int picosPerInstruction()
    {
        return picosPerInstruction;
    }

    /** Time at a position that is not before the last sample, in nanoseconds since the guest started. */
    public long timeNs(final long position)
    {
        final long instructions = Math.min(position - basePosition, MAX_INSTRUCTIONS);
        return Math.min(baseNs + instructions * picosPerInstruction / 1_000, ceilingNs);
    }

    /** Value of the {@code time} CSR at a position. */
    public long ticks(final long position)
    {
        return timeNs(position) / TICK_NS;
    }

    /**
     * The first position at which {@link #ticks} reaches a value, provided that no sample comes before it.
     *
     * @param ticks unsigned
     * @return {@link Long#MAX_VALUE} when it will not happen before the next sample
     */
    public long positionOf(final long ticks)
    {
        return ticks < 0 || ticks > Long.MAX_VALUE / TICK_NS ? Long.MAX_VALUE : positionOfTime(ticks * TICK_NS);
    }

    private long positionOfTime(final long timeNs)
    {
        final long missingNs = timeNs - baseNs;
        if (missingNs <= 0)
        {
            return basePosition;
        }
        if (missingNs > ceilingNs - baseNs || picosPerInstruction == 0)
        {
            return Long.MAX_VALUE;
        }
        final long instructions = Math.ceilDiv(missingNs * 1_000, picosPerInstruction);
        return instructions > MAX_INSTRUCTIONS ? Long.MAX_VALUE : basePosition + instructions;
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(sampleNs);
        to.write(basePosition);
        to.write(baseNs);
        to.write(picosPerInstruction);
        to.write(limitNs);
    }

    @Override
    public void load(final StateReader from)
    {
        sampleNs = from.readLong(0, Long.MAX_VALUE);
        basePosition = from.readLong(0, Long.MAX_VALUE);
        baseNs = from.readLong(0, Long.MAX_VALUE);
        picosPerInstruction = from.readInt(0, Integer.MAX_VALUE);
        limitNs = from.readInt(0, Integer.MAX_VALUE);
        ceilingNs = ceilingNs();
    }
}
