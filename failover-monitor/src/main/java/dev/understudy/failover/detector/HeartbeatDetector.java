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

    private final long intervalNs;
    private final long timeoutNs;
    private boolean heard;
    private long lastHeardNs;
    private long lastLookNs;
    private boolean looked;
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

    /** Whether the peer has been silent for too long; a peer that was never heard is not suspected. */
    public boolean suspect(final long nowNs)
    {
        if (looked && nowNs - lastLookNs > timeoutNs / PAUSE_SHARE)
        {
            graceUntilNs = nowNs + 2 * intervalNs;
        }
        looked = true;
        lastLookNs = nowNs;
        return heard && nowNs - lastHeardNs > timeoutNs && nowNs - graceUntilNs >= 0;
    }

    /** How long the peer has been silent, in milliseconds. */
    public long silenceMs(final long nowNs)
    {
        return heard ? (nowNs - lastHeardNs) / 1_000_000 : 0;
    }
}
