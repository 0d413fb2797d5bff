package dev.understudy.guest.virtio;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.interrupt.Plic;

/**
 * The registers of a virtio device over MMIO. Source: virtio 1.2, section 4.2 (modern devices only). Owned by the hart
 * thread.
 */
public final class VirtioMmio implements Device
{
    /** Address of the first device, as on QEMU's {@code virt} machine. */
    public static final long FIRST_BASE = 0x1000_1000L;

    /** Size of a window, and the distance to the next, in bytes. */
    public static final long WINDOW_BYTES = 0x1000;

    private static final int MAGIC = 0x7472_6976;
    private static final int VERSION = 2;
    private static final int VENDOR = 0x5553_4D55;
    private static final long FEATURE_VERSION_1 = 1L << 32;
    private static final int CONFIGURATION = 0x100;

    private static final int STATUS_DRIVER_OK = 4;
    private static final int STATUS_FEATURES_OK = 8;
    private static final int STATUS_NEEDS_RESET = 64;
    private static final int STATUS_MASK = 0xFF;

    private static final int INTERRUPT_USED = 1;
    private static final int INTERRUPT_CONFIGURATION = 2;

    private final long base;
    private final int source;
    private final VirtioDevice device;
    private final Plic plic;

    private int status;
    private int interruptStatus;
    private int deviceFeaturesSelect;
    private int driverFeaturesSelect;
    private long driverFeatures;
    private int queueSelect;

    /**
     * @param index of the device on the machine: its window is the index-th, its interrupt source index + 1
     */
    public VirtioMmio(final int index, final VirtioDevice device, final Plic plic)
    {
        base = FIRST_BASE + index * WINDOW_BYTES;
        source = index + 1;
        this.device = device;
        this.plic = plic;
        device.attach(this);
    }

    @Override
    public long base()
    {
        return base;
    }

    @Override
    public long size()
    {
        return WINDOW_BYTES;
    }

    /** Number of the interrupt source. */
    public int source()
    {
        return source;
    }

    boolean isLive()
    {
        return (status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
    }

    void interrupt()
    {
        raise(INTERRUPT_USED);
    }

    /** Section 2.1.2: the device cannot go on before it is reset. */
    void needsReset()
    {
        if ((status & STATUS_NEEDS_RESET) == 0)
        {
            status |= STATUS_NEEDS_RESET;
            if ((status & STATUS_DRIVER_OK) != 0)
            {
                raise(INTERRUPT_CONFIGURATION);
            }
        }
    }

    private void raise(final int cause)
    {
        interruptStatus |= cause;
        plic.setLevel(source, true);
    }

    @Override
    public long load(final long offset, final int bytes)
    {
        if (offset >= CONFIGURATION)
        {
            long value = 0;
            for (int i = 0; i < bytes; i++)
            {
                value |= (long)device.configuration((int)offset - CONFIGURATION + i) << (8 * i);
            }
            return value;
        }
        return bytes == 4 ? loadRegister((int)offset) & 0xFFFF_FFFFL : 0;
    }

    private int loadRegister(final int offset)
    {
        final VirtQueue queue = selectedQueue();
        return switch (offset)
        {
            case 0x000 -> MAGIC;
            case 0x004 -> VERSION;
            case 0x008 -> device.deviceId();
            case 0x00C -> VENDOR;
            case 0x010 -> half(offeredFeatures(), deviceFeaturesSelect);
            case 0x034 -> queue == null ? 0 : VirtQueue.MAX_SIZE;
            case 0x044 -> queue != null && queue.isReady() ? 1 : 0;
            case 0x060 -> interruptStatus;
            case 0x070 -> status;
            // No shared memory region: its length and base read as all ones.
            case 0x0B0, 0x0B4, 0x0B8, 0x0BC -> -1;
            default -> 0;
        };
    }

    @Override
    public void store(final long offset, final int bytes, final long value)
    {
        if (bytes == 4 && offset < CONFIGURATION)
        {
            storeRegister((int)offset, (int)value);
        }
    }

    private void storeRegister(final int offset, final int value)
    {
        final VirtQueue queue = selectedQueue();
        switch (offset)
        {
            case 0x014 -> deviceFeaturesSelect = value;
            case 0x020 -> storeDriverFeatures(value);
            case 0x024 -> driverFeaturesSelect = value;
            case 0x030 -> queueSelect = value;
            case 0x050 -> onNotify(value);
            case 0x064 -> acknowledge(value);
            case 0x070 -> storeStatus(value & STATUS_MASK);
            default ->
            {
                if (queue != null)
                {
                    storeQueueRegister(queue, offset, value);
                }
            }
        }
    }

    private void storeQueueRegister(final VirtQueue queue, final int offset, final int value)
    {
        if (offset == 0x044)
        {
            queue.ready((value & 1) != 0);
            if (queue.isBroken())
            {
                needsReset();
            }
            return;
        }
        // Section 4.2.2.2: the rest is not to be changed while the queue is ready.
        if (queue.isReady())
        {
            return;
        }
        switch (offset)
        {
            case 0x038 -> queue.size(value);
            case 0x080 -> queue.descriptors(withLow(queue.descriptors(), value));
            case 0x084 -> queue.descriptors(withHigh(queue.descriptors(), value));
            case 0x090 -> queue.available(withLow(queue.available(), value));
            case 0x094 -> queue.available(withHigh(queue.available(), value));
            case 0x0A0 -> queue.used(withLow(queue.used(), value));
            case 0x0A4 -> queue.used(withHigh(queue.used(), value));
            default ->
            {
            }
        }
    }

    private void storeDriverFeatures(final int value)
    {
        if ((status & STATUS_FEATURES_OK) == 0)
        {
            driverFeatures = switch (driverFeaturesSelect)
            {
                case 0 -> withLow(driverFeatures, value);
                case 1 -> withHigh(driverFeatures, value);
                default -> driverFeatures;
            };
        }
    }

    private void storeStatus(final int value)
    {
        if (value == 0)
        {
            reset();
            return;
        }
        int accepted = value | (status & STATUS_NEEDS_RESET);
        // Section 2.2: a device refuses a driver that takes what is not offered, or no VERSION_1.
        if ((driverFeatures & FEATURE_VERSION_1) == 0 || (driverFeatures & ~offeredFeatures()) != 0)
        {
            accepted &= ~STATUS_FEATURES_OK;
        }
        final boolean goesLive = (status & STATUS_DRIVER_OK) == 0 && (accepted & STATUS_DRIVER_OK) != 0;
        status = accepted;
        if (goesLive && isLive())
        {
            device.onLive();
        }
    }

    private void reset()
    {
        status = 0;
        interruptStatus = 0;
        deviceFeaturesSelect = 0;
        driverFeaturesSelect = 0;
        driverFeatures = 0;
        queueSelect = 0;
        plic.setLevel(source, false);
        for (final VirtQueue queue : device.queues)
        {
            queue.reset();
        }
        device.onReset();
    }

    private void onNotify(final int queue)
    {
        if (isLive() && queue >= 0 && queue < device.queues.length && device.queues[queue].isReady())
        {
            device.onNotify(queue);
        }
    }

    private void acknowledge(final int causes)
    {
        interruptStatus &= ~causes;
        plic.setLevel(source, interruptStatus != 0);
    }

    private VirtQueue selectedQueue()
    {
        return queueSelect >= 0 && queueSelect < device.queues.length ? device.queues[queueSelect] : null;
    }

    private long offeredFeatures()
    {
        return FEATURE_VERSION_1 | device.features();
    }

    private static int half(final long bits, final int select)
    {
        return select == 0 ? (int)bits : select == 1 ? (int)(bits >>> 32) : 0;
    }

    private static long withLow(final long bits, final int value)
    {
        return (bits & ~0xFFFF_FFFFL) | (value & 0xFFFF_FFFFL);
    }

    private static long withHigh(final long bits, final int value)
    {
        return (bits & 0xFFFF_FFFFL) | (long)value << 32;
    }

    @Override
    public void digest(final StateHash hash)
    {
        hash.add(status);
        hash.add(interruptStatus);
        hash.add(deviceFeaturesSelect);
        hash.add(driverFeaturesSelect);
        hash.add(driverFeatures);
        hash.add(queueSelect);
        for (final VirtQueue queue : device.queues)
        {
            queue.digest(hash);
        }
        device.digest(hash);
    }
}
