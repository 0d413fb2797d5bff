package dev.understudy.node;

import dev.understudy.failover.role.BackupSession;
import dev.understudy.failover.role.FailoverRecord;
import dev.understudy.failover.role.Role;

/**
 * What a node publishes of itself, some fifty times a second.
 *
 * @param atNs             time of the node's clock at which it was so
 * @param role             what the node is to its pair
 * @param generation       that it lives in
 * @param backup           how far a primary is with its backup
 * @param solo             whether it is a primary without a live backup
 * @param position         of its guest
 * @param journalSequence  last entry in its journal
 * @param lagEvents        entries that its guest's replay is behind what it was told; 0 for a primary
 * @param lagMs            the same in guest time
 * @param hearsPeer        whether the peer was heard within the timeout
 * @param connections      TCP connections of the guest's clients
 * @param lostFrames       frames of the guest's network, either way, that there was no room for
 * @param lostConsoleBytes bytes of the guest's console that nobody read
 * @param digestsCompared  digests compared with the primary's and equal
 * @param lastFailover     the last time that it went live, or null
 * @param haltReason       why it halted, or null
 * @param trouble          what is wrong with the arbiter as the node sees it, or that it waits for it; null for nothing
 */
public record NodeState(
    long atNs,
    Role role,
    long generation,
    BackupSession backup,
    boolean solo,
    long position,
    long journalSequence,
    long lagEvents,
    long lagMs,
    boolean hearsPeer,
    int connections,
    long lostFrames,
    long lostConsoleBytes,
    long digestsCompared,
    FailoverRecord lastFailover,
    String haltReason,
    String trouble)
{
}
