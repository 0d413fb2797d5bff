package dev.understudy.failover.arbiter;

/**
 * A term of office that the arbiter granted.
 *
 * @param generation its number, from 1; 0 for none yet
 * @param node       to whom; null for none yet
 * @param reason     why the node asked
 * @param epochMs    when, in milliseconds since 1970, by the node's clock
 */
public record Term(long generation, String node, String reason, long epochMs)
{
    /** Before the first term. */
    public static final Term NONE = new Term(0, null, "", 0);
}
