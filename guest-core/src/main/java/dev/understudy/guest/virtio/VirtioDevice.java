package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/**
 * What is particular to one type of virtio device; {@link VirtioMmio} does what they all have in common.
 * <p>
 * Devices act only when called: by the transport when the driver notifies, or by the host when an event enters.
 * Neither calls back into the other. Owned by the hart thread.
 */
abstract sealed class VirtioDevice implements Stateful permits VirtioBalloon, VirtioBlock, VirtioConsole, VirtioEntropy, VirtioNet, VirtioVsock
{
    /**
     * The most that a device sends to the world at one notify, in bytes: no driver can know it, so that it is far above what
     * an honest one has in a queue, and bounds what a hostile one has the host do between two instructions.
     */
    static final int MAX_NOTIFY_BYTES = 16 << 20;

    private final GuestMemory memory;
    private final int id;
    private final int queueCount;

    /** The configuration space, fields little-endian. */
    private final byte[] config;
    private VirtioMmio transport;

    /** Scratch for buffers that are handled at once. */
    @Derived("nothing: scratch")
    private final DescriptorChain chain = new DescriptorChain();

    /**
     * @param id          device type of section 5
     * @param queueCount  number of virtqueues
     * @param configBytes size of the configuration space; 0 for a device that has none
     */
    VirtioDevice(final GuestMemory memory, final int id, final int queueCount, final int configBytes)
    {
        this.memory = memory;
        this.id = id;
        this.queueCount = queueCount;
        config = new byte[configBytes];
    }

    /** Feature bits 0 to 23 of the device type. */
    abstract long features();

    /** Largest size that the driver may give a queue, a power of two. */
    int maxQueueSize(final int queue)
    {
        return VirtQueue.MAX_SIZE;
    }

    /** Whether the driver may write this byte of the configuration space. */
    boolean isConfigWritable(final int offset)
    {
        return false;
    }

    /** The driver may have made buffers available in a queue that is ready; the device is live. */
    abstract void onNotify(int queue);

    /** The driver set DRIVER_OK: what has waited may go on. */
    abstract void onLive();

    /** The driver took a queue away; buffers that were taken from it do not exist any more. */
    void onQueueStopped(final int queue)
    {
        // Most devices keep no buffer.
    }

    /** The driver reset the device. */
    void onReset()
    {
        // Most devices have no state but the host's and the transport's.
    }

    final int id()
    {
        return id;
    }

    final int queueCount()
    {
        return queueCount;
    }

    /** Sets a field of the configuration space; the driver is told by {@link #configChanged}. */
    final void config(final int offset, final int bytes, final long value)
    {
        for (int i = 0; i < bytes; i++)
        {
            config[offset + i] = (byte)(value >>> (Byte.SIZE * i));
        }
    }

    /** Bytes of the configuration space as a number; 0 beyond its end. */
    final long config(final int offset, final int bytes)
    {
        long value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value |= offset + i < config.length ? (config[offset + i] & 0xFFL) << (Byte.SIZE * i) : 0;
        }
        return value;
    }

    /** The driver's store of a byte to the configuration space; without effect where it may not. */
    final void storeConfigByte(final int offset, final byte value)
    {
        if (offset < config.length && isConfigWritable(offset))
        {
            config[offset] = value;
        }
    }

    final void saveConfig(final StateWriter to)
    {
        to.write(config, 0, config.length);
    }

    final void loadConfig(final StateReader from)
    {
        from.read(config, 0, config.length);
    }

    /** The host has changed the configuration space: tells the driver. */
    final void configChanged()
    {
        transport.configChanged();
    }

    /** Called once, by the transport that this device is put on. */
    final void attach(final VirtioMmio to)
    {
        if (transport != null)
        {
            throw new IllegalStateException("virtio device of type " + id() + " is already on the transport at 0x" +
                Long.toHexString(transport.base()));
        }
        transport = to;
    }

    /** Whether the driver runs and nothing is broken, so that queues may be used. */
    final boolean isLive()
    {
        return transport != null && transport.isLive();
    }

    /** Whether the driver has accepted a feature. */
    final boolean hasFeature(final long feature)
    {
        return transport.hasFeature(feature);
    }

    final VirtQueue queue(final int index)
    {
        return transport.queue(index);
    }

    final GuestMemory memory()
    {
        return memory;
    }

    final DescriptorChain chain()
    {
        return chain;
    }

    /** The driver broke the rules: nothing more happens until it resets the device. */
    final void needsReset()
    {
        transport.needsReset();
    }
}
