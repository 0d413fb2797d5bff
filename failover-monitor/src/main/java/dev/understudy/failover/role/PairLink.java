package dev.understudy.failover.role;

/**
 * What a {@link PairMember} says to its peer. Messages may be lost: whoever needs an answer asks again. Called on the
 * agent thread.
 */
public interface PairLink
{
    void heartbeat(Role role, long generation, boolean solo);

    /** Asks for the journal after what this replica has. */
    void join(long generation, long haveSequence, long chainHigh, long chainLow);

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
