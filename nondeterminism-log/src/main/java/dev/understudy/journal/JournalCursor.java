package dev.understudy.journal;

/**
 * A place in a journal that moves from entry to entry, also while the journal grows: then {@link #next} finds more later.
 * What is there and is not the entry that follows the last one ends in a {@link JournalException}. Owned by one thread at a
 * time.
 */
public interface JournalCursor extends JournalEntries
{
    /** Number of the entry that {@link #next} will go to. */
    long nextSequence();

    /**
     * Has {@link #next} go to an entry; the entry before it must be in the journal. Its chain is taken on trust.
     *
     * @throws JournalException when the journal does not reach so far
     */
    void seek(long sequence);
}
