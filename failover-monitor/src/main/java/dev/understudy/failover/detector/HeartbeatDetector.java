package dev.understudy.failover.detector;

/**
 * Suspects a peer that has not been heard for too long.
 * <p>
 * Silence is measured only while this process itself runs: after a gap between two looks that is a good part of the
 * timeout, the peer gets another interval to be heard, since its heartbeats may wait unread. Pure: clocks are passed
 * in, in nanoseconds of one monotonic clock. Not thread-safe.
 */
public final class HeartbeatDetector
{
    /** A gap between two looks of this share of the timeout counts as a pause of this process. */
    private static final int PAUSE_SHARE = 2;

    /** Heartbeats that the peer may send after a pause before it is suspected: one that is under way, and one more. */
    private static final int GRACE_INTERVALS = 2;

    private final long intervalNs;
    private final long timeoutNs;
    private boolean heard;
    private long lastHeardNs;
    private long lastLookNs;
    private boolean looked;
    private boolean hasGrace;
    private long graceUntilNs;

    /**
     * @param intervalMs between two heartbeats
     * @param timeoutMs  silence after which the peer is suspected; more than the interval
     */
    public HeartbeatDetector(final long intervalMs, final long timeoutMs)
    {
        if (intervalMs <= 0 || timeoutMs <= intervalMs)
        {
            throw new IllegalArgumentException(
                "heartbeat timeout of " + timeoutMs + " ms with an interval of " + intervalMs + " ms");
        }
        intervalNs = intervalMs * 1_000_000;
        timeoutNs = timeoutMs * 1_000_000;
    }

    /** The peer was heard. */
    public void onHeard(final long nowNs)
    {
        heard = true;
        lastHeardNs = nowNs;
    }

    /**
     * Whether the peer has been silent for too long; a peer that was never heard is not suspected.
     * <p>
     * Look often, a few times in a timeout at least, and hear what has arrived before: rare looks are taken for pauses.
     */
    public boolean suspect(final long nowNs)
    {
        if (looked && nowNs - lastLookNs > timeoutNs / PAUSE_SHARE)
        {
            hasGrace = true;
            graceUntilNs = nowNs + GRACE_INTERVALS * intervalNs;
        }
        hasGrace = hasGrace && nowNs - graceUntilNs < 0;
        looked = true;
        lastLookNs = nowNs;
        return heard && !hasGrace && nowNs - lastHeardNs > timeoutNs;
    }

    /** How long the peer has been silent, in milliseconds. */
    public long silenceMs(final long nowNs)
    {
        return heard ? (nowNs - lastHeardNs) / 1_000_000 : 0;
    }
}
