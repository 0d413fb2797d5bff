package dev.understudy.journal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A journal in memory, for simulations: it outlives a simulated process whole, and a simulated loss of power up to the last
 * {@link #sync}. It keeps what an entry must be as {@link JournalWriter} does. On one thread.
 */
public final class MemoryJournal implements Journal
{
    /** What one process after the other goes on with. */
    private static final class Kept
    {
        private final List<byte[]> entries = new ArrayList<>();
        private JournalBase base;

        /** Number of the first entry that a loss of power takes. */
        private long synced;
    }

    private final String name;
    private final Kept kept;
    private final JournalHead head;
    private boolean closed;

    /**
     * Begins a journal whose first entry is still to come.
     *
     * @param name what it is called in messages
     * @param base where it begins
     */
    public MemoryJournal(final String name, final JournalBase base)
    {
        this(name, new Kept());
        kept.base = base;
        kept.synced = base.firstSequence();
        head.resume(base);
    }

    private MemoryJournal(final String name, final Kept kept)
    {
        this.name = name;
        this.kept = kept;
        head = new JournalHead(name);
    }

    /**
     * Another process goes on with the journal, after the one before has let go of it or died: that one appends nothing any
     * more.
     *
     * @param told of each entry that is remembered, and then of each that is there; valid during the call
     * @throws JournalException when the entries are none of one journal
     */
    public MemoryJournal reopened(final Consumer<JournalEntry> told)
    {
        closed = true;
        final MemoryJournal next = new MemoryJournal(name, kept);
        next.head.resume(kept.base);
        kept.base.remember(told);
        final UnsafeBuffer bytes = new UnsafeBuffer(0, 0);
        for (final byte[] encoded : kept.entries)
        {
            bytes.wrap(encoded);
            final JournalEntry entry = next.head.accept(bytes, 0, encoded.length);
            next.head.follow(entry);
            told.accept(entry);
        }
        return next;
    }

    /** The power goes: what was not synced is lost; returns the number of entries that are. */
    public int losePower()
    {
        closed = true;
        final int left = (int)(kept.synced - kept.base.firstSequence());
        final int lost = kept.entries.size() - left;
        kept.entries.subList(left, kept.entries.size()).clear();
        return lost;
    }

    /** Number of entries; of one that was lost with the power, of those that are left. */
    public int size()
    {
        return kept.entries.size();
    }

    @Override
    public void start()
    {
        // It is where it will be.
    }

    @Override
    public long append(final EntryEncoder event)
    {
        requireOpen();
        head.seal(event);
        keep(event.entry(), event.buffer());
        return head.lastSequence();
    }

    @Override
    public void append(final DirectBuffer source, final int offset, final int length)
    {
        requireOpen();
        keep(head.accept(source, offset, length), head.received());
    }

    private void keep(final JournalEntry entry, final UnsafeBuffer bytes)
    {
        final byte[] copy = new byte[entry.length()];
        bytes.getBytes(0, copy);
        kept.entries.add(copy);
        head.follow(entry);
    }

    private void requireOpen()
    {
        if (closed)
        {
            throw new JournalException("journal " + name + " is closed");
        }
    }

    @Override
    public JournalCursor reader()
    {
        return new Cursor();
    }

    @Override
    public void sync()
    {
        kept.synced = head.lastSequence() + 1;
    }

    @Override
    public JournalBase base()
    {
        return kept.base;
    }

    /** {@inheritDoc} Each entry can be removed by itself. */
    @Override
    public void removeBefore(final long sequence)
    {
        final long first = Math.min(sequence, head.lastSequence());
        final int count = (int)(first - kept.base.firstSequence());
        if (count > 0)
        {
            final JournalRemembrance remembered = new JournalRemembrance(kept.base);
            final JournalEntry entry = new JournalEntry();
            for (final byte[] encoded : kept.entries.subList(0, count))
            {
                entry.wrap(new UnsafeBuffer(encoded), 0, encoded.length);
                remembered.passed(entry);
            }
            kept.base = remembered.base();
            kept.entries.subList(0, count).clear();
            kept.synced = Math.max(kept.synced, first);
        }
    }

    @Override
    public long lastSequence()
    {
        return head.lastSequence();
    }

    @Override
    public long underWay()
    {
        return -1;
    }

    @Override
    public long lastPosition()
    {
        return head.lastPosition();
    }

    @Override
    public long lastTimeNs()
    {
        return head.lastTimeNs();
    }

    @Override
    public long chainHigh()
    {
        return head.chainHigh();
    }

    @Override
    public long chainLow()
    {
        return head.chainLow();
    }

    @Override
    public Genesis genesis()
    {
        return head.genesis();
    }

    @Override
    public void close()
    {
        closed = true;
    }

    private final class Cursor implements JournalCursor
    {
        private final JournalEntry entry = new JournalEntry();
        private final UnsafeBuffer bytes = new UnsafeBuffer(0, 0);
        private long next = kept.base.firstSequence();

        @Override
        public boolean next()
        {
            requireThere(next);
            final int index = (int)(next - kept.base.firstSequence());
            if (index >= kept.entries.size())
            {
                return false;
            }
            final byte[] encoded = kept.entries.get(index);
            bytes.wrap(encoded);
            entry.wrap(bytes, 0, encoded.length);
            next++;
            return true;
        }

        @Override
        public JournalEntry entry()
        {
            return entry;
        }

        @Override
        public long nextSequence()
        {
            return next;
        }

        @Override
        public void seek(final long sequence)
        {
            requireThere(sequence);
            if (sequence > kept.base.firstSequence() + kept.entries.size())
            {
                throw new JournalException("journal " + name + " has no entry " + (sequence - 1) +
                    ", so that entry " + sequence + " cannot be gone to");
            }
            next = sequence;
        }

        private void requireThere(final long sequence)
        {
            if (sequence < kept.base.firstSequence())
            {
                throw new JournalException("journal " + name + " begins with entry " + kept.base.firstSequence() +
                    ": entry " + sequence + " was removed, since a snapshot made it needless");
            }
        }

        @Override
        public void close()
        {
            // There is nothing to let go of.
        }
    }
}
