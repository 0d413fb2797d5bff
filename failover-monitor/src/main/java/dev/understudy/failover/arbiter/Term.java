package dev.understudy.failover.arbiter;

import java.util.Objects;
import java.util.UUID;

/**
 * A term of office that the arbiter granted.
 *
 * @param generation its number, from 1; 0 for none yet
 * @param node       to whom; null for none yet
 * @param claim      random id of the claim that it was granted to; null for none yet, and in terms of older releases
 * @param reason     why the node asked
 * @param epochMs    when, in milliseconds since 1970, by the node's clock
 */
public record Term(long generation, String node, UUID claim, String reason, long epochMs)
{
    /** Digits of a claim's id that are shown. */
    private static final int SHOWN_DIGITS = 8;

    /** Before the first term. */
    public static final Term NONE = new Term(0, null, null, "", 0);

    /** Whether both are one term, and not only two of the same number: those of two arbiters have different claims. */
    public boolean isSameAs(final Term other)
    {
        return generation == other.generation && Objects.equals(node, other.node) && Objects.equals(claim, other.claim);
    }

    /** Whether it was granted to this claim. */
    public boolean isOf(final Claim own)
    {
        return generation == own.generation() && own.node().equals(node) && own.id().equals(claim);
    }

    /** For people, who must be able to tell two terms of the same number. */
    public String describe()
    {
        if (generation == 0)
        {
            return "no generation";
        }
        return "generation " + generation + " of " + node +
            (claim == null ? "" : " (claim " + claim.toString().substring(0, SHOWN_DIGITS) + ")");
    }
}
