package dev.understudy.guest.virtio;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * The registers through which a driver finds, sets up and notifies one virtio device.
 * <p>
 * Version 2 ("modern") alone. Work happens synchronously, in the store to QueueNotify or in the host's event. A driver
 * that breaks the rules finds DEVICE_NEEDS_RESET in the status and nothing else harmed. Registers are 32 bits wide;
 * an access of another width reads as zero and ignores writes, except in the configuration space. Owned by the hart
 * thread. Source: virtio 1.2, sections 2.1 to 2.4, 3.1 and 4.2.2.
 */
public final class VirtioMmio implements Device
{
    /** Size of a window in bytes, and distance to the next. */
    public static final long WINDOW_BYTES = 0x1000;

    static final int STATUS_ACKNOWLEDGE = 1;
    static final int STATUS_DRIVER = 2;
    static final int STATUS_DRIVER_OK = 4;
    static final int STATUS_FEATURES_OK = 8;
    static final int STATUS_NEEDS_RESET = 64;
    static final int STATUS_FAILED = 128;

    static final long FEATURE_INDIRECT_DESC = 1L << 28;
    static final long FEATURE_EVENT_IDX = 1L << 29;
    static final long FEATURE_VERSION_1 = 1L << 32;

    static final int INTERRUPT_USED_BUFFER = 1;
    static final int INTERRUPT_CONFIG_CHANGE = 2;

    static final int MAGIC_VALUE = 0x000;
    static final int VERSION = 0x004;
    static final int DEVICE_ID = 0x008;
    static final int VENDOR_ID = 0x00C;
    static final int DEVICE_FEATURES = 0x010;
    static final int DEVICE_FEATURES_SEL = 0x014;
    static final int DRIVER_FEATURES = 0x020;
    static final int DRIVER_FEATURES_SEL = 0x024;
    static final int QUEUE_SEL = 0x030;
    static final int QUEUE_NUM_MAX = 0x034;
    static final int QUEUE_NUM = 0x038;
    static final int QUEUE_READY = 0x044;
    static final int QUEUE_NOTIFY = 0x050;
    static final int INTERRUPT_STATUS = 0x060;
    static final int INTERRUPT_ACK = 0x064;
    static final int STATUS = 0x070;
    static final int QUEUE_DESC_LOW = 0x080;
    static final int QUEUE_DESC_HIGH = 0x084;
    static final int QUEUE_DRIVER_LOW = 0x090;
    static final int QUEUE_DRIVER_HIGH = 0x094;
    static final int QUEUE_DEVICE_LOW = 0x0A0;
    static final int QUEUE_DEVICE_HIGH = 0x0A4;
    static final int SHM_LEN_LOW = 0x0B0;
    static final int SHM_LEN_HIGH = 0x0B4;
    static final int SHM_BASE_LOW = 0x0B8;
    static final int SHM_BASE_HIGH = 0x0BC;
    static final int CONFIG_GENERATION = 0x0FC;
    static final int CONFIG = 0x100;

    /** "virt". */
    private static final int MAGIC = 0x7472_6976;
    private static final int MODERN = 2;

    /** "USTY"; a driver may show it and nothing depends on it. */
    private static final int VENDOR = 0x5954_5355;

    /** A shared memory region that does not exist has a length of all ones (section 4.2.2). */
    private static final long NO_SHARED_MEMORY = 0xFFFF_FFFFL;

    private static final int DRIVER_STATUS_BITS =
        STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_DRIVER_OK | STATUS_FEATURES_OK | STATUS_FAILED;
    private static final int REGISTER_BYTES = 4;
    private static final long LOW_WORD = 0xFFFF_FFFFL;

    private final long base;
    private final VirtioDevice device;
    private final Plic plic;
    private final int source;
    private final VirtQueue[] queues;
    private final long offeredFeatures;

    private int status;
    private int interruptStatus;
    private long deviceFeaturesSel;
    private long driverFeaturesSel;
    private long queueSel;
    private long driverFeatures;

    /** Counts the host's changes of the configuration space, so that a driver reads it whole; 32 bits. */
    private int configGeneration;

    @Derived("status")
    private boolean live;

    /**
     * @param window number of the window, as {@link VirtioWindows} has them
     * @param device not on another transport
     * @param plic   has a wire from this transport
     */
    public VirtioMmio(final int window, final VirtioDevice device, final Plic plic)
    {
        base = VirtioWindows.base(window);
        source = VirtioWindows.source(window);
        this.device = device;
        this.plic = plic;
        offeredFeatures = device.features() | FEATURE_VERSION_1 | FEATURE_INDIRECT_DESC | FEATURE_EVENT_IDX;
        queues = new VirtQueue[device.queueCount()];
        for (int i = 0; i < queues.length; i++)
        {
            queues[i] = new VirtQueue(device.memory(), this, device.maxQueueSize(i));
        }
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

    @Override
    public long load(final long offset, final int bytes)
    {
        if (offset >= CONFIG && offset < WINDOW_BYTES)
        {
            return device.config((int)offset - CONFIG, bytes);
        }
        if (bytes != REGISTER_BYTES || offset < 0 || offset >= WINDOW_BYTES)
        {
            return 0;
        }
        return switch ((int)offset)
        {
            case MAGIC_VALUE -> MAGIC;
            case VERSION -> MODERN;
            case DEVICE_ID -> device.id();
            case VENDOR_ID -> VENDOR;
            case DEVICE_FEATURES -> word(offeredFeatures, deviceFeaturesSel);
            case QUEUE_NUM_MAX -> isQueue(queueSel) ? queues[(int)queueSel].maxSize() : 0;
            case QUEUE_READY -> isQueue(queueSel) && queues[(int)queueSel].isReady() ? 1 : 0;
            case INTERRUPT_STATUS -> interruptStatus;
            case STATUS -> status;
            case SHM_LEN_LOW, SHM_LEN_HIGH, SHM_BASE_LOW, SHM_BASE_HIGH -> NO_SHARED_MEMORY;
            case CONFIG_GENERATION -> configGeneration & LOW_WORD;
            default -> 0;
        };
    }

    @Override
    public void store(final long offset, final int bytes, final long value)
    {
        if (offset >= CONFIG && offset < WINDOW_BYTES)
        {
            storeConfig((int)offset - CONFIG, bytes, value);
            return;
        }
        if (bytes != REGISTER_BYTES || offset < 0 || offset >= WINDOW_BYTES)
        {
            return;
        }
        final long word = value & LOW_WORD;
        switch ((int)offset)
        {
            case QUEUE_NOTIFY -> notifyQueue(word);
            case INTERRUPT_ACK -> interruptStatus(interruptStatus & ~(int)word);
            case STATUS -> storeStatus((int)word);
            case DEVICE_FEATURES_SEL -> deviceFeaturesSel = word;
            case DRIVER_FEATURES_SEL -> driverFeaturesSel = word;
            case DRIVER_FEATURES -> storeDriverFeatures(word);
            case QUEUE_SEL -> queueSel = word;
            default ->
            {
                if (isQueue(queueSel))
                {
                    storeQueue((int)offset, word);
                }
            }
        }
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(status);
        to.write(interruptStatus);
        to.write(deviceFeaturesSel);
        to.write(driverFeaturesSel);
        to.write(queueSel);
        to.write(driverFeatures);
        for (final VirtQueue queue : queues)
        {
            queue.save(to);
        }
        to.write(configGeneration);
        device.saveConfig(to);
        device.save(to);
    }

    @Override
    public void load(final StateReader from)
    {
        status = from.readInt();
        interruptStatus = from.readInt();
        deviceFeaturesSel = from.readLong();
        driverFeaturesSel = from.readLong();
        queueSel = from.readLong(0, LOW_WORD);
        driverFeatures = from.readLong();
        for (final VirtQueue queue : queues)
        {
            queue.load(from);
        }
        configGeneration = from.readInt();
        live = isRunning();
        device.loadConfig(from);
        device.load(from);
    }

    /** Whether the driver runs and nothing is broken. */
    boolean isLive()
    {
        return live;
    }

    /** Whether the driver has accepted a feature. */
    boolean hasFeature(final long feature)
    {
        return (driverFeatures & feature) != 0;
    }

    boolean hasIndirect()
    {
        return hasFeature(FEATURE_INDIRECT_DESC);
    }

    boolean hasEventIndex()
    {
        return hasFeature(FEATURE_EVENT_IDX);
    }

    VirtQueue queue(final int index)
    {
        return queues[index];
    }

    /** Tells the driver that buffers were used. */
    void usedBuffer()
    {
        interruptStatus(interruptStatus | INTERRUPT_USED_BUFFER);
    }

    /** Tells the driver that the configuration space has changed (section 2.5). */
    void configChanged()
    {
        configGeneration++;
        if (live)
        {
            interruptStatus(interruptStatus | INTERRUPT_CONFIG_CHANGE);
        }
    }

    /** Stops the device until the driver resets it, and tells the driver (section 2.1.2). */
    void needsReset()
    {
        if ((status & STATUS_NEEDS_RESET) != 0)
        {
            return;
        }
        status |= STATUS_NEEDS_RESET;
        live = false;
        if ((status & STATUS_DRIVER_OK) != 0)
        {
            interruptStatus(interruptStatus | INTERRUPT_CONFIG_CHANGE);
        }
    }

    private void notifyQueue(final long index)
    {
        if (live && isQueue(index) && queues[(int)index].isReady())
        {
            device.onNotify((int)index);
        }
    }

    private void storeStatus(final int value)
    {
        if (value == 0)
        {
            reset();
            return;
        }
        // Bits are only ever added: a driver must not clear one without a reset (section 2.1.1).
        int added = value & DRIVER_STATUS_BITS & ~status;
        if ((added & STATUS_FEATURES_OK) != 0 && !areFeaturesAcceptable())
        {
            added &= ~STATUS_FEATURES_OK;
        }
        if (((status | added) & STATUS_FEATURES_OK) == 0)
        {
            added &= ~STATUS_DRIVER_OK;
        }
        status |= added;
        if ((added & STATUS_DRIVER_OK) != 0 && isRunning())
        {
            live = true;
            device.onLive();
        }
        if ((added & STATUS_FAILED) != 0)
        {
            live = false;
        }
    }

    private boolean isRunning()
    {
        return (status & STATUS_DRIVER_OK) != 0 && (status & (STATUS_NEEDS_RESET | STATUS_FAILED)) == 0;
    }

    private boolean areFeaturesAcceptable()
    {
        return (driverFeatures & ~offeredFeatures) == 0 && (driverFeatures & FEATURE_VERSION_1) != 0;
    }

    private void storeDriverFeatures(final long value)
    {
        if ((status & STATUS_FEATURES_OK) != 0)
        {
            return;
        }
        if (driverFeaturesSel == 0)
        {
            driverFeatures = (driverFeatures & ~LOW_WORD) | value;
        }
        else if (driverFeaturesSel == 1)
        {
            driverFeatures = (driverFeatures & LOW_WORD) | (value << Integer.SIZE);
        }
    }

    private void storeQueue(final int offset, final long value)
    {
        final VirtQueue queue = queues[(int)queueSel];
        switch (offset)
        {
            case QUEUE_NUM -> queue.size(value);
            case QUEUE_DESC_LOW -> queue.descriptorArea(false, value);
            case QUEUE_DESC_HIGH -> queue.descriptorArea(true, value);
            case QUEUE_DRIVER_LOW -> queue.driverArea(false, value);
            case QUEUE_DRIVER_HIGH -> queue.driverArea(true, value);
            case QUEUE_DEVICE_LOW -> queue.deviceArea(false, value);
            case QUEUE_DEVICE_HIGH -> queue.deviceArea(true, value);
            case QUEUE_READY ->
            {
                if ((value & 1) != 0)
                {
                    queue.start();
                }
                else
                {
                    queue.stop();
                    device.onQueueStopped((int)queueSel);
                }
            }
            default ->
            {
                // No register, or one that is read-only.
            }
        }
    }

    /** Section 2.4: as after power-on, except for what the host has given the device. */
    @Override
    public void reset()
    {
        status = 0;
        live = false;
        deviceFeaturesSel = 0;
        driverFeaturesSel = 0;
        queueSel = 0;
        driverFeatures = 0;
        for (final VirtQueue queue : queues)
        {
            queue.reset();
        }
        interruptStatus(0);
        device.onReset();
    }

    private void interruptStatus(final int value)
    {
        interruptStatus = value;
        plic.setLevel(source, value != 0);
    }

    private void storeConfig(final int offset, final int bytes, final long value)
    {
        for (int i = 0; i < bytes; i++)
        {
            device.storeConfigByte(offset + i, (byte)(value >>> (Byte.SIZE * i)));
        }
    }

    private boolean isQueue(final long index)
    {
        return index < queues.length;
    }

    private static long word(final long features, final long select)
    {
        return select == 0 ? features & LOW_WORD : select == 1 ? features >>> Integer.SIZE : 0;
    }
}
