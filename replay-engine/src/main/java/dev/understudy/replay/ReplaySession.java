package dev.understudy.replay;

import dev.understudy.guest.Machine;
import dev.understudy.journal.JournalEntries;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.Outcome;

/**
 * Moves a machine forwards along a journal, to any position or entry. It has no thread: each method returns when the machine
 * is there.
 * <p>
 * A place in a replay is a position, and how many of the entries at that position have been applied. What does not fit the
 * journal ends in a {@link DivergenceException}; then the session goes no further. Owned by one thread at a time.
 */
public final class ReplaySession implements AutoCloseable
{
    private final JournalEntries entries;
    private final Machine machine;
    private final Replayer replayer;

    /** Whether the entry that comes next has been read. */
    private boolean hasEntry;

    /**
     * @param entries before the first entry; closed with this
     * @param machine as the first entry describes it, at its start, its drives as well
     * @param drives  what the machine's drives are carried out by
     */
    public ReplaySession(final JournalEntries entries, final Machine machine, final DriveWaits drives)
    {
        this(entries, machine, drives, 0);
    }

    /**
     * @param entries      before the entry to begin with; closed with this
     * @param machine      as it was when all entries before that one had been applied, its drives as well
     * @param drives       what the machine's drives are carried out by
     * @param nextSequence number of the entry to begin with
     */
    public ReplaySession(
        final JournalEntries entries, final Machine machine, final DriveWaits drives, final long nextSequence)
    {
        this.entries = entries;
        this.machine = machine;
        replayer = new Replayer(machine, drives, nextSequence);
    }

    /**
     * Applies every entry before a position and runs the guest to it, without the entries at the position. Does nothing when
     * the guest is there or further.
     *
     * @return false when the journal ends before: then the guest is at its last entry
     */
    public boolean advanceBefore(final long position)
    {
        while (machine.position() < position && peek() && entries.entry().position() < position)
        {
            apply();
        }
        return run(position);
    }

    /**
     * Applies every entry up to a position, with those that are there, and runs the guest to it.
     *
     * @return false when the journal ends before: then the guest is at its last entry
     */
    public boolean advanceTo(final long position)
    {
        while (peek() && entries.entry().position() <= position)
        {
            apply();
        }
        return run(position);
    }

    /**
     * Applies every entry up to one, which is the last to be applied.
     *
     * @return false when the journal ends before
     */
    public boolean advanceToEntry(final long sequence)
    {
        while (replayer.nextSequence() <= sequence && peek())
        {
            apply();
        }
        return replayer.nextSequence() > sequence;
    }

    /** The entry that comes next; null at the end of the journal. Valid until the session moves. */
    public JournalEntry nextEntry()
    {
        return peek() ? entries.entry() : null;
    }

    private boolean peek()
    {
        hasEntry = hasEntry || entries.next();
        return hasEntry;
    }

    private void apply()
    {
        replayer.apply(entries.entry());
        hasEntry = false;
    }

    /** Only towards an entry that is known: where the journal ends, nothing says what the guest did next. */
    private boolean run(final long position)
    {
        if (machine.position() < position && peek())
        {
            machine.run(position);
        }
        return machine.position() >= position;
    }

    /** The machine, for who wants to look at it: running it or changing it is the session's alone. */
    public Machine machine()
    {
        return machine;
    }

    /** Position that the guest has reached. */
    public long position()
    {
        return machine.position();
    }

    /** Number of the next entry to be applied. */
    public long nextSequence()
    {
        return replayer.nextSequence();
    }

    /** Number of digests that were compared and equal. */
    public long digestsCompared()
    {
        return replayer.digestsCompared();
    }

    /** How the recording ended; null while its last entry has not been applied, or was never written. */
    public Outcome outcome()
    {
        return replayer.outcome();
    }

    @Override
    public void close()
    {
        entries.close();
    }
}
