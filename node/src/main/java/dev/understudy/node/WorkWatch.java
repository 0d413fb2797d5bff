package dev.understudy.node;

import java.util.function.LongSupplier;

/**
 * Measures for how long a piece of work of another thread has been under way, by looks now and then: whoever does it reads
 * no clock. On the agent thread.
 */
final class WorkWatch
{
    /** Counted at most between two looks: more is a pause of this thread, in which the other one may have had none, too. */
    static final long MAX_STEP_NS = 100_000_000;

    private final LongSupplier underWay;
    private long seen = -1;
    private long lastLookNs;
    private long lastsNs;

    /** @param underWay gives the number of the piece of work, another one for each; -1 while there is none */
    WorkWatch(final LongSupplier underWay)
    {
        this.underWay = underWay;
    }

    /** How long it has been under way at the least, in nanoseconds; 0 without any. */
    long lastsNs(final long nowNs)
    {
        final long now = underWay.getAsLong();
        lastsNs = now < 0 || now != seen ? 0 : lastsNs + Math.min(nowNs - lastLookNs, MAX_STEP_NS);
        seen = now;
        lastLookNs = nowNs;
        return lastsNs;
    }
}
