package dev.understudy.journal;

import dev.understudy.journal.codec.EntryHeaderDecoder;
import dev.understudy.journal.codec.EntryHeaderEncoder;
import dev.understudy.journal.codec.MessageHeaderDecoder;
import dev.understudy.journal.codec.MessageHeaderEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Unpacks entries, one after another, to the bytes that {@link EntryPacker} was given. What it is given may be anything:
 * it says what is wrong with it, and goes nowhere before {@link #accept}. Not thread-safe.
 */
final class EntryUnpacker
{
    private static final int HEADER = MessageHeaderDecoder.ENCODED_LENGTH;
    private static final int BODY = HEADER + EntryHeaderDecoder.ENCODED_LENGTH;
    private static final int VARINT_BITS = 7;

    private final UnsafeBuffer packed = new UnsafeBuffer(new byte[PackedEntry.MAX_BYTES]);
    private final UnsafeBuffer entry = new UnsafeBuffer(new byte[EntryEncoder.MAX_BYTES]);
    private final MessageHeaderEncoder message = new MessageHeaderEncoder();
    private final EntryHeaderEncoder header = new EntryHeaderEncoder();
    private final EntryHeaderDecoder headerDecoder = new EntryHeaderDecoder();
    private PackingState state = new PackingState();
    private PackingState alone = new PackingState();
    private boolean isBegun;

    private EventType type;
    private boolean isAlone;
    private int entryLength;
    private int limit;
    private int at;
    private boolean isWhole;

    /** Where a packed entry is to be put, from the start on. */
    UnsafeBuffer packed()
    {
        return packed;
    }

    /** The last entry that was unpacked, from the start on. */
    UnsafeBuffer entry()
    {
        return entry;
    }

    /** Length of that entry in bytes. */
    int entryLength()
    {
        return entryLength;
    }

    /** Forgets the entries before: the next one has to depend on none. */
    void restart()
    {
        isBegun = false;
    }

    /**
     * Unpacks an entry.
     *
     * @return null, or what makes it no packed entry of this version
     */
    String unpack(final int length)
    {
        final int version = length < PackedEntry.MIN_BYTES ? -1 : PackedEntry.version(packed);
        if (version < 0)
        {
            return "it is no entry";
        }
        if (version != EntryEncoder.FORMAT_VERSION)
        {
            return "it is of version " + version + " of the journal's format, this release reads version " +
                EntryEncoder.FORMAT_VERSION;
        }
        final int head = packed.getInt(0, PackedEntry.BYTE_ORDER);
        if (!PackedEntry.isHead(head))
        {
            return "its type is not known to this release";
        }
        if (!PackedEntry.isAlone(head) && !isBegun)
        {
            return "it depends on entries that are not there";
        }
        parse(head, length);
        return isWhole && at == length ? null : "its parts do not fit its length of " + length + " bytes";
    }

    /** Goes on to the entry that was unpacked, on which the next one may depend. */
    void accept()
    {
        if (isAlone)
        {
            final PackingState old = state;
            state = alone;
            alone = old;
            alone.clear();
        }
        isBegun = true;
        headerDecoder.wrap(entry, HEADER);
        state.header(headerDecoder.position(), headerDecoder.timeNs(), headerDecoder.outputs());
        state.body(type, entry, BODY, entryLength - BODY);
    }

    /**
     * Length of the packed entry that {@link #packed} begins with, of which the length is not known; -1 when not all of it
     * is there, or it is none.
     */
    int measure(final int available)
    {
        final int head = packed.getInt(0, PackedEntry.BYTE_ORDER);
        if (available < PackedEntry.MIN_BYTES || !PackedEntry.isHead(head))
        {
            return -1;
        }
        parse(head, available);
        return isWhole ? at : -1;
    }

    /** Reads a packed entry as far as it goes; {@link #at} is behind it then. */
    private void parse(final int head, final int available)
    {
        type = PackedEntry.type(head);
        isAlone = PackedEntry.isAlone(head);
        limit = available;
        at = PackedEntry.HEAD_BYTES;
        isWhole = true;
        final PackingState before = isAlone ? alone : state;
        final long position = before.position() + number();
        final long passedNs = number();
        final boolean hasOutputs = (head >>> PackedEntry.TYPE_OFFSET * Byte.SIZE & PackedEntry.OUTPUTS) != 0;
        final long outputs = hasOutputs ? longNumber() : before.outputs();
        final long bodyLength = number();
        if (!isWhole || bodyLength < 0 || bodyLength > EntryEncoder.MAX_BYTES - BODY)
        {
            isWhole = false;
            return;
        }
        message.wrap(entry, 0)
            .blockLength(type.blockLength())
            .templateId(type.templateId())
            .schemaId(MessageHeaderDecoder.SCHEMA_ID)
            .version(MessageHeaderDecoder.SCHEMA_VERSION);
        header.wrap(entry, HEADER)
            .sequence(packed.getLong(PackedEntry.SEQUENCE_OFFSET, PackedEntry.BYTE_ORDER))
            .position(position)
            .timeNs(before.timeNs() + (passedNs >>> 1 ^ -(passedNs & 1)))
            .outputs(outputs)
            .chainHigh(packed.getLong(PackedEntry.CHAIN_HIGH_OFFSET, PackedEntry.BYTE_ORDER))
            .chainLow(packed.getLong(PackedEntry.CHAIN_LOW_OFFSET, PackedEntry.BYTE_ORDER));
        entryLength = BODY + (int)bodyLength;
        getBody(before, (int)bodyLength);
    }

    private void getBody(final PackingState state, final int length)
    {
        final UnsafeBuffer before = state.body(type, length);
        final int words = length / Integer.BYTES;
        for (int first = 0; first < words; first += PackedEntry.MASKED_WORDS)
        {
            if (at + Integer.BYTES > limit)
            {
                isWhole = false;
                return;
            }
            final int mask = packed.getInt(at, PackedEntry.BYTE_ORDER);
            at += Integer.BYTES;
            final int end = Math.min(words, first + PackedEntry.MASKED_WORDS);
            final boolean isBeyondEnd = end - first < PackedEntry.MASKED_WORDS && mask >>> end - first != 0;
            if (isBeyondEnd || at + Integer.bitCount(mask) * Integer.BYTES > limit)
            {
                isWhole = false;
                return;
            }
            for (int word = first; word < end; word++)
            {
                final boolean isChanged = (mask & 1 << word) != 0;
                entry.putInt(BODY + word * Integer.BYTES,
                    isChanged ? packed.getInt(at) : before.getInt(word * Integer.BYTES));
                at += isChanged ? Integer.BYTES : 0;
            }
        }
        final int rest = length % Integer.BYTES;
        if (at + rest > limit)
        {
            isWhole = false;
            return;
        }
        entry.putBytes(BODY + words * Integer.BYTES, packed, at, rest);
        at += rest;
    }

    private long longNumber()
    {
        if (at + Long.BYTES > limit)
        {
            isWhole = false;
            return 0;
        }
        at += Long.BYTES;
        return packed.getLong(at - Long.BYTES, PackedEntry.BYTE_ORDER);
    }

    private long number()
    {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE && at < limit; shift += VARINT_BITS)
        {
            final byte part = packed.getByte(at++);
            value |= (long)(part & 0x7F) << shift;
            if (part >= 0)
            {
                return value;
            }
        }
        isWhole = false;
        return 0;
    }
}
