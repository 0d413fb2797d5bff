package dev.understudy.node;

import dev.understudy.failover.role.JournalTerm;
import dev.understudy.journal.EventType;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.Journal;
import dev.understudy.journal.JournalBase;
import dev.understudy.journal.JournalCursor;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.Outcome;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * The journal of a node: opened, received into, put aside. On the agent thread; while the guest is live, its end belongs to
 * the hart thread.
 */
final class NodeJournal implements AutoCloseable
{
    private final Journals journals;
    private final Consumer<String> notices;
    private final JournalEntry entry = new JournalEntry();
    private Journal journal;
    private JournalTerm term = JournalTerm.NONE;
    private Outcome outcome;

    /** Opens the journal that is there, if there is one. */
    NodeJournal(final Journals journals, final Consumer<String> notices)
    {
        this.journals = journals;
        this.notices = notices;
        journal = journals.open(this::follow);
        if (journal != null && journal.lastSequence() < 0)
        {
            discard();
        }
    }

    private void follow(final JournalEntry next)
    {
        if (next.type() == EventType.GENERATION)
        {
            term = term.begun(next.generation(), next.node());
        }
        else if (next.type() == EventType.BACKUP_JOINED)
        {
            term = term.joined(next.node());
        }
        outcome = next.type() == EventType.CLOSED ? next.outcome() : null;
    }

    /** Makes ready to append to the journal that was found, if one was: the node is to run. */
    void start()
    {
        if (journal != null)
        {
            journal.start();
        }
    }

    /** What the place is called in messages. */
    String name()
    {
        return journals.name();
    }

    /** What entries are appended to; null while there is no journal. */
    Journal journal()
    {
        return journal;
    }

    /** What the journal's first entry says; null while there is none. */
    Genesis genesis()
    {
        return journal == null ? null : journal.genesis();
    }

    /** What the role entries say; those that a live guest adds are not followed. */
    JournalTerm term()
    {
        return term;
    }

    /** How the guest ended, or null. */
    Outcome outcome()
    {
        return outcome;
    }

    /** Whether the guest has ended, and not because it was told to. */
    boolean hasEnded()
    {
        return outcome != null && outcome != Outcome.STOPPED;
    }

    long lastSequence()
    {
        return journal == null ? -1 : journal.lastSequence();
    }

    /** Begins the journal of a new guest. */
    void create(final Genesis genesis)
    {
        journal = journals.create(genesis);
    }

    /** Keeps the journal of a guest that has ended, and begins that of a new one. */
    void beginAnew(final Genesis genesis)
    {
        final long generation = term.generation();
        close();
        term = JournalTerm.NONE;
        outcome = null;
        notices.accept("begins the guest anew; the journal of the one that ended is kept in " +
            journals.keepEnded(generation));
        create(genesis);
    }

    /** Puts what there is aside and makes ready to receive a journal from its very first entry. */
    void restart()
    {
        discard();
        journal = journals.createEmpty(JournalBase.WHOLE);
    }

    /** Appends an entry from the primary. */
    void append(final DirectBuffer buffer, final int offset, final int length)
    {
        journal.append(buffer, offset, length);
        if (entry.tryWrap(buffer, offset, length) == null)
        {
            follow(entry);
        }
    }

    /** Number of the first entry that is there, or is to come; 0 without a journal. */
    long firstSequence()
    {
        return journal == null ? 0 : journal.base().firstSequence();
    }

    /** A reader before the first entry that is there. */
    JournalCursor reader()
    {
        return journal.reader();
    }

    /** Whether the journal has an entry with this chain, or begins right behind it. */
    boolean holds(final long sequence, final long chainHigh, final long chainLow)
    {
        final JournalBase base = journal.base();
        if (sequence == base.firstSequence() - 1)
        {
            return base.chainHigh() == chainHigh && base.chainLow() == chainLow;
        }
        try (JournalCursor reader = reader())
        {
            reader.seek(sequence);
            return reader.next() && reader.entry().chainHigh() == chainHigh && reader.entry().chainLow() == chainLow;
        }
        catch (final JournalException e)
        {
            return false;
        }
    }

    private void discard()
    {
        // The very first entry alone says nothing that the configuration does not.
        final boolean hasRun = lastSequence() > 0;
        close();
        term = JournalTerm.NONE;
        outcome = null;
        final String aside = journals.putAside(hasRun);
        if (aside != null)
        {
            notices.accept("the journal of this node was put aside in " + aside);
        }
    }

    @Override
    public void close()
    {
        if (journal != null)
        {
            journal.close();
            journal = null;
        }
    }
}
