package dev.understudy.failover.role;

/**
 * A time that a replica went live.
 *
 * @param generation that it won
 * @param from       the node that was primary before; null at the first start
 * @param to         this node
 * @param atEpochMs  when the arbiter had granted it, in milliseconds since 1970
 * @param reason     why it asked
 * @param silenceMs  how long the peer had been silent then
 */
public record FailoverRecord(
    long generation, String from, String to, long atEpochMs, String reason, long silenceMs)
{
}
