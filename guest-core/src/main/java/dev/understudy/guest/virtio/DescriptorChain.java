package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * One buffer that the driver has made available: pieces of RAM that the device reads, then pieces that it writes.
 * <p>
 * A copy of the descriptors, each checked when it was added, so that what the driver does to the ring afterwards
 * changes nothing. Filled again and again by {@link VirtQueue#pop} without allocation. Owned by the hart thread.
 */
final class DescriptorChain
{
    private final long[] addresses = new long[VirtQueue.MAX_SIZE];
    private final int[] lengths = new int[VirtQueue.MAX_SIZE];
    private int head;
    private int count;
    private int readableCount;
    @Derived("the pieces")
    private long readableBytes;
    @Derived("the pieces")
    private long writableBytes;

    /** Empties the chain, to be filled with that of descriptor {@code newHead}. */
    void begin(final int newHead)
    {
        head = newHead;
        count = 0;
        readableCount = 0;
        readableBytes = 0;
        writableBytes = 0;
    }

    /**
     * Appends a piece.
     *
     * @param length in bytes; the piece lies in RAM if this is not 0
     * @return false when a piece to read follows one to write, which section 2.7.4.2 forbids
     */
    boolean add(final long address, final int length, final boolean isWritable)
    {
        if (isWritable)
        {
            writableBytes += length;
        }
        else
        {
            if (readableCount != count)
            {
                return false;
            }
            readableCount++;
            readableBytes += length;
        }
        addresses[count] = address;
        lengths[count] = length;
        count++;
        return true;
    }

    /** Index of the first descriptor, which names the buffer in the used ring. */
    int head()
    {
        return head;
    }

    /** Number of pieces that the device reads. */
    int readableCount()
    {
        return readableCount;
    }

    /** Number of bytes that the device may read. */
    long readableBytes()
    {
        return readableBytes;
    }

    /** Number of bytes that the device may write. */
    long writableBytes()
    {
        return writableBytes;
    }

    /** Physical address of a piece. */
    long address(final int piece)
    {
        return addresses[piece];
    }

    /** Length of a piece in bytes. */
    int length(final int piece)
    {
        return lengths[piece];
    }

    /** Copies the first {@code length} readable bytes out; there are so many. */
    void read(final GuestMemory memory, final byte[] to, final int index, final int length)
    {
        read(memory, 0, to, index, length);
    }

    /**
     * Copies bytes out.
     *
     * @param position number of readable bytes to skip; with {@code length} at most {@link #readableBytes}
     */
    void read(final GuestMemory memory, final long position, final byte[] to, final int index, final int length)
    {
        long skip = position;
        int done = 0;
        for (int piece = 0; done < length; piece++)
        {
            if (skip >= lengths[piece])
            {
                skip -= lengths[piece];
                continue;
            }
            final int bytes = Math.min(lengths[piece] - (int)skip, length - done);
            memory.read(addresses[piece] + skip, to, index + done, bytes);
            done += bytes;
            skip = 0;
        }
    }

    /**
     * Copies bytes in.
     *
     * @param position number of writable bytes to skip; with {@code length} at most {@link #writableBytes}
     */
    void write(
        final GuestMemory memory, final long position, final byte[] from, final int index, final int length)
    {
        long skip = position;
        int done = 0;
        for (int piece = readableCount; done < length; piece++)
        {
            if (skip >= lengths[piece])
            {
                skip -= lengths[piece];
                continue;
            }
            final int bytes = Math.min(lengths[piece] - (int)skip, length - done);
            memory.write(addresses[piece] + skip, from, index + done, bytes);
            done += bytes;
            skip = 0;
        }
    }

    void save(final StateWriter to)
    {
        to.write(head);
        to.write(count);
        to.write(readableCount);
        for (int piece = 0; piece < count; piece++)
        {
            to.write(addresses[piece]);
            to.write(lengths[piece]);
        }
    }

    /** Takes over what {@link #save} wrote; @throws StateException when the pieces do not lie in RAM */
    void load(final StateReader from, final GuestMemory memory)
    {
        begin(from.readInt(0, VirtQueue.MAX_SIZE - 1));
        final int pieces = from.readInt(0, VirtQueue.MAX_SIZE);
        final int readable = from.readInt(0, pieces);
        for (int piece = 0; piece < pieces; piece++)
        {
            final long address = from.readLong();
            final int length = from.readInt(0, Integer.MAX_VALUE);
            if (length > 0 && !memory.contains(address, length))
            {
                throw new StateException("the saved state has a buffer that is not in RAM: it was damaged");
            }
            add(address, length, piece >= readable);
        }
    }
}
