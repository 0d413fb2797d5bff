package dev.understudy.transport;

import org.agrona.DirectBuffer;

/**
 * Takes what the peer says. Called on the agent thread, within {@link PairProtocol#doWork}; what it throws comes out
 * there. It may send, and must not call {@code doWork}.
 * <p>
 * Every message carries the incarnation of its sender, the random number of its process, and but for acknowledgements
 * the generation that the sender lives in. Messages come in the order in which the peer sent them; once a new process
 * of the peer has spoken, nothing more comes of the one before. Buffers are valid during the call only.
 */
public interface PairHandler
{
    /**
     * An entry of the peer's journal. Entries of a process that has died may still come after its successor has spoken:
     * the session tells.
     *
     * @param session that the sender marked it with
     */
    void onEntry(long session, DirectBuffer entry, int offset, int length);

    /**
     * The peer lives.
     *
     * @param role      as the peer numbers it, from 0
     * @param claimHigh first half of the claim of the term that it has, or sees at the arbiter; 0 with the second for none
     * @param trouble   what it says is wrong with the arbiter; empty for nothing
     */
    void onHeartbeat(
        long incarnation,
        long generation,
        String node,
        int role,
        boolean solo,
        long journalSequence,
        long position,
        long releasedOutputs,
        long claimHigh,
        long claimLow,
        String trouble);

    /**
     * The peer asks for the journal after what it has.
     *
     * @param haveSequence of its newest entry, -1 for none; the chain is the hash over that entry and all before
     * @param settings     what must be the same here
     * @param reason       why it asks once more; empty at first
     */
    void onJoin(
        long incarnation,
        long generation,
        String node,
        long haveSequence,
        long chainHigh,
        long chainLow,
        String settings,
        String reason);

    /** The peer does not take this node as its backup. */
    void onRefusal(long incarnation, long generation, String reason);

    /** The peer will send its journal from an entry on. */
    void onJoinReply(long incarnation, long generation, long fromSequence, long session);

    /**
     * The peer has entries of a session.
     *
     * @param journalSequence  of the newest entry in its journal
     * @param replayedSequence of the newest entry that it has replayed
     * @param replayedTimeNs   guest time of that entry, in nanoseconds
     */
    void onAcknowledge(
        long incarnation, long session, long journalSequence, long replayedSequence, long replayedTimeNs);

    /** The peer leaves in order. */
    void onGoodbye(long incarnation, long generation, String reason);

    /**
     * The peer shares the machine with this node, and says which half of its processors it runs on.
     *
     * @param busyPercent of that half's time that it used lately
     */
    void onPlacement(long incarnation, boolean upperHalf, int busyPercent);

    /**
     * A message that this release does not understand was dropped. Said once for each kind and process of the peer.
     *
     * @param what it was, and what to do, in one sentence for the operator
     */
    void onUnknownMessage(String what);
}
