package dev.understudy.failover.role;

/**
 * What a {@link PairMember} decides about: the guest and the journal of this node. Called on the agent thread; nothing
 * here waits.
 */
public interface Replica
{
    /** Sequence number of the last entry in the journal; -1 when it is empty. */
    long journalSequence();

    /** Number of the first entry that the journal has: those before it were removed. */
    long firstSequence();

    /** First half of the hash chain at the last entry; 0 when the journal is empty. */
    long chainHigh();

    /** Second half of the hash chain. */
    long chainLow();

    /** What the role entries of the journal say. */
    JournalTerm term();

    /** Whether the journal ends with the end of the guest. */
    boolean hasEnded();

    /** Position that the guest has reached. */
    long position();

    /** Sequence number of the last entry that the guest has replayed, or for a live guest that it has logged. */
    long replayedSequence();

    /** Number of outputs that have left. */
    long releasedOutputs();

    /**
     * Makes ready to receive the primary's journal.
     *
     * @param fromSequence number of the first entry that will come; the very first one, 0: what the journal holds is put
     *                     aside
     * @return false when it is not ready yet: the guest that used the journal before still stops; to be asked again
     */
    boolean receiveFrom(long fromSequence);

    /**
     * Begins the journal of a new guest if there is none. Before the first generation is claimed: a node that won it and
     * has no journal afterwards has lost its data.
     */
    void createJournal();

    /** Replays what the journal holds and then runs the guest with the world, alone. */
    void goLive(long generation, GenerationStart cause);

    /** Goes on alone as the primary of a new generation; outputs need no acknowledgement any more. */
    void runSolo(long generation);

    /**
     * Whether the journal has the entry with this chain, or begins right behind it, so that a backup that has the entry needs
     * only what follows.
     */
    boolean holds(long sequence, long chainHigh, long chainLow);

    /** Sends the journal to the peer from an entry on. */
    void streamFrom(long sequence, long session);

    /** Stops sending the journal. */
    void stopStreaming();

    /** Whether all but the latest entries have been sent and acknowledged, and replayed soon after. */
    boolean isCaughtUp();

    /** From the next output on, what leaves depends on the peer's acknowledgement. */
    void protect(long generation, String backup);

    /** The peer has these entries. */
    void acknowledged(long journalSequence, long replayedSequence, long replayedTimeNs);

    /** Holds all outputs while false. */
    void allowOutputs(boolean allowed);

    /** Stops everything; no output leaves any more. */
    void halt(String reason);

    /** Tells the operator. */
    void notice(String text);
}
