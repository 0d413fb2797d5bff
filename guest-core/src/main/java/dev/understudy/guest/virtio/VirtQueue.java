package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/**
 * The device's end of one split virtqueue: takes available buffers and gives used ones back.
 * <p>
 * Everything in the rings is the driver's word and is checked: indices, chain lengths, addresses, directions. What
 * breaks the rules stops the whole device until the driver resets it, and does nothing else. No method throws or loops
 * more often than the queue has entries. Allocates nothing after construction. Owned by the hart thread.
 * <pre>
 *   descriptor (16 bytes)          available ring             used ring
 *  +-------------------------+    +----------------------+   +----------------------------+
 *  | address              8  |    | flags              2 |   | flags                    2 |
 *  | length               4  |    | index              2 |   | index                    2 |
 *  | flags 2   | next     2  |    | heads         2 size |   | head 4, written 4   8 size |
 *  +-------------------------+    | used_event         2 |   | avail_event              2 |
 *                                 +----------------------+   +----------------------------+
 * </pre>
 * Source: virtio 1.2, section 2.7.
 */
final class VirtQueue implements Stateful
{
    /** The most entries of any queue: enough to keep a device busy, little enough to bound the work of one notify. */
    static final int MAX_SIZE = 256;

    private static final int DESCRIPTOR_BYTES = 16;
    private static final int DESCRIPTOR_LENGTH = 8;
    private static final int DESCRIPTOR_FLAGS = 12;
    private static final int DESCRIPTOR_NEXT = 14;
    private static final int FLAG_NEXT = 1;
    private static final int FLAG_WRITE = 2;
    private static final int FLAG_INDIRECT = 4;

    private static final int RING_INDEX = 2;
    private static final int RING_ENTRIES = 4;
    private static final int AVAILABLE_ENTRY_BYTES = 2;
    private static final int USED_ENTRY_BYTES = 8;
    private static final int EVENT_BYTES = 2;
    private static final int AVAIL_FLAG_NO_INTERRUPT = 1;

    private static final long DESCRIPTOR_ALIGNMENT = 16;
    private static final long DRIVER_ALIGNMENT = 2;
    private static final long DEVICE_ALIGNMENT = 4;
    private static final long LOW_WORD = 0xFFFF_FFFFL;

    /** The greatest index into a ring, which has 16 bits. */
    private static final int MAX_INDEX = 0xFFFF;

    private final GuestMemory memory;
    private final VirtioMmio transport;
    private final int maxSize;

    private int size;
    private boolean ready;
    private long descriptorArea;
    private long driverArea;
    private long deviceArea;

    /** Index of the next entry to take from the available ring; 16 bits. */
    private int nextAvailable;

    /** Index of the next entry to fill in the used ring; 16 bits. */
    private int nextUsed;

    /** {@link #nextUsed} when {@link #signal} last looked whether to interrupt. */
    private int signalledUsed;

    VirtQueue(final GuestMemory memory, final VirtioMmio transport, final int maxSize)
    {
        if (Integer.bitCount(maxSize) != 1 || maxSize > MAX_SIZE)
        {
            throw new IllegalArgumentException("queue of " + maxSize + " entries: expected a power of two up to " +
                MAX_SIZE);
        }
        this.memory = memory;
        this.transport = transport;
        this.maxSize = maxSize;
        reset();
    }

    int maxSize()
    {
        return maxSize;
    }

    boolean isReady()
    {
        return ready;
    }

    /** Number of entries; also the bound on buffers handled in one go, more cannot honestly be outstanding. */
    int size()
    {
        return size;
    }

    long descriptorArea()
    {
        return descriptorArea;
    }

    long driverArea()
    {
        return driverArea;
    }

    /** Index of the next entry to take from the available ring. */
    int nextAvailable()
    {
        return nextAvailable;
    }

    /** Back to the state before the driver set anything. */
    void reset()
    {
        size = maxSize;
        descriptorArea = 0;
        driverArea = 0;
        deviceArea = 0;
        stop();
    }

    /** Forgets the progress in the rings; the driver sets the queue up anew. */
    void stop()
    {
        ready = false;
        nextAvailable = 0;
        nextUsed = 0;
        signalledUsed = 0;
    }

    /** Sets the number of entries; checked by {@link #start}. No effect on a queue that is ready. */
    void size(final long value)
    {
        if (!ready)
        {
            // What does not fit an int is no valid size either.
            size = value < 0 || value > maxSize ? 0 : (int)value;
        }
    }

    /** Sets one half of the address of the descriptor table. No effect on a queue that is ready. */
    void descriptorArea(final boolean isHigh, final long value)
    {
        descriptorArea = ready ? descriptorArea : half(descriptorArea, isHigh, value);
    }

    /** Sets one half of the address of the available ring. No effect on a queue that is ready. */
    void driverArea(final boolean isHigh, final long value)
    {
        driverArea = ready ? driverArea : half(driverArea, isHigh, value);
    }

    /** Sets one half of the address of the used ring. No effect on a queue that is ready. */
    void deviceArea(final boolean isHigh, final long value)
    {
        deviceArea = ready ? deviceArea : half(deviceArea, isHigh, value);
    }

    /** Makes the queue ready if its size and addresses are valid; the device needs a reset if they are not. */
    void start()
    {
        if (ready)
        {
            return;
        }
        if (!isValid())
        {
            transport.needsReset();
            return;
        }
        ready = true;
    }

    /** Whether the driver says that there is a buffer to take, honestly or not. */
    boolean hasAvailable()
    {
        return ready && transport.isLive() && memory.readShort(driverArea + RING_INDEX) != nextAvailable;
    }

    /**
     * Takes the next available buffer.
     *
     * @param chain receives the buffer's pieces
     * @return false when there is none, or the driver broke the rules and the device now needs a reset
     */
    boolean pop(final DescriptorChain chain)
    {
        if (!ready || !transport.isLive())
        {
            return false;
        }
        final int available = (memory.readShort(driverArea + RING_INDEX) - nextAvailable) & 0xFFFF;
        if (available == 0)
        {
            return false;
        }
        final int head = memory.readShort(driverArea + RING_ENTRIES + (long)AVAILABLE_ENTRY_BYTES * slot(nextAvailable));
        if (available > size || head >= size || !walk(head, chain))
        {
            transport.needsReset();
            return false;
        }
        nextAvailable = (nextAvailable + 1) & 0xFFFF;
        if (transport.hasEventIndex())
        {
            // avail_event: a notify is wanted for the first buffer that the device has not taken yet.
            memory.writeShort(deviceArea + RING_ENTRIES + (long)USED_ENTRY_BYTES * size, nextAvailable);
        }
        return true;
    }

    /**
     * Gives a buffer back.
     *
     * @param head         as {@link DescriptorChain#head} says
     * @param writtenBytes number of bytes written to it
     */
    void push(final int head, final int writtenBytes)
    {
        final long entry = deviceArea + RING_ENTRIES + (long)USED_ENTRY_BYTES * slot(nextUsed);
        memory.writeInt(entry, head);
        memory.writeInt(entry + Integer.BYTES, writtenBytes);
        nextUsed = (nextUsed + 1) & 0xFFFF;
        memory.writeShort(deviceArea + RING_INDEX, nextUsed);
    }

    /** Interrupts the driver if buffers were given back since the last call and it wants to know. */
    void signal()
    {
        if (!ready || nextUsed == signalledUsed)
        {
            return;
        }
        final boolean isWanted;
        if (transport.hasEventIndex())
        {
            // Section 2.7.7.2: used_event lies among the entries used since the last look.
            final int usedEvent = memory.readShort(driverArea + RING_ENTRIES + (long)AVAILABLE_ENTRY_BYTES * size);
            isWanted = ((nextUsed - usedEvent - 1) & 0xFFFF) < ((nextUsed - signalledUsed) & 0xFFFF);
        }
        else
        {
            isWanted = (memory.readShort(driverArea) & AVAIL_FLAG_NO_INTERRUPT) == 0;
        }
        signalledUsed = nextUsed;
        if (isWanted)
        {
            transport.usedBuffer();
        }
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(size);
        to.write(ready);
        to.write(descriptorArea);
        to.write(driverArea);
        to.write(deviceArea);
        to.write(nextAvailable);
        to.write(nextUsed);
        to.write(signalledUsed);
    }

    @Override
    public void load(final StateReader from)
    {
        stop();
        final int entries = from.readInt(0, maxSize);
        final boolean isReady = from.readBoolean();
        descriptorArea = from.readLong();
        driverArea = from.readLong();
        deviceArea = from.readLong();
        nextAvailable = from.readInt(0, MAX_INDEX);
        nextUsed = from.readInt(0, MAX_INDEX);
        signalledUsed = from.readInt(0, MAX_INDEX);
        size = entries;
        if (isReady && !isValid())
        {
            throw new StateException("the saved state has a queue that no driver can have made ready: it was damaged");
        }
        ready = isReady;
    }

    /** Section 2.7.5: follows a chain that is at most as long as the queue; false when it is malformed. */
    private boolean walk(final int head, final DescriptorChain chain)
    {
        chain.begin(head);
        long table = descriptorArea;
        int tableSize = size;
        boolean isIndirect = false;
        int index = head;
        // One step more than there may be pieces: the descriptor of an indirect table is none.
        for (int step = 0, pieces = 0; step <= size; step++)
        {
            final long descriptor = table + (long)DESCRIPTOR_BYTES * index;
            final long address = memory.readLong(descriptor);
            final long length = memory.readInt(descriptor + DESCRIPTOR_LENGTH) & LOW_WORD;
            final int flags = memory.readShort(descriptor + DESCRIPTOR_FLAGS);

            if ((flags & FLAG_INDIRECT) != 0)
            {
                final boolean isAllowed = transport.hasIndirect() && !isIndirect && (flags & FLAG_NEXT) == 0;
                if (!isAllowed || !isIndirectTable(address, length))
                {
                    return false;
                }
                isIndirect = true;
                table = address;
                tableSize = (int)(length / DESCRIPTOR_BYTES);
                index = 0;
                continue;
            }

            if (pieces == size || (length > 0 && !memory.contains(address, length)) ||
                !chain.add(address, (int)length, (flags & FLAG_WRITE) != 0))
            {
                return false;
            }
            pieces++;
            if ((flags & FLAG_NEXT) == 0)
            {
                return true;
            }
            index = memory.readShort(descriptor + DESCRIPTOR_NEXT);
            if (index >= tableSize)
            {
                return false;
            }
        }
        return false;
    }

    private boolean isIndirectTable(final long address, final long length)
    {
        return length > 0 && length % DESCRIPTOR_BYTES == 0 && length <= (long)DESCRIPTOR_BYTES * size &&
            memory.contains(address, length);
    }

    private boolean isValid()
    {
        return Integer.bitCount(size) == 1 &&
            isArea(descriptorArea, DESCRIPTOR_ALIGNMENT, (long)DESCRIPTOR_BYTES * size) &&
            isArea(driverArea, DRIVER_ALIGNMENT,
                RING_ENTRIES + (long)AVAILABLE_ENTRY_BYTES * size + EVENT_BYTES) &&
            isArea(deviceArea, DEVICE_ALIGNMENT, RING_ENTRIES + (long)USED_ENTRY_BYTES * size + EVENT_BYTES);
    }

    private boolean isArea(final long address, final long alignment, final long length)
    {
        return address % alignment == 0 && memory.contains(address, length);
    }

    private int slot(final int index)
    {
        return index & (size - 1);
    }

    private static long half(final long address, final boolean isHigh, final long value)
    {
        return isHigh ? (address & LOW_WORD) | (value << Integer.SIZE) : (address & ~LOW_WORD) | (value & LOW_WORD);
    }
}
