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
            public boolean isKept()
            {
                return false;
            }
        };
    }
}
