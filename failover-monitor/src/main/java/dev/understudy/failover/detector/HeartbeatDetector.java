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

    /** Silence after which a peer whose process is said to have ended is suspected, in halves of an interval. */
    private static final int ENDED_HALF_INTERVALS = 3;

    private final long intervalNs;
    private final long timeoutNs;
    private boolean heard;
    private long lastHeardNs;
    private long lastLookNs;
    private boolean looked;
    private boolean hasGrace;
    private long graceUntilNs;
    private boolean isEnded;
    private long endedNs;

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
        // What comes soon after may have been under way.
        isEnded = isEnded && nowNs - endedNs <= intervalNs;
    }

    /** Another process speaks for the peer from now on. */
    public void onNewProcess()
    {
        isEnded = false;
    }

    /**
     * The peer's process seems to have ended: it is suspected as soon as a heartbeat is missing, unless it is heard
     * again later than an interval from now.
     */
    public void onEnded(final long nowNs)
    {
        isEnded = true;
        endedNs = nowNs;
    }

    /** Whether the peer's process seems to have ended, and nothing has been heard that says otherwise. */
    public boolean isEnded()
    {
        return isEnded;
    }

    private long limitNs()
    {
        return isEnded ? Math.min(timeoutNs, intervalNs * ENDED_HALF_INTERVALS / 2) : timeoutNs;
    }

    /** Time until the peer is suspected if it stays silent, in nanoseconds. */
    public long untilSuspectNs(final long nowNs)
    {
        return heard ? Math.max(0, lastHeardNs + limitNs() - nowNs) : Long.MAX_VALUE;
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
        return heard && !hasGrace && nowNs - lastHeardNs > limitNs();
    }

    /** How long the peer has been silent, in milliseconds. */
    public long silenceMs(final long nowNs)
    {
        return heard ? (nowNs - lastHeardNs) / 1_000_000 : 0;
    }
}
