package dev.understudy.journal;

import java.io.Closeable;

/** The entries of a journal, one after the other. Owned by one thread at a time. */
public interface JournalEntries extends Closeable
{
    /**
     * Goes to the next entry.
     *
     * @return false when there is none
     */
    boolean next();

    /** The entry that {@link #next} went to; valid until the next call. */
    JournalEntry entry();

    @Override
    void close();
}
