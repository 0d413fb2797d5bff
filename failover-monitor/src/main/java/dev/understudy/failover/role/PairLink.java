package dev.understudy.failover.role;

import java.util.UUID;

/**
 * What a {@link PairMember} says to its peer. Messages may be lost: whoever needs an answer asks again. Called on the
 * agent thread.
 */
public interface PairLink
{
    /**
     * Says that this node lives.
     *
     * @param claim   of the newest term that this node itself was granted, or sees at the arbiter as the primary's; null
     *                for none
     * @param trouble what is wrong with the arbiter as this node sees it, in a sentence; empty for nothing
     */
    void heartbeat(Role role, long generation, boolean solo, UUID claim, String trouble);

    /**
     * Asks for the journal after what this replica has.
     *
     * @param settings what must be the same on the primary
     * @param reason   why it asks once more; empty at first
     */
    void join(
        long generation, long haveSequence, long chainHigh, long chainLow, AgreedSettings settings, String reason);

    /** Answers that the peer cannot be the backup as it is, and why. */
    void refuse(long generation, String text);

    /** Answers: the journal comes from this entry on, marked with the session. */
    void joinReply(long generation, long fromSequence, long session);

    /** Tells the primary what this replica's journal holds and what it has replayed. */
    void acknowledge(long generation, long session);

    /** Whether messages of any length have got to the peer lately. */
    boolean carriesFullDatagrams();

    /** What is known to be wrong with the path to the peer, in a sentence; null for nothing. */
    String trouble();

    /** This replica leaves in order. */
    void goodbye(long generation, String text);
}
