package dev.understudy.guest.pvpanic;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * The register to which a guest's kernel writes that it panicked.
 * <p>
 * One byte: a load gives the events that the machine takes, a store reports events. A panic is the last thing that a
 * guest does, unless its kernel was told to reset the machine then. A guest that goes on in a crash kernel of its own says so, and is left to it. Has no state. Owned by the
 * hart thread. Source: {@code docs/specs/pvpanic.rst} of QEMU; the device-tree binding {@code qemu,pvpanic-mmio} of Linux.
 */
public final class PvPanic implements Device
{
    /** Physical address of the register: free on QEMU's {@code virt} machine, behind its test device and clock. */
    public static final long BASE = 0x10_2000L;

    /** Size of the window in bytes; the second is reserved. */
    public static final long WINDOW_BYTES = 2;

    static final int PANICKED = 1;
    static final int CRASH_LOADED = 1 << 1;

    private final Runnable onPanic;

    /**
     * @param onPanic called during the guest's store
     */
    public PvPanic(final Runnable onPanic)
    {
        this.onPanic = onPanic;
    }

    @Override
    public long base()
    {
        return BASE;
    }

    @Override
    public long size()
    {
        return WINDOW_BYTES;
    }

    @Override
    public long load(final long offset, final int bytes)
    {
        return offset == 0 ? PANICKED | CRASH_LOADED : 0;
    }

    @Override
    public void store(final long offset, final int bytes, final long value)
    {
        if (offset == 0 && (value & PANICKED) != 0)
        {
            onPanic.run();
        }
    }

    @Override
    public void reset()
    {
        // Nothing changes here.
    }

    @Override
    public void save(final StateWriter to)
    {
        // Nothing changes here.
    }

    @Override
    public void load(final StateReader from)
    {
        // Nothing changes here.
    }
}
