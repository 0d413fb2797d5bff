package dev.understudy.journal;

import dev.understudy.journal.codec.EntryHeaderDecoder;
import dev.understudy.journal.codec.MessageHeaderDecoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Packs encoded entries, one after another, into a buffer that it owns; {@link PackedEntry} is the layout. Some 50 ns for
 * a frame, which take less time to write then. Not thread-safe.
 */
final class EntryPacker
{
    private static final int HEADER = MessageHeaderDecoder.ENCODED_LENGTH;
    private static final int BODY = HEADER + EntryHeaderDecoder.ENCODED_LENGTH;
    private static final int VARINT_BITS = 7;
    private static final int VARINT_MORE = 0x80;

    private final UnsafeBuffer packed = new UnsafeBuffer(new byte[PackedEntry.MAX_BYTES]);
    private final PackingState state = new PackingState();
    private int dependent = PackedEntry.MAX_DEPENDENT;

    /** Holds the last packed entry from its start on. */
    UnsafeBuffer buffer()
    {
        return packed;
    }

    /** Has the next entry depend on none: it begins a file, or the last one was not written. */
    void restart()
    {
        dependent = PackedEntry.MAX_DEPENDENT;
    }

    /** Packs the whole entry at the start of a buffer; returns its length then, in bytes. */
    int pack(final EventType type, final UnsafeBuffer entry, final int length)
    {
        int flags = 0;
        if (dependent++ >= PackedEntry.MAX_DEPENDENT)
        {
            dependent = 0;
            flags = PackedEntry.ALONE;
            state.clear();
        }
        final long position = entry.getLong(
            HEADER + EntryHeaderDecoder.positionEncodingOffset(), EntryHeaderDecoder.BYTE_ORDER);
        final long timeNs = entry.getLong(
            HEADER + EntryHeaderDecoder.timeNsEncodingOffset(), EntryHeaderDecoder.BYTE_ORDER);
        final long outputs = entry.getLong(
            HEADER + EntryHeaderDecoder.outputsEncodingOffset(), EntryHeaderDecoder.BYTE_ORDER);
        int at = putNumber(PackedEntry.HEAD_BYTES, position - state.position());
        final long passedNs = timeNs - state.timeNs();
        at = putNumber(at, passedNs << 1 ^ passedNs >> Long.SIZE - 1);
        if (outputs != state.outputs())
        {
            flags |= PackedEntry.OUTPUTS;
            packed.putLong(at, outputs, PackedEntry.BYTE_ORDER);
            at += Long.BYTES;
        }
        state.header(position, timeNs, outputs);
        packed.putInt(0, PackedEntry.head(type, flags), PackedEntry.BYTE_ORDER);
        packed.putLong(PackedEntry.SEQUENCE_OFFSET, entry.getLong(
            HEADER + EntryHeaderDecoder.sequenceEncodingOffset(), EntryHeaderDecoder.BYTE_ORDER), PackedEntry.BYTE_ORDER);
        packed.putLong(PackedEntry.CHAIN_HIGH_OFFSET, entry.getLong(
            HEADER + EntryHeaderDecoder.chainHighEncodingOffset(), EntryHeaderDecoder.BYTE_ORDER), PackedEntry.BYTE_ORDER);
        packed.putLong(PackedEntry.CHAIN_LOW_OFFSET, entry.getLong(
            HEADER + EntryHeaderDecoder.chainLowEncodingOffset(), EntryHeaderDecoder.BYTE_ORDER), PackedEntry.BYTE_ORDER);
        return putBody(type, entry, length - BODY, putNumber(at, length - BODY));
    }

    private int putBody(final EventType type, final UnsafeBuffer entry, final int length, final int start)
    {
        final UnsafeBuffer before = state.body(type, length);
        final int words = length / Integer.BYTES;
        int at = start;
        for (int first = 0; first < words; first += PackedEntry.MASKED_WORDS)
        {
            final int maskAt = at;
            final int end = Math.min(words, first + PackedEntry.MASKED_WORDS);
            int mask = 0;
            at += Integer.BYTES;
            for (int word = first; word < end; word++)
            {
                final int value = entry.getInt(BODY + word * Integer.BYTES);
                if (value != before.getInt(word * Integer.BYTES))
                {
                    before.putInt(word * Integer.BYTES, value);
                    packed.putInt(at, value);
                    at += Integer.BYTES;
                    mask |= 1 << word;
                }
            }
            packed.putInt(maskAt, mask, PackedEntry.BYTE_ORDER);
        }
        for (int i = words * Integer.BYTES; i < length; i++)
        {
            before.putByte(i, entry.getByte(BODY + i));
            packed.putByte(at++, entry.getByte(BODY + i));
        }
        return at;
    }

    private int putNumber(final int start, final long value)
    {
        int at = start;
        long rest = value;
        while ((rest & -VARINT_MORE) != 0)
        {
            packed.putByte(at++, (byte)(rest | VARINT_MORE));
            rest >>>= VARINT_BITS;
        }
        packed.putByte(at, (byte)rest);
        return at + 1;
    }
}
