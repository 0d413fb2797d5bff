package dev.understudy.failover.arbiter;

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
     * Asks for the generation after a term. It is granted when that term is the newest, and nobody else was granted it.
     *
     * @return the term in that place, or the newest one: {@link Term#isOf} tells whether it is this claim's. One that is
     *     older, or not the one that the claim follows, says that this arbiter is not the one that the node knew
     * @throws ArbiterUnavailableException when the answer cannot be had; the generation may or may not be granted then,
     *     and the same claim made again tells
     */
    Term claim(Claim claim);

    /**
     * Does all that a claim would, and leaves nothing behind.
     *
     * @throws ArbiterUnavailableException when a claim could not be made
     */
    void rehearse();
}
