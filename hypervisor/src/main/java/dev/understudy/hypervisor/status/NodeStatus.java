package dev.understudy.hypervisor.status;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.understudy.failover.role.BackupSession;
import dev.understudy.failover.role.FailoverRecord;
import dev.understudy.node.NodeState;
import java.util.Locale;

/**
 * What a node says of itself.
 *
 * @param role            of {@link dev.understudy.failover.role.Role}, in lower case; {@code unreachable} for a node
 *                        that does not answer
 * @param generation      that it lives in
 * @param solo            whether it is a primary without a live backup
 * @param backup          how far a primary is with its backup, of {@link dev.understudy.failover.role.BackupSession} in
 *                        lower case
 * @param position        of its guest
 * @param journalSequence last entry in its journal
 * @param lagEvents       entries that its guest's replay is behind what it was told; 0 for a primary
 * @param lagMs           the same in guest time
 * @param hearsPeer       whether the peer was heard within the timeout
 * @param connections     TCP connections of the guest's clients
 * @param lostFrames      frames of the guest's network, either way, that there was no room for
 * @param lostConsoleBytes bytes of the guest's console that nobody read
 * @param lostNoticeBytes bytes of this node's messages that nobody read
 * @param digestsCompared digests compared with the primary's and equal
 * @param lastFailover    the last time that it went live, or null
 * @param haltReason      why it halted, or null
 * @param trouble         what is wrong with the arbiter as the node sees it, or that it waits for it; null for nothing
 * @param pid             of its process; 0 when unreachable
 * @param ageMs           time since it was so
 */
public record NodeStatus(
    String role,
    long generation,
    boolean solo,
    String backup,
    long position,
    long journalSequence,
    long lagEvents,
    long lagMs,
    boolean hearsPeer,
    int connections,
    long lostFrames,
    long lostConsoleBytes,
    long lostNoticeBytes,
    long digestsCompared,
    FailoverRecord lastFailover,
    String haltReason,
    String trouble,
    long pid,
    long ageMs)
{
    /** Many times what lies between two looks of a node at itself: one that says nothing new for so long hangs. */
    public static final long STALE_MS = 2_000;

    /** Role of a node that does not answer. */
    public static final String UNREACHABLE = "unreachable";

    private static final String NO_BACKUP = BackupSession.NONE.name().toLowerCase(Locale.ROOT);

    /** Of a node that does not answer. */
    public static NodeStatus unreachable()
    {
        return new NodeStatus(UNREACHABLE, 0, false, NO_BACKUP, 0, 0, 0, 0, false, 0, 0, 0, 0, 0, null, null, null, 0, 0);
    }

    /** Of a node that has published this. */
    public static NodeStatus of(final NodeState state, final long lostNoticeBytes, final long pid, final long ageMs)
    {
        return new NodeStatus(
            state.role().name().toLowerCase(Locale.ROOT),
            state.generation(),
            state.solo(),
            state.backup().name().toLowerCase(Locale.ROOT),
            state.position(),
            state.journalSequence(),
            state.lagEvents(),
            state.lagMs(),
            state.hearsPeer(),
            state.connections(),
            state.lostFrames(),
            state.lostConsoleBytes(),
            lostNoticeBytes,
            state.digestsCompared(),
            state.lastFailover(),
            state.haltReason(),
            state.trouble(),
            pid,
            ageMs);
    }

    /** Whether a backup is on its way to protect this primary. */
    @JsonIgnore
    public boolean isJoined()
    {
        return solo && !backup.equals(NO_BACKUP);
    }

    /** Whether the node may be anything else by now. */
    @JsonProperty("stale")
    public boolean isStale()
    {
        return ageMs > STALE_MS;
    }
}
