package dev.understudy.hypervisor.live;

import dev.understudy.node.Doorbell;
import java.util.function.BooleanSupplier;

/** Wakes a guest's thread, unless whoever rings will look after the guest itself. Callable from any thread. */
final class HartBell implements Doorbell
{
    private final Sleeper sleeper = new Sleeper();
    private volatile GuestThread guest;

    /** The guest whose thread it wakes from now on. */
    void wakes(final GuestThread newGuest)
    {
        guest = newGuest;
    }

    @Override
    public void ring()
    {
        final GuestThread present = guest;
        if (present == null || !present.isSharedByCaller())
        {
            sleeper.wake();
        }
    }

    /** Wakes the guest's thread if it sleeps in {@link #await}, whoever calls. */
    void wake()
    {
        sleeper.wake();
    }

    /** Lets the guest's own thread have its processor to others for a moment, if that one calls. */
    void yieldIfHart()
    {
        final GuestThread present = guest;
        if (present != null && present.isCalling())
        {
            Thread.yield();
        }
    }

    /**
     * Waits until there are news for the guest, for the given time at most. On the guest's own thread.
     *
     * @param hasNews  whoever makes it so rings after that
     * @param lingerNs looks so long before it sleeps
     */
    void await(final BooleanSupplier hasNews, final long lingerNs, final long maxNs)
    {
        sleeper.await(hasNews, lingerNs, maxNs);
    }
}
