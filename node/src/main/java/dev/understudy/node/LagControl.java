package dev.understudy.node;


/**
 * Says how much a primary slows its guest while the backup's replay is behind, so that a failover stays short.
 *
 * @param softMs lag above which the guest is slowed, the more the nearer it is to the other one
 * @param hardMs lag from which on the guest is stopped
 */
record LagControl(int softMs, int hardMs)
{
    /**
     * Sleep after a slice while a joining backup has the whole journal and replays it: a busy guest runs at a fifth of
     * its speed, so that the backup catches up at all, and one that is not busy hardly notices.
     */
    static final long JOINING_THROTTLE_NS = 300_000;

    /** The longest sleep after a slice while the guest is slowed. */
    static final long MAX_THROTTLE_NS = 2_000_000;

    /** What a guest with a live backup that is so far behind takes, as {@link HartAgent#throttle} wants it. */
    long whileProtected(final long lagMs)
    {
        if (lagMs >= hardMs)
        {
            return HartAgent.HOLD;
        }
        return lagMs <= softMs ? 0 : MAX_THROTTLE_NS * (lagMs - softMs) / Math.max(1, hardMs - softMs) + 1;
    }

    /** The same of a guest without one, while a backup that joins has the whole journal: it is never stopped. */
    long whileJoining(final long lagMs)
    {
        return lagMs > softMs ? JOINING_THROTTLE_NS : 0;
    }
}
