package dev.understudy.hypervisor.live;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * A thread that sleeps until others have something for it, and that is woken once however many of them do.
 * <p>
 * Waking an awake thread costs one volatile read.
 */
final class Sleeper
{
    /**
     * A thread that has run out of work goes on looking for so long, and lets others have its processor meanwhile: while
     * requests come one after another, a wake-up from another processor costs each of them more than it takes the guest
     * to answer.
     */
    static final long LINGER_NS = 50_000;

    private volatile Thread asleep;

    /**
     * Waits until there is something to do, for the given time at most, or less. On the thread that sleeps.
     *
     * @param hasWork  whether there is; whoever makes it so calls {@link #wake} after that
     * @param lingerNs looks so long before it sleeps
     */
    void await(final BooleanSupplier hasWork, final long lingerNs, final long maxNs)
    {
        final long startNs = System.nanoTime();
        while (System.nanoTime() - startNs < Math.min(lingerNs, maxNs))
        {
            if (hasWork.getAsBoolean())
            {
                return;
            }
            Thread.yield();
        }
        // From here on a wake counts, also one before the sleep.
        asleep = Thread.currentThread();
        if (!hasWork.getAsBoolean())
        {
            LockSupport.parkNanos(this, maxNs);
        }
        asleep = null;
    }

    /** Wakes the thread if it sleeps or is about to. On any thread. */
    void wake()
    {
        final Thread thread = asleep;
        if (thread != null)
        {
            // Before the thread can wake and sleep again: its next sleep needs a wake of its own.
            asleep = null;
            LockSupport.unpark(thread);
        }
    }
}
