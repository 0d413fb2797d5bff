package dev.understudy.replay;

import dev.understudy.journal.BlockOutcome;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import org.agrona.DirectBuffer;

/**
 * Where a {@link Recorder} writes the events: a journal, or nowhere.
 * <p>
 * Each method takes the position where the event enters, the guest's time there, and the hash of the outputs before.
 * Owned by the hart thread.
 */
public interface EventLog
{
    void clockSample(long position, long timeNs, long outputs, int picosPerInstruction, int limitNs);

    void consoleInput(long position, long timeNs, long outputs, DirectBuffer data, int offset, int length);

    void entropy(long position, long timeNs, long outputs, DirectBuffer data, int offset, int length);

    void vsockPacket(long position, long timeNs, long outputs, DirectBuffer data, int offset, int length);

    void networkFrame(long position, long timeNs, long outputs, DirectBuffer data, int offset, int length);

    void blockCompletion(long position, long timeNs, long outputs, int drive, long request, BlockOutcome status);

    void consoleSize(long position, long timeNs, long outputs, int columns, int rows);

    void balloonTarget(long position, long timeNs, long outputs, long pages);

    void digest(long position, long timeNs, long outputs, long state);

    void generation(long position, long timeNs, long outputs, long generation, GenerationCause cause, String node);

    void backupJoined(long position, long timeNs, long outputs, long generation, String node);

    void closed(long position, long timeNs, long outputs, Outcome outcome, long state);

    /** Sequence number of the last entry: what an output that is produced now depends on. */
    long lastSequence();

    /** Whether entries are kept, so that digests are worth computing. */
    boolean isKept();

    /** Writes to a journal. */
    static EventLog to(final JournalWriter journal)
    {
        return new JournalLog(journal);
    }

    /** Keeps nothing: for a guest that runs unrecorded. */
    static EventLog none()
    {
        return new NoLog();
    }
}
