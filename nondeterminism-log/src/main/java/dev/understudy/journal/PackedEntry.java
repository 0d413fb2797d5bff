package dev.understudy.journal;

import dev.understudy.journal.codec.EntryHeaderDecoder;
import dev.understudy.journal.codec.MessageHeaderDecoder;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;

/**
 * How an entry lies in a journal's file: what the entries before it do not already say.
 * <pre>
 *   0        2         3              4          12            20           28
 *   +--------+---------+--------------+----------+-------------+------------+---- ...
 *   | schema | version | type + flags | sequence | chain, high | chain, low | rest
 *   +--------+---------+--------------+----------+-------------+------------+---- ...
 *   rest, numbers of variable length (LEB128) but where a width is given:
 *     position, less that of the entry before
 *     time, less that of the entry before, zigzag
 *     hash of outputs, 8 bytes; only with the flag OUTPUTS
 *     length of the body, which is what follows the header in the encoded entry
 *     for each 32 words of four bytes of the body: a mask of 4 bytes, and each word whose bit is set: where it is not,
 *       the word is that of the last body of the same type which reached so far
 *     the last bytes of the body, when they are no whole word
 * </pre>
 * An entry with the flag ALONE depends on none: before it stand zeros only. The first entry of a file is such, and one in
 * {@link #MAX_DEPENDENT}, so that a reader can begin there. All numbers are little-endian. A frame of a TCP connection
 * has some 110 bytes, of which all but 40 were in the frame before it.
 */
final class PackedEntry
{
    static final ByteOrder BYTE_ORDER = ByteOrder.LITTLE_ENDIAN;

    static final int VERSION_OFFSET = 2;
    static final int TYPE_OFFSET = 3;
    static final int SEQUENCE_OFFSET = 4;
    static final int CHAIN_HIGH_OFFSET = 12;
    static final int CHAIN_LOW_OFFSET = 20;
    static final int HEAD_BYTES = 28;

    /** Flags beside the type. */
    static final int ALONE = 0x80;
    static final int OUTPUTS = 0x40;
    static final int TYPE_MASK = 0x3F;

    /** Entries in a row that depend on others: what a reader has to unpack at most to begin at any entry. */
    static final int MAX_DEPENDENT = 1024;

    /** Words of a body that a mask is for. */
    static final int MASKED_WORDS = Integer.SIZE;

    /** The least length: position, time and length of the body take a byte each. */
    static final int MIN_BYTES = HEAD_BYTES + 3;

    /** The longest entry, in bytes: a body in which nothing is as before. */
    static final int MAX_BYTES = maxBytes(EntryEncoder.MAX_BYTES);

    /** Schema and version, which the first four bytes of an entry begin with. */
    private static final int MARK = MessageHeaderDecoder.SCHEMA_ID | EntryEncoder.FORMAT_VERSION << Short.SIZE;
    private static final int MARK_MASK = 0xFF_FFFF;

    /** In that version an entry lay there as it is encoded. */
    private static final int FIRST_VERSION = 1;
    private static final int FIRST_SEQUENCE_OFFSET =
        MessageHeaderDecoder.ENCODED_LENGTH + EntryHeaderDecoder.sequenceEncodingOffset();

    private PackedEntry()
    {
    }

    /** The most that an encoded entry of a length takes. */
    static int maxBytes(final int length)
    {
        return HEAD_BYTES + 32 + length + (length / (MASKED_WORDS * Integer.BYTES) + 1) * Integer.BYTES;
    }

    /** The first four bytes of an entry. */
    static int head(final EventType type, final int flags)
    {
        return MARK | (type.templateId() | flags) << TYPE_OFFSET * Byte.SIZE;
    }

    /** Whether the first four bytes are an entry's of this version. */
    static boolean isHead(final int word)
    {
        return (word & MARK_MASK) == MARK && type(word) != null;
    }

    static boolean isAlone(final int word)
    {
        return (word >>> TYPE_OFFSET * Byte.SIZE & ALONE) != 0;
    }

    static EventType type(final int word)
    {
        return EventType.of(word >>> TYPE_OFFSET * Byte.SIZE & TYPE_MASK);
    }

    /** Number of the entry whose word is at a place of a file. */
    static long sequenceAt(final QueueFile file, final long place)
    {
        final long at = place + QueueFile.WORD_BYTES + SEQUENCE_OFFSET;
        return Integer.toUnsignedLong(file.word(at)) | (long)file.word(at + Integer.BYTES) << Integer.SIZE;
    }

    /** Whether this is the entry with a number, as another version of the format has it. */
    static boolean isOfOtherVersion(final DirectBuffer packed, final long sequence)
    {
        final int version = version(packed);
        final int sequenceOffset = version == FIRST_VERSION ? FIRST_SEQUENCE_OFFSET : SEQUENCE_OFFSET;
        return version >= 0 && version != EntryEncoder.FORMAT_VERSION &&
            packed.getLong(sequenceOffset, BYTE_ORDER) == sequence;
    }

    /** The version of the format of which this is an entry; -1 when it is none of any. */
    static int version(final DirectBuffer packed)
    {
        if (packed.getShort(0, BYTE_ORDER) == MessageHeaderDecoder.SCHEMA_ID)
        {
            return packed.getByte(VERSION_OFFSET) & 0xFF;
        }
        return packed.getShort(MessageHeaderDecoder.schemaIdEncodingOffset(), BYTE_ORDER) ==
            MessageHeaderDecoder.SCHEMA_ID ? FIRST_VERSION : -1;
    }
}
