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
    private final String name;
    private final List<byte[]> entries;
    private final JournalHead head;

    /** Entries that a loss of power leaves. */
    private int synced;
    private boolean closed;

    /**
     * Begins a journal whose first entry is still to come.
     *
     * @param name what it is called in messages
     */
    public MemoryJournal(final String name)
    {
        this(name, new ArrayList<>());
    }

    private MemoryJournal(final String name, final List<byte[]> entries)
    {
        this.name = name;
        this.entries = entries;
        head = new JournalHead(name);
    }

    /**
     * Another process goes on with the journal, after the one before has let go of it or died: that one appends nothing any
     * more.
     *
     * @param told of each entry; valid during the call
     * @throws JournalException when the entries are none of one journal
     */
    public MemoryJournal reopened(final Consumer<JournalEntry> told)
    {
        closed = true;
        final MemoryJournal next = new MemoryJournal(name, entries);
        next.synced = synced;
        final UnsafeBuffer bytes = new UnsafeBuffer(0, 0);
        for (final byte[] encoded : entries)
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
        final int lost = entries.size() - synced;
        entries.subList(synced, entries.size()).clear();
        return lost;
    }

    /** Number of entries; of one that was lost with the power, of those that are left. */
    public int size()
    {
        return entries.size();
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
        entries.add(copy);
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
        synced = entries.size();
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
        private int next;

        @Override
        public boolean next()
        {
            if (next >= entries.size())
            {
                return false;
            }
            final byte[] encoded = entries.get(next);
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
            if (sequence > entries.size())
            {
                throw new JournalException("journal " + name + " has no entry " + (sequence - 1) +
                    ", so that entry " + sequence + " cannot be gone to");
            }
            next = (int)sequence;
        }

        @Override
        public void close()
        {
            // There is nothing to let go of.
        }
    }
}
