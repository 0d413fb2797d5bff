package dev.understudy.failover.role;

/**
 * The times of a pair.
 *
 * @param node                name of this node
 * @param peer                name of the other one
 * @param heartbeatIntervalMs between two heartbeats
 * @param heartbeatTimeoutMs  silence after which the peer is suspected
 * @param agreed              what both nodes must be configured with alike
 */
public record PairSettings(
    String node, String peer, int heartbeatIntervalMs, int heartbeatTimeoutMs, AgreedSettings agreed)
{
    /** Time between two requests to join, in milliseconds: above a round trip, well below what a person notices. */
    static final int JOIN_RETRY_MS = 50;

    /** Time between two attempts at an arbiter that cannot be reached, in milliseconds. */
    static final int ARBITER_RETRY_MS = 100;

    /** Time without an answer after which the arbiter counts as hanging, in milliseconds: a claim takes a few. */
    static final int ARBITER_SILENCE_MS = 1_000;

    /** Time between two looks at an arbiter that is as it should be, in milliseconds: a few files are written at each. */
    static final int VIEW_CHECK_MS = 5_000;

    /** Time between two looks at one that is not, in milliseconds: it may only have to be mounted. */
    static final int VIEW_RETRY_MS = 250;

    /** Time for which a term may be missing before that is said, in milliseconds: a cache may show it a little late. */
    static final int VIEW_GRACE_MS = 1_000;

    /** Timeouts that a starting replica listens for a primary before it claims: the link takes some time to come up. */
    static final int START_TIMEOUTS = 4;

    /** The least that a starting replica listens, in milliseconds. */
    static final int MIN_START_MS = 600;

    /** Timeouts that a backup that catches up may be silent: it opens a journal meanwhile, and nothing depends on it. */
    static final int JOINING_TIMEOUTS = 10;

    /** Timeouts that a backup may acknowledge nothing of what it is sent, and the least, in milliseconds. */
    static final int PROGRESS_TIMEOUTS = 5;
    static final int MIN_PROGRESS_MS = 1_000;

    int progressTimeoutMs()
    {
        return Math.max(MIN_PROGRESS_MS, PROGRESS_TIMEOUTS * heartbeatTimeoutMs);
    }

    int joiningTimeoutMs()
    {
        return JOINING_TIMEOUTS * heartbeatTimeoutMs;
    }

    long intervalNs()
    {
        return heartbeatIntervalMs * 1_000_000L;
    }

    /** Silence of the peer after which it counts as lost, in nanoseconds. */
    public long timeoutNs()
    {
        return heartbeatTimeoutMs * 1_000_000L;
    }

    /**
     * The longest that this process may stand still, in nanoseconds, before it asks whether it was replaced: the peer waits
     * for a whole timeout.
     */
    public long maxPauseNs()
    {
        return timeoutNs() / 2;
    }

    long startNs()
    {
        return Math.max(MIN_START_MS, START_TIMEOUTS * heartbeatTimeoutMs) * 1_000_000L;
    }
}
