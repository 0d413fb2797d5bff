package dev.understudy.guest.virtio;

import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.memory.GuestMemory;

/**
 * What is particular to one type of virtio device; {@link VirtioMmio} does what they all have in common.
 * <p>
 * Devices act only when called: by the transport when the driver notifies, or by the host when an event enters.
 * Neither calls back into the other. Owned by the hart thread.
 */
abstract sealed class VirtioDevice permits VirtioBlock, VirtioConsole, VirtioEntropy, VirtioNet, VirtioVsock
{
    private final GuestMemory memory;
    private VirtioMmio transport;

    /** Scratch for buffers that are handled at once. */
    private final DescriptorChain chain = new DescriptorChain();

    VirtioDevice(final GuestMemory memory)
    {
        this.memory = memory;
    }

    /** Device type of section 5. */
    abstract int id();

    /** Feature bits 0 to 23 of the device type. */
    abstract long features();

    abstract int queueCount();

    /** Largest size that the driver may give a queue, a power of two. */
    abstract int maxQueueSize(int queue);

    /** Byte of the configuration space, 0 beyond its end. */
    abstract int configByte(int offset);

    /** The driver may have made buffers available in a queue that is ready; the device is live. */
    abstract void onNotify(int queue);

    /** The driver set DRIVER_OK: what has waited may go on. */
    abstract void onLive();

    /** The driver took a queue away; buffers that were taken from it do not exist any more. */
    abstract void onQueueStopped(int queue);

    /** The driver reset the device. */
    abstract void onReset();

    abstract void digest(StateHash hash);

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
