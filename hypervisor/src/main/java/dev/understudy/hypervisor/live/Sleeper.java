package dev.understudy.hypervisor.live;

import java.util.concurrent.locks.LockSupport;

/**
 * A thread that sleeps until others wake it, and that is woken once however many of them do.
 * <p>
 * The thread calls {@link #begin}, looks once more whether there is something to do, and only then {@link #sleep}: a
 * wake since begin ends the sleep, also when it has not begun. Waking an awake thread costs one volatile read.
 */
final class Sleeper
{
    private volatile Thread asleep;

    /** From now on a wake counts. On the thread that sleeps. */
    void begin()
    {
        asleep = Thread.currentThread();
    }

    /** Sleeps until woken, for the given time at most. On the thread that sleeps. */
    void sleep(final long maxNs)
    {
        LockSupport.parkNanos(this, maxNs);
    }

    /** No wake is needed any more. On the thread that sleeps. */
    void end()
    {
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
