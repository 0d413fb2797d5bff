package dev.understudy.guest.vmgenid;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * The number of the life that the machine is in: {@code microsoft,vmgenid}.
 * <p>
 * 16 bytes that are only read, all zeros since the machine was made. A clone, which begins a second life with a state that
 * another machine goes on from, has another number, and an interrupt that says so. A kernel then draws other random numbers
 * than the first one. A backup, a replay and a reset change nothing here. Owned by the hart thread. Source:
 * {@code docs/specs/vmgenid.rst} of QEMU; the device-tree binding {@code microsoft,vmgenid} and
 * {@code drivers/virt/vmgenid.c} of Linux.
 */
public final class VmGenerationId implements Device
{
    /** Physical address of the number: free on QEMU's {@code virt} machine, behind its test device and clock. */
    public static final long BASE = 0x10_3000L;

    /** Size of the window in bytes. */
    public static final long WINDOW_BYTES = 0x1000;

    /** The interrupt source: free on QEMU's {@code virt} machine. */
    public static final int SOURCE = 12;

    private static final int ID_BYTES = 2 * Long.BYTES;

    private final Plic plic;

    /** Bytes 0 to 7, little-endian. */
    private long low;

    /** Bytes 8 to 15. */
    private long high;

    public VmGenerationId(final Plic plic)
    {
        this.plic = plic;
    }

    /**
     * Begins another life.
     *
     * @param newLow  bytes 0 to 7 of its number, little-endian
     * @param newHigh bytes 8 to 15
     */
    public void begin(final long newLow, final long newHigh)
    {
        low = newLow;
        high = newHigh;
        // An edge: the request stays until the guest claims it.
        plic.setLevel(SOURCE, true);
        plic.setLevel(SOURCE, false);
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
        if (offset >= ID_BYTES)
        {
            return 0;
        }
        final long word = (offset < Long.BYTES ? low : high) >>> offset % Long.BYTES * Byte.SIZE;
        return bytes == Long.BYTES ? word : word & (1L << bytes * Byte.SIZE) - 1;
    }

    @Override
    public void store(final long offset, final int bytes, final long value)
    {
        // Only read.
    }

    @Override
    public void reset()
    {
        // The life goes on.
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(low);
        to.write(high);
    }

    @Override
    public void load(final StateReader from)
    {
        low = from.readLong();
        high = from.readLong();
    }
}
