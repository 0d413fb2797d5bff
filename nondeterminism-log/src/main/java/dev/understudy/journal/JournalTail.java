package dev.understudy.journal;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.broadcast.BroadcastBufferDescriptor;
import org.agrona.concurrent.broadcast.BroadcastReceiver;
import org.agrona.concurrent.broadcast.BroadcastTransmitter;

/**
 * The last packed entries of a journal in memory, for readers in the writer's process: they need neither the file nor
 * the hash for an entry that was appended just now. The writer waits for nobody; a reader that falls behind by more than
 * this holds finds what it lost in the file.
 */
final class JournalTail
{
    /** Some 3,000 entries of a busy key-value service. */
    private static final int CAPACITY_BYTES = 256 << 10;

    /** The packed entry, and before it its place in the file. */
    private static final int ENTRY_OFFSET = Long.BYTES;

    private static final int ENTRY = 1;
    private static final int FIRST_OF_FILE = 2;

    private final UnsafeBuffer buffer = new UnsafeBuffer(
        ByteBuffer.allocateDirect(CAPACITY_BYTES + BroadcastBufferDescriptor.TRAILER_LENGTH));
    private final BroadcastTransmitter transmitter = new BroadcastTransmitter(buffer);
    private final UnsafeBuffer message = new UnsafeBuffer(new byte[transmitter.maxMsgLength()]);
    private final AtomicLong lastSequence = new AtomicLong(-1);

    /** Goes on behind the last entry of a journal that was written before. */
    void resume(final long last)
    {
        lastSequence.setRelease(last);
    }

    /**
     * Takes an entry that is in the file now; one that is too long for this is there alone. On the writer's thread.
     *
     * @param packed holds the packed entry from its start on
     * @param place  of the entry's word in its file
     */
    void add(
        final long sequence, final UnsafeBuffer packed, final int length, final long place, final boolean isFirstOfFile)
    {
        if (ENTRY_OFFSET + length <= message.capacity())
        {
            message.putLong(0, place);
            message.putBytes(ENTRY_OFFSET, packed, 0, length);
            transmitter.transmit(isFirstOfFile ? FIRST_OF_FILE : ENTRY, message, 0, ENTRY_OFFSET + length);
        }
        lastSequence.setRelease(sequence);
    }

    /** Takes entries from here; for one thread at a time. */
    Cursor cursor()
    {
        return new Cursor();
    }

    /** A reader's place. What it tells of an entry is that of the last one taken. */
    final class Cursor
    {
        private final BroadcastReceiver receiver = new BroadcastReceiver(buffer);
        private boolean hasMessage;
        private long place;
        private boolean isFirstOfFile;

        /**
         * Takes an entry by its number.
         *
         * @param to gets the packed entry, from its start on
         * @return its length in bytes; 0 when it is not here
         */
        int take(final long sequence, final UnsafeBuffer to)
        {
            while (hasMessage || receiver.receiveNext())
            {
                hasMessage = true;
                final MutableDirectBuffer messages = receiver.buffer();
                final int offset = receiver.offset();
                final int length = receiver.length() - ENTRY_OFFSET;
                final long found = messages.getLong(offset + ENTRY_OFFSET + PackedEntry.SEQUENCE_OFFSET);
                isFirstOfFile = receiver.typeId() == FIRST_OF_FILE;
                place = messages.getLong(offset);
                // What the writer has come to overwrite must not even be copied: its length may be any.
                boolean isWhole = receiver.validate();
                if (isWhole && found > sequence)
                {
                    return 0;
                }
                if (isWhole && found == sequence)
                {
                    messages.getBytes(offset + ENTRY_OFFSET, to, 0, length);
                    isWhole = receiver.validate();
                }
                hasMessage = false;
                if (isWhole && found == sequence)
                {
                    return length;
                }
            }
            return 0;
        }

        /** Whether the journal has an entry of this number, here or in its files. */
        boolean isWritten(final long sequence)
        {
            return lastSequence.getAcquire() >= sequence;
        }

        /** Where the word before the entry stands in its file. */
        long place()
        {
            return place;
        }

        /** Whether its file begins with the entry. */
        boolean isFirstOfFile()
        {
            return isFirstOfFile;
        }
    }
}
