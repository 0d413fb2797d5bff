package dev.understudy.journal;

import java.util.ArrayList;
import java.util.List;

/** Finds out where a journal begins when entries are removed: they are passed one after the other. Not thread-safe. */
final class JournalRemembrance
{
    private byte[] genesis;
    private byte[] generation;
    private byte[] backup;
    private long nextSequence;
    private long position;
    private long timeNs;
    private long chainHigh;
    private long chainLow;

    /** @param base where the journal begins now */
    JournalRemembrance(final JournalBase base)
    {
        base.remember(this::remember);
        nextSequence = base.firstSequence();
    }

    /** The next entry is to be removed. */
    void passed(final JournalEntry entry)
    {
        remember(entry);
        nextSequence = entry.sequence() + 1;
        position = entry.position();
        timeNs = entry.timeNs();
        chainHigh = entry.chainHigh();
        chainLow = entry.chainLow();
    }

    private void remember(final JournalEntry entry)
    {
        switch (entry.type())
        {
            case GENESIS -> genesis = copy(entry);
            case GENERATION ->
            {
                generation = copy(entry);
                // Who was the backup in the one before does not count any more.
                backup = null;
            }
            case BACKUP_JOINED -> backup = copy(entry);
            default ->
            {
            }
        }
    }

    private static byte[] copy(final JournalEntry entry)
    {
        final byte[] encoded = new byte[entry.length()];
        entry.buffer().getBytes(entry.offset(), encoded);
        return encoded;
    }

    /** Where the journal begins without the entries that were passed; there is at least one. */
    JournalBase base()
    {
        final List<byte[]> remembered = new ArrayList<>();
        for (final byte[] encoded : new byte[][]{genesis, generation, backup})
        {
            if (encoded != null)
            {
                remembered.add(encoded);
            }
        }
        return new JournalBase(nextSequence, position, timeNs, chainHigh, chainLow, List.copyOf(remembered));
    }
}
