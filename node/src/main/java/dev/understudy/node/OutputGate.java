package dev.understudy.node;

import java.util.concurrent.atomic.AtomicReference;
import org.agrona.concurrent.NanoClock;

/**
 * Tells which outputs of the primary may leave: those whose preceding entries the backup holds.
 * <p>
 * The guest never waits here. Protection begins with a journal entry that the hart thread writes, and ends by the agent
 * thread's decision; whichever comes last counts. All else on the agent thread. Source: Scales et al. 2010, section 2.2
 * (Output Rule).
 */
final class OutputGate
{
    /** Outputs that depend on entries from {@code from} on wait; an object stands for one decision. */
    private record Protection(long from)
    {
    }

    private final AtomicReference<Protection> protection = new AtomicReference<>(new Protection(Long.MAX_VALUE));
    private final NanoClock clock;
    private final long maxPauseNs;
    private boolean open;
    private long acknowledged = -1;
    private long lookedNs;

    /**
     * @param maxPauseNs time after a {@link #looked} from which on nothing leaves, in nanoseconds
     */
    OutputGate(final NanoClock clock, final long maxPauseNs)
    {
        this.clock = clock;
        this.maxPauseNs = maxPauseNs;
        lookedNs = clock.nanoTime();
    }

    /**
     * At this time of the clock it was known whether anything may leave. A process that stood still since then may have been
     * replaced, and looks again before it lets anything out.
     */
    void looked(final long atNs)
    {
        lookedNs = atNs;
    }

    /** Whether anything may leave at all. */
    void open(final boolean isOpen)
    {
        open = isOpen;
    }

    /** Whether anything may leave at all. */
    boolean isOpen()
    {
        return open && clock.nanoTime() - lookedNs <= maxPauseNs;
    }

    /** Outputs need no acknowledgement any more. */
    void endProtection()
    {
        protection.set(new Protection(Long.MAX_VALUE));
        acknowledged = -1;
    }

    /** What the hart thread runs to begin protection; it has no effect when protection was ended meanwhile. */
    Beginning beginProtection()
    {
        final Protection present = protection.get();
        return from -> protection.compareAndSet(present, new Protection(from));
    }

    /** Begins protection with the entry of this number. On the hart thread. */
    @FunctionalInterface
    interface Beginning
    {
        void from(long sequence);
    }

    /** First entry on whose acknowledgement outputs depend; {@link Long#MAX_VALUE} without protection. */
    long protectedFrom()
    {
        return protection.get().from();
    }

    /** The backup's journal holds all entries up to this one. */
    void acknowledge(final long sequence)
    {
        acknowledged = Math.max(acknowledged, sequence);
    }

    /** The last entry that the backup is known to hold. */
    long acknowledged()
    {
        return acknowledged;
    }

    /** Whether an output that was produced after this entry may leave. */
    boolean mayLeave(final long dependency)
    {
        return isOpen() && (dependency < protection.get().from() || dependency <= acknowledged);
    }
}
