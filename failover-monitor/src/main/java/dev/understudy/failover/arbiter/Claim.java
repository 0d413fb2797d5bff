package dev.understudy.failover.arbiter;

import java.util.UUID;

/**
 * What a node says to get the generation after a term. The same claim may be made again and again until its answer is
 * had: it is granted once, and recognised from then on.
 *
 * @param after  the newest term, as far as the node knows
 * @param node   who asks: a name of one line
 * @param id     random, one for each claim, so that a node whose answer was lost recognises its own
 * @param reason why, for people
 */
public record Claim(Term after, String node, UUID id, String reason)
{
    /** The generation that is asked for. */
    public long generation()
    {
        return after.generation() + 1;
    }
}
