package dev.understudy.node;

import dev.understudy.journal.Genesis;
import dev.understudy.journal.Journal;
import dev.understudy.journal.JournalBase;
import dev.understudy.journal.JournalEntry;
import java.util.function.Consumer;

/** Where a node has its journal: one at a time. On the agent thread. */
public interface Journals
{
    /** What the place is called in messages. */
    String name();

    /**
     * Opens the journal that is there; to be started before anything is appended.
     *
     * @param entries told of each entry in it, after those that it remembers of what was removed; valid during the call
     * @return null when there is none
     * @throws dev.understudy.journal.JournalException when it is damaged
     */
    Journal open(Consumer<JournalEntry> entries);

    /** Begins the journal of a new guest. There is none. */
    Journal create(Genesis genesis);

    /**
     * Begins a journal whose entries come from the peer. There is none.
     *
     * @param base where it begins
     */
    Journal createEmpty(JournalBase base);

    /**
     * Makes room for another journal: the one that is there, which is closed, is put aside if it is to be kept.
     *
     * @return where it is kept; null when it is not, or there was none
     */
    String putAside(boolean isKept);

    /**
     * Makes room for the journal of a new guest: the one that is there, which is closed and whose guest has ended, is kept.
     *
     * @param generation the last one of that guest
     * @return where it is kept
     */
    String keepEnded(long generation);

    /** Number of the sync that is under way, another one for each; -1 while there is none. On any thread. */
    long syncUnderWay();

    /** Why entries do not get to the disk any more, in a sentence; null while they do. On any thread. */
    String failure();
}
