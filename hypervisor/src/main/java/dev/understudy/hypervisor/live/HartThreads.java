package dev.understudy.hypervisor.live;

import dev.understudy.node.Doorbell;
import dev.understudy.node.HartAgent;
import dev.understudy.node.Harts;

/** Gives each hart a thread of its own; one lives at a time. On the agent thread. */
public final class HartThreads implements Harts
{
    private final HartBell bell = new HartBell();
    private final Runnable first;
    private GuestThread guest;

    /** @param first what each thread does before all else */
    public HartThreads(final Runnable first)
    {
        this.first = first;
    }

    @Override
    public Doorbell bell()
    {
        return bell;
    }

    @Override
    public void makeWay()
    {
        bell.yieldIfHart();
    }

    @Override
    public Running start(final HartAgent hart, final boolean isShared)
    {
        guest = new GuestThread(hart, bell, isShared ? Thread.currentThread() : null, first);
        bell.wakes(guest);
        guest.start();
        return guest;
    }

    /** Waits for the last thread to end, for so many milliseconds at most; returns whether it did. */
    public boolean join(final long timeoutMs)
    {
        return guest == null || guest.join(timeoutMs);
    }
}
