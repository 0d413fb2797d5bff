package dev.understudy.hypervisor.live;

import dev.understudy.node.HartAgent;
import dev.understudy.node.Harts;
import dev.understudy.replay.Recorder;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The thread of a hart. It may share its work with one other: while that one is awake it takes turns to run the guest
 * itself, so that a short answer needs no second thread to wake up, and hands a guest that is busy for longer back. Whoever
 * has the turn is the hart thread that {@link HartAgent} speaks of.
 */
final class GuestThread implements Harts.Running
{
    /** A guest that is busy for more steps in a row goes back to its own thread. */
    static final int MAX_SHARED_STEPS = 4;

    /**
     * Instructions that the thread of a backup replays before it lets others have its processor: its agent, with which an
     * output of the primary waits, may have no other one.
     */
    private static final int FOLLOW_SLICE = 8_000;

    /** Steps since it last rested after which it does so: one that has fallen behind keeps its processor. */
    private static final int MAX_POLITE_STEPS = 100;

    /** Who runs the guest: its own thread; whoever takes the turn; the thread that shares it. */
    private enum Turn
    {
        HART,
        FREE,
        SHARER
    }

    private final HartAgent hart;
    private final HartBell bell;

    /** The thread that may share the guest, or null. */
    private final Thread sharer;
    private final Thread thread;
    private final AtomicReference<Turn> turn = new AtomicReference<>(Turn.HART);

    /** Of the thread that shares the guest. */
    private int busySteps;

    /** Of the guest's own thread: steps after which it let others have its processor, since it last rested. */
    private int politeSteps;

    GuestThread(final HartAgent hart, final HartBell bell, final Thread sharer, final Runnable first)
    {
        this.hart = hart;
        this.bell = bell;
        this.sharer = sharer;
        thread = new Thread(() ->
        {
            first.run();
            run();
        }, "hart");
    }

    void start()
    {
        thread.start();
    }

    /** Whether the calling thread is the guest's own. */
    boolean isCalling()
    {
        return Thread.currentThread() == thread;
    }

    /** Whether the calling thread looks after the guest itself whenever it has offered something. */
    boolean isSharedByCaller()
    {
        return Thread.currentThread() == sharer && hart.answersShortly();
    }

    private boolean isShared()
    {
        return sharer != null && hart.answersShortly();
    }

    @Override
    public int runHere(final long nowNs)
    {
        if (!takeTurn(nowNs))
        {
            return 0;
        }
        final int work = hart.doWork(Recorder.SLICE_INSTRUCTIONS);
        busySteps = hart.isBusy() ? busySteps + 1 : 0;
        if (hart.isFinished() || busySteps > MAX_SHARED_STEPS)
        {
            giveTurn();
        }
        return work;
    }

    private boolean takeTurn(final long nowNs)
    {
        return switch (turn.get())
        {
            case HART -> false;
            case FREE ->
            {
                if (!hart.hasNews())
                {
                    yield false;
                }
                if (hart.isThrottled())
                {
                    bell.wake();
                    yield false;
                }
                yield isShared() && turn.compareAndSet(Turn.FREE, Turn.SHARER);
            }
            case SHARER ->
            {
                if (hart.isThrottled() || !isShared())
                {
                    giveTurn();
                    yield false;
                }
                yield hart.isBusy() || hart.hasNews() || nowNs - hart.dueNs() >= 0;
            }
        };
    }

    @Override
    public void leave()
    {
        if (turn.get() == Turn.SHARER)
        {
            giveTurn();
        }
        else if (hart.hasNews())
        {
            bell.wake();
        }
    }

    private void giveTurn()
    {
        busySteps = 0;
        turn.set(Turn.HART);
        LockSupport.unpark(thread);
    }

    @Override
    public void stop(final boolean closesJournal)
    {
        hart.stop(closesJournal);
        if (Thread.currentThread() == sharer)
        {
            leave();
        }
        bell.wake();
    }

    @Override
    public boolean hasStopped()
    {
        return !thread.isAlive();
    }

    /** Waits for the thread to end, for so many milliseconds at most; returns whether it did. */
    public boolean join(final long timeoutMs)
    {
        try
        {
            thread.join(timeoutMs);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        return hasStopped();
    }

    private void run()
    {
        while (!hart.isFinished())
        {
            if (turn.get() == Turn.SHARER)
            {
                LockSupport.park(this);
                continue;
            }
            final boolean isPolite = isPolite();
            if (hart.doWork(isPolite ? FOLLOW_SLICE : Recorder.SLICE_INSTRUCTIONS) == 0)
            {
                rest();
                politeSteps = 0;
            }
            else if (hart.pauseNs() > 0)
            {
                LockSupport.parkNanos(this, hart.pauseNs());
            }
            else if (isPolite)
            {
                politeSteps++;
                Thread.yield();
            }
        }
    }

    /** Whether this is the thread of a backup that keeps up. */
    private boolean isPolite()
    {
        return !hart.isLive() && politeSteps < MAX_POLITE_STEPS;
    }

    /** Waits for news, or for the guest's timer, and lets the thread that shares the guest take the turn meanwhile. */
    private void rest()
    {
        turn.set(Turn.FREE);
        bell.await(hart::hasNews, isShared() ? 0 : Sleeper.LINGER_NS, Math.max(0, hart.dueNs() - System.nanoTime()));
        turn.compareAndSet(Turn.FREE, Turn.HART);
    }
}
