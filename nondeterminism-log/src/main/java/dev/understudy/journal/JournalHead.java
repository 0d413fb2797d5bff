package dev.understudy.journal;

import java.util.Locale;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The end of a journal: what the next entry has to follow. Whoever appends has an event sealed or an entry accepted, writes
 * it, and then has it followed, or taken back when it could not be written. Owned by whoever appends.
 */
final class JournalHead
{
    /** What the journal is called in messages. */
    private final Object journal;
    private final UnsafeBuffer received = new UnsafeBuffer(new byte[EntryEncoder.MAX_BYTES]);
    private final JournalEntry entry = new JournalEntry();
    private final HashChain chain = new HashChain();

    private Genesis genesis;
    private long lastSequence = -1;
    private long lastPosition;
    private long lastTimeNs;
    private long chainHigh;
    private long chainLow;

    JournalHead(final Object journal)
    {
        this.journal = journal;
    }

    /** Begins where a journal does that has no entry yet. */
    void resume(final JournalBase base)
    {
        resume(base.genesis(), base.firstSequence() - 1, base.position(), base.timeNs(), base.chainHigh(), base.chainLow());
    }

    /** Goes on behind the last entry of a journal that is there. */
    void resume(
        final Genesis itsGenesis,
        final long sequence,
        final long position,
        final long timeNs,
        final long high,
        final long low)
    {
        genesis = itsGenesis;
        lastSequence = sequence;
        lastPosition = position;
        lastTimeNs = timeNs;
        chainHigh = high;
        chainLow = low;
        chain.set(high, low);
    }

    /**
     * Makes an event the next entry: it gets its sequence number and its hash.
     *
     * @throws JournalException when it cannot follow the last entry
     */
    void seal(final EntryEncoder event)
    {
        final JournalEntry next = event.entry();
        requireOrder(next);
        event.sequence(lastSequence + 1);
        chain.seal(event.buffer(), next.length());
    }

    /**
     * Takes a copy of an entry that another journal has.
     *
     * @return the copy, which begins where {@link #received} does; valid until the next call
     * @throws JournalException when it does not follow the last entry
     */
    JournalEntry accept(final DirectBuffer source, final int offset, final int length)
    {
        if (length > EntryEncoder.MAX_BYTES)
        {
            throw refused("it has %,d bytes, the longest entry has %,d", length, EntryEncoder.MAX_BYTES);
        }
        final String problem = entry.tryWrap(source, offset, length);
        if (problem != null)
        {
            throw refused("%s", problem);
        }
        if (entry.sequence() != lastSequence + 1)
        {
            throw refused("it is entry %d, entry %d is due", entry.sequence(), lastSequence + 1);
        }
        requireOrder(entry);
        source.getBytes(offset, received, 0, length);
        entry.tryWrap(received, 0, length);
        if (!chain.accept(received, length))
        {
            throw refused("the hash chain of entry %d is %016x%016x, by the entries here it is %s",
                entry.sequence(), entry.chainHigh(), entry.chainLow(), chain.computed());
        }
        return entry;
    }

    /** Holds what {@link #accept} took, from its start on. */
    UnsafeBuffer received()
    {
        return received;
    }

    /** The entry that was sealed or accepted is in the journal. */
    void follow(final JournalEntry appended)
    {
        if (lastSequence < 0)
        {
            genesis = appended.genesis();
        }
        lastSequence = appended.sequence();
        lastPosition = appended.position();
        lastTimeNs = appended.timeNs();
        chainHigh = chain.high();
        chainLow = chain.low();
    }

    /** The entry that was sealed or accepted could not be written. */
    void takeBack()
    {
        chain.set(chainHigh, chainLow);
    }

    private void requireOrder(final JournalEntry next)
    {
        if ((next.type() == EventType.GENESIS) != (lastSequence < 0))
        {
            throw refused("entry %d is a %s; the first entry, and no other, is a genesis", lastSequence + 1, next.type());
        }
        if (Long.compareUnsigned(next.position(), lastPosition) < 0)
        {
            throw refused("its position is %s, the last entry's is %s",
                Long.toUnsignedString(next.position()), Long.toUnsignedString(lastPosition));
        }
    }

    private JournalException refused(final String why, final Object... values)
    {
        return new JournalException("journal " + journal + " refuses an entry: " + String.format(Locale.ROOT, why, values) +
            ". Nothing was appended; the last entry is " + lastSequence);
    }

    /** The first entry; null while there is none. */
    Genesis genesis()
    {
        return genesis;
    }

    /** Number of the last entry; -1 without one. */
    long lastSequence()
    {
        return lastSequence;
    }

    /** Position of the last entry. */
    long lastPosition()
    {
        return lastPosition;
    }

    /** Guest time of the last entry, in nanoseconds. */
    long lastTimeNs()
    {
        return lastTimeNs;
    }

    /** First 8 bytes of the hash chain at the last entry. */
    long chainHigh()
    {
        return chainHigh;
    }

    /** Next 8 bytes of the hash chain. */
    long chainLow()
    {
        return chainLow;
    }
}
