package dev.understudy.guest.bus;

import dev.understudy.guest.digest.StateHash;

/** Finds the device that answers at a physical address. Owned by the hart thread. */
public final class Bus
{
    private final Device[] devices;

    /**
     * @param devices in the order in which their state is hashed; their windows do not overlap
     */
    public Bus(final Device... devices)
    {
        this.devices = devices.clone();
    }

    /** The device whose window holds {@code bytes} bytes at {@code address}, or null. */
    public Device find(final long address, final int bytes)
    {
        for (final Device device : devices)
        {
            final long offset = address - device.base();
            if (offset >= 0 && offset <= device.size() - bytes)
            {
                return device;
            }
        }
        return null;
    }

    public void digest(final StateHash hash)
    {
        for (final Device device : devices)
        {
            device.digest(hash);
        }
    }
}
