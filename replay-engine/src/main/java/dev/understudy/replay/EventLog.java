package dev.understudy.replay;

import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.Journal;

/** Where a {@link Recorder} writes the events: a journal, or nowhere. Owned by the hart thread. */
public interface EventLog
{
    /** Appends an event, which becomes the next entry. */
    void append(EntryEncoder event);

    /** Sequence number of the last entry: what an output that is produced now depends on. */
    long lastSequence();

    /** First 8 bytes of the hash chain at the last entry, as a big-endian number; 0 when nothing is kept. */
    long chainHigh();

    /** Next 8 bytes of the hash chain at the last entry, as a big-endian number; 0 when nothing is kept. */
    long chainLow();

    /** Whether entries are kept, so that digests are worth computing. */
    boolean isKept();

    /** Writes to a journal. */
    static EventLog to(final Journal journal)
    {
        return new EventLog()
        {
            @Override
            public void append(final EntryEncoder event)
            {
                journal.append(event);
            }

            @Override
            public long lastSequence()
            {
                return journal.lastSequence();
            }

            @Override
            public long chainHigh()
            {
                return journal.chainHigh();
            }

            @Override
            public long chainLow()
            {
                return journal.chainLow();
            }

            @Override
            public boolean isKept()
            {
                return true;
            }
        };
    }

    /** Keeps nothing: for a guest that runs unrecorded. */
    static EventLog none()
    {
        return new EventLog()
        {
            @Override
            public void append(final EntryEncoder event)
            {
                // Nobody will read it.
            }

            @Override
            public long lastSequence()
            {
                return -1;
            }

            @Override
            public long chainHigh()
            {
                return 0;
            }

            @Override
            public long chainLow()
            {
                return 0;
            }

            @Override
            public boolean isKept()
            {
                return false;
            }
        };
    }
}
