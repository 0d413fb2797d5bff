package dev.understudy.guest.virtio;

import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.memory.GuestMemory;

/** What is particular to one kind of virtio device, behind {@link VirtioMmio}. Owned by the hart thread. */
abstract class VirtioDevice
{
    final GuestMemory memory;
    final VirtQueue[] queues;
    private VirtioMmio transport;

    VirtioDevice(final GuestMemory memory, final int queueCount)
    {
        this.memory = memory;
        queues = new VirtQueue[queueCount];
        for (int i = 0; i < queueCount; i++)
        {
            queues[i] = new VirtQueue(memory);
        }
    }

    final void attach(final VirtioMmio mmio)
    {
        transport = mmio;
    }

    /** Whether the driver has taken the device into use, and the device is sound. */
    final boolean isLive()
    {
        return transport.isLive();
    }

    /** Tells the driver of chains that were given back, if it wants to know, and of a queue that is broken. */
    final void finish(final VirtQueue queue, final boolean isUsed)
    {
        if (queue.isBroken())
        {
            transport.needsReset();
        }
        else if (isUsed && queue.wantsInterrupt())
        {
            transport.interrupt();
        }
    }

    /** The guest broke a rule of this kind of device: it must reset the device before using it again. */
    final void needsReset()
    {
        transport.needsReset();
    }

    /** Number of this kind of device (virtio 1.2, chapter 5). */
    abstract int deviceId();

    /** Feature bits of this kind, below bit 24. */
    abstract long features();

    /** The driver has put chains into a queue. */
    abstract void onNotify(int queue);

    /** The driver has taken the device into use. */
    abstract void onLive();

    /** The driver has reset the device. */
    abstract void onReset();

    /** A byte of the configuration space. */
    abstract int configuration(int offset);

    /** Adds the state that is particular to this kind. */
    abstract void digest(StateHash hash);
}
