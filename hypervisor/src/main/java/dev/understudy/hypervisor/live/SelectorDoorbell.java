package dev.understudy.hypervisor.live;

import java.io.IOException;
import java.nio.channels.Selector;

/**
 * Wakes the agent thread out of its selector.
 * <p>
 * The agent says when it is about to sleep, then looks once more whether there is work, then sleeps; so a ring is never
 * lost, and costs one volatile read while the agent is awake.
 */
public final class SelectorDoorbell implements Doorbell
{
    private final Selector selector;
    private volatile boolean asleep;

    public SelectorDoorbell(final Selector selector)
    {
        this.selector = selector;
    }

    @Override
    public void ring()
    {
        if (asleep)
        {
            asleep = false;
            selector.wakeup();
        }
    }

    /** Announces sleep: rings from now on end the next {@link #sleep}. On the agent thread. */
    public void prepareSleep()
    {
        asleep = true;
    }

    /**
     * Sleeps until a channel is ready or the bell rings. On the agent thread.
     *
     * @param maxMs at most so long; 0 only looks
     */
    public void sleep(final long maxMs) throws IOException
    {
        if (maxMs <= 0)
        {
            selector.selectNow();
        }
        else
        {
            selector.select(maxMs);
        }
        asleep = false;
    }
}
