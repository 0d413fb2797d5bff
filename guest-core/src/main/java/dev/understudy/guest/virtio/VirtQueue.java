package dev.understudy.guest.virtio;

import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.memory.GuestMemory;

/**
 * The device's end of a split virtqueue. Every address, index and length that the guest gives is checked.
 * <p>
 * A chain is taken with {@link #pop}, walked with {@link #next}, and given back with {@link #push}. Whatever is not as
 * the specification says makes the queue {@link #isBroken()}, and the walk ends. Source: virtio 1.2, section 2.7. Owned
 * by the hart thread.
 */
final class VirtQueue
{
    /** The most entries that a queue may have. */
    static final int MAX_SIZE = 256;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int FLAG_NEXT = 1;
    private static final int FLAG_WRITE = 2;
    private static final int FLAG_INDIRECT = 4;
    private static final int AVAIL_NO_INTERRUPT = 1;
    private static final int INDEX_MASK = 0xFFFF;

    private final GuestMemory memory;

    private int size;
    private boolean ready;
    private long descriptors;
    private long available;
    private long used;
    private int nextAvailable;
    private int nextUsed;
    private boolean broken;

    /** The descriptor that the walk stands on. */
    private long address;
    private int length;
    private boolean writable;
    private int nextDescriptor;
    private int walked;

    VirtQueue(final GuestMemory memory)
    {
        this.memory = memory;
    }

    void reset()
    {
        size = 0;
        ready = false;
        descriptors = 0;
        available = 0;
        used = 0;
        nextAvailable = 0;
        nextUsed = 0;
        broken = false;
    }

    int size()
    {
        return size;
    }

    void size(final int entries)
    {
        size = entries;
    }

    boolean isReady()
    {
        return ready;
    }

    /** Whether the guest did something that the specification forbids. */
    boolean isBroken()
    {
        return broken;
    }

    /** Takes the queue into or out of use; a queue that cannot be used is broken. */
    void ready(final boolean isReady)
    {
        ready = isReady;
        if (!isReady)
        {
            nextAvailable = 0;
            nextUsed = 0;
            return;
        }
        final boolean isValid = size > 0 && size <= MAX_SIZE && Integer.bitCount(size) == 1 &&
            (descriptors & 15) == 0 && (available & 1) == 0 && (used & 3) == 0 &&
            memory.contains(descriptors, (long)size * DESCRIPTOR_BYTES) &&
            memory.contains(available, 6 + 2L * size) &&
            memory.contains(used, 6 + 8L * size);
        broken |= !isValid;
    }

    long descriptors()
    {
        return descriptors;
    }

    void descriptors(final long value)
    {
        descriptors = value;
    }

    long available()
    {
        return available;
    }

    void available(final long value)
    {
        available = value;
    }

    long used()
    {
        return used;
    }

    void used(final long value)
    {
        used = value;
    }

    /** Whether a chain is there to be taken. */
    boolean hasAvailable()
    {
        return ready && !broken && memory.readShort(available + 2) != nextAvailable;
    }

    /**
     * Takes the next chain and stands before its first descriptor.
     *
     * @return the chain's head, to be given back; -1 when there is none
     */
    int pop()
    {
        if (!hasAvailable())
        {
            return -1;
        }
        final int waiting = memory.readShort(available + 2) - nextAvailable & INDEX_MASK;
        final int head = memory.readShort(available + 4 + 2L * (nextAvailable & size - 1));
        if (waiting > size || head >= size)
        {
            broken = true;
            return -1;
        }
        nextAvailable = nextAvailable + 1 & INDEX_MASK;
        rewind(head);
        return head;
    }

    /** Stands before the first descriptor of a chain again. */
    void rewind(final int head)
    {
        nextDescriptor = head;
        walked = 0;
    }

    /** Puts the chain that was taken last back, as if it had not been taken. */
    void unpop()
    {
        nextAvailable = nextAvailable - 1 & INDEX_MASK;
    }

    /** Goes to the next descriptor of the chain; false at its end, or when the queue is broken. */
    boolean next()
    {
        if (nextDescriptor < 0 || broken)
        {
            return false;
        }
        if (nextDescriptor >= size || walked == size)
        {
            broken = true;
            return false;
        }
        final long descriptor = descriptors + (long)nextDescriptor * DESCRIPTOR_BYTES;
        final int flags = memory.readShort(descriptor + 12);
        address = memory.readLong(descriptor);
        length = memory.readInt(descriptor + 8);
        writable = (flags & FLAG_WRITE) != 0;
        nextDescriptor = (flags & FLAG_NEXT) != 0 ? memory.readShort(descriptor + 14) : -1;
        walked++;
        if ((flags & FLAG_INDIRECT) != 0 || length < 0 || !memory.contains(address, length))
        {
            broken = true;
            return false;
        }
        return true;
    }

    /** Physical address of the present descriptor's buffer. */
    long address()
    {
        return address;
    }

    /** Length of the present descriptor's buffer in bytes. */
    int length()
    {
        return length;
    }

    /** Whether the present descriptor's buffer is for the device to write. */
    boolean isWritable()
    {
        return writable;
    }

    /** Gives a chain back after {@code written} bytes were written to it. */
    void push(final int head, final int written)
    {
        final long element = used + 4 + 8L * (nextUsed & size - 1);
        memory.writeInt(element, head);
        memory.writeInt(element + 4, written);
        nextUsed = nextUsed + 1 & INDEX_MASK;
        memory.writeShort(used + 2, nextUsed);
    }

    /** Whether the guest wants to be told of chains given back. */
    boolean wantsInterrupt()
    {
        return (memory.readShort(available) & AVAIL_NO_INTERRUPT) == 0;
    }

    void digest(final StateHash hash)
    {
        hash.add(size);
        hash.add(ready);
        hash.add(descriptors);
        hash.add(available);
        hash.add(used);
        hash.add(nextAvailable);
        hash.add(nextUsed);
        hash.add(broken);
    }
}
