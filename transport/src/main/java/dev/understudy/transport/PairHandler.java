package dev.understudy.transport;

import org.agrona.DirectBuffer;

/** Takes what the peer says. Called on the agent thread, within {@link PairTransport#doWork}. */
public interface PairHandler
{
    /**
     * An entry of the peer's journal.
     *
     * @param session that the sender marked it with
     */
    void onEntry(long session, DirectBuffer entry, int offset, int length);

    /** The peer lives. */
    void onHeartbeat(
        long incarnation,
        long generation,
        String node,
        int role,
        boolean solo,
        long journalSequence,
        long position,
        long releasedOutputs);

    /** The peer asks for the journal after what it has. */
    void onJoin(long incarnation, long generation, String node, long haveSequence, long chainHigh, long chainLow);

    /** The peer will send its journal from an entry on. */
    void onJoinReply(long incarnation, long generation, long fromSequence, long session);

    /** The peer has entries. */
    void onAcknowledge(
        long incarnation, long session, long journalSequence, long replayedSequence, long replayedTimeNs);

    /** The peer leaves in order. */
    void onGoodbye(long incarnation, long generation, String reason);

    /** A message that this version does not understand was dropped. */
    void onUnknownMessage(String what);
}
