package dev.understudy.guest.bus;

import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/** Finds the device that answers at a physical address. Owned by the hart thread. */
public final class Bus implements Stateful
{
    private final Device[] devices;

    /**
     * @param devices in the order in which their state is saved; their windows do not overlap
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

    /** Resets all devices, in the order in which they are saved. */
    public void reset()
    {
        for (final Device device : devices)
        {
            device.reset();
        }
    }

    @Override
    public void save(final StateWriter to)
    {
        for (final Device device : devices)
        {
            device.save(to);
        }
    }

    @Override
    public void load(final StateReader from)
    {
        for (final Device device : devices)
        {
            device.load(from);
        }
    }
}
