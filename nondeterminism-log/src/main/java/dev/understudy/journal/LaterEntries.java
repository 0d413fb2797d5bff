package dev.understudy.journal;

/**
 * Looks in a file for entries behind a place where the entry that is due is not whole: with them it was damaged, without
 * them it was never finished. Not thread-safe.
 */
final class LaterEntries
{
    /** Entries further ahead than this are taken for chance. */
    private static final long MAX_LOOKAHEAD_ENTRIES = 1L << 32;

    /** Whether a later entry than the one that is due at a place stands behind it. */
    boolean areBehind(final QueueFile file, final long place, final long dueSequence)
    {
        return areIn(file, behind(file, place, dueSequence), file.size(), dueSequence + 1);
    }

    /** Whether something that looks like an entry, from a number on, begins in a part of a file. */
    boolean areIn(final QueueFile file, final long from, final long end, final long leastSequence)
    {
        final long size = file.size();
        for (long place = file.nextNonZero(from); place >= 0 && place < end;
            place = file.nextNonZero(place + QueueFile.WORD_BYTES))
        {
            final int length = QueueFile.lengthOf(file.word(place));
            // Only the head is looked at; the whole would have to follow entries that are broken.
            if (PackedEntry.isHead(file.word(place + QueueFile.WORD_BYTES)) && length >= PackedEntry.MIN_BYTES &&
                length <= PackedEntry.MAX_BYTES && place + QueueFile.WORD_BYTES + length <= size &&
                PackedEntry.sequenceAt(file, place) - leastSequence >= 0 &&
                PackedEntry.sequenceAt(file, place) - leastSequence < MAX_LOOKAHEAD_ENTRIES)
            {
                return true;
            }
        }
        return false;
    }

    /**
     * Where to begin. Chronicle writes an entry first and its word last: an entry whose word never came is passed over
     * when so much of it is there, since what a guest sent may look like entries.
     */
    private long behind(final QueueFile file, final long place, final long dueSequence)
    {
        final int word = file.word(place);
        if ((word == 0 || word == QueueFile.BEING_WRITTEN) && PackedEntry.sequenceAt(file, place) == dueSequence)
        {
            final long start = place + QueueFile.WORD_BYTES;
            final int available = (int)Math.min(PackedEntry.MAX_BYTES, file.size() - start);
            final EntryUnpacker unpacker = new EntryUnpacker();
            if (available >= PackedEntry.MIN_BYTES && file.copy(start, unpacker.packed(), available))
            {
                final int length = unpacker.measure(available);
                return length < 0 ? start : start + length & -QueueFile.WORD_BYTES;
            }
        }
        return place + QueueFile.WORD_BYTES;
    }
}
