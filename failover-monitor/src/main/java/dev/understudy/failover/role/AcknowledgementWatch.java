package dev.understudy.failover.role;

/**
 * Notices that a backup takes no entries although it speaks: only acknowledgements prove that there is one.
 * <p>
 * Time counts while this process itself looks, a few times in the limit at least. Pure: clocks are passed in.
 */
final class AcknowledgementWatch
{
    private static final int PAUSE_SHARE = 4;

    private final long limitNs;
    private long acknowledged;
    private long progressNs;
    private long lastLookNs;

    /** @param limitNs time without an acknowledgement after which there is no progress, in nanoseconds */
    AcknowledgementWatch(final long limitNs)
    {
        this.limitNs = limitNs;
    }

    /** A stream of entries begins. */
    void begin(final long nowNs)
    {
        acknowledged = -1;
        progressNs = nowNs;
        lastLookNs = nowNs;
    }

    /** The backup has the entries up to this one. */
    void onAcknowledge(final long nowNs, final long sequence)
    {
        if (sequence > acknowledged)
        {
            acknowledged = sequence;
            progressNs = nowNs;
        }
    }

    /** Whether entries up to this one have waited too long for an acknowledgement of any of them. */
    boolean isStalled(final long nowNs, final long newest)
    {
        if (newest <= acknowledged || nowNs - lastLookNs > limitNs / PAUSE_SHARE)
        {
            progressNs = nowNs;
        }
        lastLookNs = nowNs;
        return nowNs - progressNs > limitNs;
    }
}
