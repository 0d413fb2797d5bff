package dev.understudy.hypervisor.live;

import dev.understudy.node.Doorbell;
import java.io.IOException;
import java.nio.channels.Selector;

/**
 * Wakes the agent thread out of its selector.
 * <p>
 * The agent says when it begins to look for work; a ring since then ends its next sleep, also when it has not begun. So
 * a ring is never lost, and costs one volatile write while the agent is awake.
 */
public final class SelectorDoorbell implements Doorbell
{
    private final Selector selector;
    private volatile boolean rung;
    private volatile boolean asleep;
    private long lastTrafficNs = System.nanoTime();

    public SelectorDoorbell(final Selector selector)
    {
        this.selector = selector;
    }

    @Override
    public void ring()
    {
        // Always written: it also makes what the ringer wrote before visible to a look that begins after.
        rung = true;
        if (asleep)
        {
            asleep = false;
            selector.wakeup();
        }
    }

    /** Begins a look for work: what rings from now on is not seen by it for sure. On the agent thread. */
    public void beginLook()
    {
        rung = false;
    }

    /**
     * The guest and the world, or its backup, talk: {@link #sleep} returns at once for a while, so that what comes next
     * need not wake anybody. On the agent thread.
     *
     * @param nowNs of {@link System#nanoTime}
     */
    public void hasTraffic(final long nowNs)
    {
        lastTrafficNs = nowNs;
    }

    /** Whether {@link #sleep} will return at once, for it has been asked to. On the agent thread. */
    public boolean isLingering(final long nowNs)
    {
        return nowNs - lastTrafficNs < Sleeper.LINGER_NS;
    }

    /**
     * Sleeps until a channel is ready or the bell rings, not at all when it has rung since {@link #beginLook}. On the
     * agent thread.
     *
     * @param nowNs of {@link System#nanoTime}, when the look began
     * @param maxMs at most so long; 0 only looks
     */
    public void sleep(final long nowNs, final long maxMs) throws IOException
    {
        if (isLingering(nowNs))
        {
            Thread.yield();
            return;
        }
        asleep = true;
        if (maxMs <= 0 || rung)
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
