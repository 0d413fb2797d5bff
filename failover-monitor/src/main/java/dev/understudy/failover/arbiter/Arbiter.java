package dev.understudy.failover.arbiter;

import java.util.Optional;

/**
 * Grants each generation to one node: an atomic test-and-set outside both hosts.
 * <p>
 * Calls may block for as long as the storage behind takes; not for the agent thread. Thread-safe. Source: Scales et al.
 * 2010, section 2.3.
 */
public interface Arbiter
{
    /**
     * The newest term.
     *
     * @throws ArbiterUnavailableException when it cannot be had
     */
    Term current();

    /**
     * Asks for a generation: the one after the newest.
     *
     * @return the term when it went to this node; empty when it is not the next one, or went to another
     * @throws ArbiterUnavailableException when the answer cannot be had; the generation may or may not be granted then,
     *     and {@link #current()} tells
     */
    Optional<Term> claim(long generation, String node, String reason);
}
