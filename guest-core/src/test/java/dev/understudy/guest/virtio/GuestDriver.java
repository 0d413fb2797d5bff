package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import java.util.ArrayList;
import java.util.List;

/**
 * A driver as a guest would have it: sets a device up through its registers and uses its queues as section 2.7 of
 * virtio 1.2 prescribes. Every ring and buffer is in the guest's RAM.
 */
public final class GuestDriver
{
    static final int QUEUE_SIZE = 16;

    private static final long RINGS = GuestMemory.BASE + 0x10_0000;
    private static final long RINGS_BYTES = 0x1_0000;
    private static final long DRIVER_AREA = 0x4000;
    private static final long DEVICE_AREA = 0x8000;
    private static final long INDIRECT_TABLES = GuestMemory.BASE + 0x18_0000;
    private static final long BUFFERS = GuestMemory.BASE + 0x20_0000;

    private final GuestMemory memory;
    private final VirtioMmio device;
    private final int queueCount;
    private final int size;
    private final int[] nextDescriptor;
    private final int[] availableIndex;
    private final int[] usedSeen;
    private long nextBuffer = BUFFERS;

    /** A part of a buffer. */
    public record Piece(long address, int length, boolean isWritable)
    {
    }

    /** A buffer that the device gave back. */
    record Used(int head, int writtenBytes)
    {
    }

    public GuestDriver(final GuestMemory memory, final VirtioMmio device, final int queueCount)
    {
        this(memory, device, queueCount, QUEUE_SIZE);
    }

    GuestDriver(final GuestMemory memory, final VirtioMmio device, final int queueCount, final int size)
    {
        this.memory = memory;
        this.device = device;
        this.queueCount = queueCount;
        this.size = size;
        nextDescriptor = new int[queueCount];
        availableIndex = new int[queueCount];
        usedSeen = new int[queueCount];
    }

    /** Section 3.1.1: initialises the device with the given features besides VERSION_1. */
    public void start(final long features)
    {
        negotiate(features | VirtioMmio.FEATURE_VERSION_1);
        for (int queue = 0; queue < queueCount; queue++)
        {
            startQueue(queue);
        }
        status(status() | VirtioMmio.STATUS_DRIVER_OK);
    }

    void negotiate(final long features)
    {
        status(0);
        status(VirtioMmio.STATUS_ACKNOWLEDGE);
        status(VirtioMmio.STATUS_ACKNOWLEDGE | VirtioMmio.STATUS_DRIVER);
        store(VirtioMmio.DRIVER_FEATURES_SEL, 0);
        store(VirtioMmio.DRIVER_FEATURES, features);
        store(VirtioMmio.DRIVER_FEATURES_SEL, 1);
        store(VirtioMmio.DRIVER_FEATURES, features >>> 32);
        status(status() | VirtioMmio.STATUS_FEATURES_OK);
    }

    void startQueue(final int queue)
    {
        memory.write(descriptors(queue), new byte[(int)RINGS_BYTES], 0, (int)RINGS_BYTES);
        nextDescriptor[queue] = 0;
        availableIndex[queue] = 0;
        usedSeen[queue] = 0;
        store(VirtioMmio.QUEUE_SEL, queue);
        store(VirtioMmio.QUEUE_NUM, size);
        store(VirtioMmio.QUEUE_DESC_LOW, descriptors(queue));
        store(VirtioMmio.QUEUE_DESC_HIGH, descriptors(queue) >>> 32);
        store(VirtioMmio.QUEUE_DRIVER_LOW, driverArea(queue));
        store(VirtioMmio.QUEUE_DRIVER_HIGH, driverArea(queue) >>> 32);
        store(VirtioMmio.QUEUE_DEVICE_LOW, deviceArea(queue));
        store(VirtioMmio.QUEUE_DEVICE_HIGH, deviceArea(queue) >>> 32);
        store(VirtioMmio.QUEUE_READY, 1);
    }

    /** A fresh piece of RAM with the given content, for the device to read. */
    Piece readable(final byte[] content)
    {
        final Piece piece = new Piece(allocate(content.length), content.length, false);
        memory.write(piece.address, content, 0, content.length);
        return piece;
    }

    /** A fresh piece of RAM for the device to write. */
    Piece writable(final int length)
    {
        return new Piece(allocate(length), length, true);
    }

    /** Makes a buffer available; returns its head. */
    public int add(final int queue, final Piece... pieces)
    {
        final int head = nextDescriptor[queue];
        for (int i = 0; i < pieces.length; i++)
        {
            final int index = nextDescriptor[queue];
            nextDescriptor[queue] = (index + 1) % size;
            final int flags = (pieces[i].isWritable ? 2 : 0) | (i + 1 < pieces.length ? 1 : 0);
            descriptor(descriptors(queue), index, pieces[i].address, pieces[i].length, flags, nextDescriptor[queue]);
        }
        publish(queue, head);
        return head;
    }

    /** As {@link #add}, with all pieces in an indirect table. */
    int addIndirect(final int queue, final Piece... pieces)
    {
        for (int i = 0; i < pieces.length; i++)
        {
            final int flags = (pieces[i].isWritable ? 2 : 0) | (i + 1 < pieces.length ? 1 : 0);
            descriptor(INDIRECT_TABLES, i, pieces[i].address, pieces[i].length, flags, i + 1);
        }
        final int head = nextDescriptor[queue];
        nextDescriptor[queue] = (head + 1) % size;
        descriptor(descriptors(queue), head, INDIRECT_TABLES, 16 * pieces.length, 4, 0);
        publish(queue, head);
        return head;
    }

    /** Puts a head into the available ring. */
    void publish(final int queue, final int head)
    {
        memory.writeShort(driverArea(queue) + 4 + 2L * (availableIndex[queue] % size), head);
        availableIndex[queue]++;
        memory.writeShort(driverArea(queue) + 2, availableIndex[queue]);
    }

    void descriptor(
        final long table, final int index, final long address, final int length, final int flags, final int next)
    {
        final long at = table + 16L * index;
        memory.writeLong(at, address);
        memory.writeInt(at + 8, length);
        memory.writeShort(at + 12, flags);
        memory.writeShort(at + 14, next);
    }

    public void notifyDevice(final int queue)
    {
        store(VirtioMmio.QUEUE_NOTIFY, queue);
    }

    /** The buffers that came back since the last call. */
    List<Used> used(final int queue)
    {
        final List<Used> found = new ArrayList<>();
        while ((usedSeen[queue] & 0xFFFF) != memory.readShort(deviceArea(queue) + 2))
        {
            final long entry = deviceArea(queue) + 4 + 8L * (usedSeen[queue] % size);
            found.add(new Used(memory.readInt(entry), memory.readInt(entry + 4)));
            usedSeen[queue]++;
        }
        return found;
    }

    byte[] content(final Piece piece, final int length)
    {
        final byte[] content = new byte[length];
        memory.read(piece.address, content, 0, length);
        return content;
    }

    /** Reads and acknowledges the interrupt, as an interrupt handler does. */
    int takeInterrupt()
    {
        final int causes = (int)load(VirtioMmio.INTERRUPT_STATUS);
        store(VirtioMmio.INTERRUPT_ACK, causes);
        return causes;
    }

    long descriptors(final int queue)
    {
        return RINGS + queue * RINGS_BYTES;
    }

    long driverArea(final int queue)
    {
        return descriptors(queue) + DRIVER_AREA;
    }

    long deviceArea(final int queue)
    {
        return descriptors(queue) + DEVICE_AREA;
    }

    int status()
    {
        return (int)load(VirtioMmio.STATUS);
    }

    void status(final int value)
    {
        store(VirtioMmio.STATUS, value);
    }

    boolean needsReset()
    {
        return (status() & VirtioMmio.STATUS_NEEDS_RESET) != 0;
    }

    long load(final int register)
    {
        return device.load(register, 4);
    }

    void store(final int register, final long value)
    {
        device.store(register, 4, value);
    }

    private long allocate(final int length)
    {
        // Buffers are used again when RAM is exhausted: tests look at them long before.
        if (!memory.contains(nextBuffer, length))
        {
            nextBuffer = BUFFERS;
        }
        final long address = nextBuffer;
        nextBuffer += length;
        return address;
    }
}
