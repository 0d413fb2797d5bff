package dev.understudy.journal;

import dev.understudy.journal.codec.MessageHeaderDecoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Looks in a file for entries behind a place where the entry that is due is not whole: with them it was damaged, without
 * them it was never finished. Not thread-safe.
 */
final class LaterEntries
{
    /** Entries further ahead than this are taken for chance. */
    private static final long MAX_LOOKAHEAD_ENTRIES = 1L << 32;

    /** Where an entry's schema and version stand after its word, and what they are. */
    private static final int SCHEMA_OFFSET = QueueFile.WORD_BYTES + MessageHeaderDecoder.schemaIdEncodingOffset();
    private static final int SCHEMA = MessageHeaderDecoder.SCHEMA_ID | MessageHeaderDecoder.SCHEMA_VERSION << Short.SIZE;

    private final UnsafeBuffer head = new UnsafeBuffer(new byte[JournalEntry.MIN_BYTES]);
    private final JournalEntry candidate = new JournalEntry();

    /** Whether a later entry than the one that is due at a place stands behind it. */
    boolean areBehind(final QueueFile file, final long place, final long dueSequence)
    {
        return areIn(file, behind(file, place, dueSequence), dueSequence + 1);
    }

    /** Whether something that looks like an entry, from a number on, stands in a file from a place on. */
    boolean areIn(final QueueFile file, final long from, final long leastSequence)
    {
        final long size = file.size();
        for (long place = file.nextNonZero(from); place >= 0; place = file.nextNonZero(place + QueueFile.WORD_BYTES))
        {
            final int length = QueueFile.lengthOf(file.word(place));
            // Only the head is looked at; the whole would have to follow a chain that is broken.
            if (file.word(place + SCHEMA_OFFSET) == SCHEMA && length >= JournalEntry.MIN_BYTES &&
                length <= EntryEncoder.MAX_BYTES && place + QueueFile.WORD_BYTES + length <= size &&
                file.copy(place + QueueFile.WORD_BYTES, head, head.capacity()) &&
                candidate.tryWrapHead(head, length) &&
                candidate.sequence() - leastSequence >= 0 &&
                candidate.sequence() - leastSequence < MAX_LOOKAHEAD_ENTRIES)
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
        if ((word == 0 || word == QueueFile.BEING_WRITTEN) &&
            file.copy(place + QueueFile.WORD_BYTES, head, head.capacity()) &&
            candidate.tryWrapHead(head, EntryEncoder.MAX_BYTES) && candidate.sequence() == dueSequence &&
            candidate.hasData())
        {
            final long payload = place + QueueFile.WORD_BYTES + MessageHeaderDecoder.ENCODED_LENGTH +
                EventType.VSOCK_PACKET.blockLength();
            final int length = file.word(payload);
            if (length >= 0 && length <= EntryEncoder.MAX_DATA_BYTES)
            {
                return payload + Integer.BYTES + length & -QueueFile.WORD_BYTES;
            }
        }
        return place + QueueFile.WORD_BYTES;
    }
}
