package dev.understudy.guest.interrupt;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import java.util.Arrays;

/**
 * Collects the interrupts of the devices and presents the most urgent one to the hart.
 * <p>
 * {@code sifive,plic-1.0.0} with level-triggered sources and one context, number 0: S-mode of hart 0.
 * <pre>
 *   0x000000  priority of source n at 4 n          (source 0 does not exist)
 *   0x001000  pending bits, source n is bit n % 32 of word n / 32
 *   0x002000  enable bits of context 0, the same layout
 *   0x200000  priority threshold of context 0
 *   0x200004  claim (load) and complete (store) of context 0
 * </pre>
 * Registers are 32 bits wide; an access of another width, or elsewhere, reads as zero and ignores writes. Owned by the
 * hart thread. Source: RISC-V Platform-Level Interrupt Controller Specification 1.0.0.
 */
public final class Plic implements Device
{
    /** Physical address of the window, as on QEMU's {@code virt} machine. */
    public static final long BASE = 0x0C00_0000L;

    /** Size of the window in bytes, as on QEMU's {@code virt} machine. */
    public static final long WINDOW_BYTES = 0x60_0000;

    /** Highest number of a source: with source 0, which does not exist, the bits of one {@code long}. */
    public static final int MAX_SOURCE = 63;

    /** Highest priority of a source; 0 means never. */
    public static final int MAX_PRIORITY = 7;

    private static final int REGISTER_BYTES = 4;
    private static final long PENDING = 0x1000;
    private static final long ENABLE = 0x2000;
    private static final long THRESHOLD = 0x20_0000;
    private static final long CLAIM = 0x20_0004;
    private static final long LOW_WORD = 0xFFFF_FFFFL;

    /** All sources but number 0. */
    private static final long SOURCES = ~1L;

    private final int[] priorities = new int[MAX_SOURCE + 1];

    /** One bit a source: the level of its wire. */
    private long levels;

    /** One bit a source: its request waits to be claimed. */
    private long pending;

    /** One bit a source: its request was claimed and not yet completed, so the gateway lets no other through. */
    private long inService;

    private long enabled;
    private int threshold;
    @Derived("pending, enabled, priorities and threshold")
    private boolean asserted;

    /**
     * Sets the level of a source's wire.
     * <p>
     * A request that the gateway has let through stays pending when the level falls: the specification knows no way
     * of taking it back.
     *
     * @param source 1 to {@link #MAX_SOURCE}
     */
    public void setLevel(final int source, final boolean isAsserted)
    {
        if (source < 1 || source > MAX_SOURCE)
        {
            throw new IllegalArgumentException("interrupt source " + source + ": expected 1 to " + MAX_SOURCE);
        }

        final long bit = 1L << source;
        levels = isAsserted ? levels | bit : levels & ~bit;
        openGateways();
    }

    /** Level of the wire to the hart: whether an enabled request of a priority above the threshold is pending. */
    public boolean asserted()
    {
        return asserted;
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
        if (bytes != REGISTER_BYTES)
        {
            return 0;
        }
        if (offset >= 0 && offset <= MAX_SOURCE * REGISTER_BYTES)
        {
            return priorities[(int)offset / REGISTER_BYTES];
        }
        if (offset == PENDING || offset == PENDING + REGISTER_BYTES)
        {
            return (pending >>> shift(offset)) & LOW_WORD;
        }
        if (offset == ENABLE || offset == ENABLE + REGISTER_BYTES)
        {
            return (enabled >>> shift(offset)) & LOW_WORD;
        }
        if (offset == THRESHOLD)
        {
            return threshold;
        }
        return offset == CLAIM ? claim() : 0;
    }

    @Override
    public void store(final long offset, final int bytes, final long value)
    {
        if (bytes != REGISTER_BYTES)
        {
            return;
        }
        if (offset >= REGISTER_BYTES && offset <= MAX_SOURCE * REGISTER_BYTES)
        {
            priorities[(int)offset / REGISTER_BYTES] = (int)value & MAX_PRIORITY;
        }
        else if (offset == ENABLE || offset == ENABLE + REGISTER_BYTES)
        {
            final int shift = shift(offset);
            enabled = ((enabled & ~(LOW_WORD << shift)) | ((value & LOW_WORD) << shift)) & SOURCES;
        }
        else if (offset == THRESHOLD)
        {
            threshold = (int)value & MAX_PRIORITY;
        }
        else if (offset == CLAIM)
        {
            complete(value & LOW_WORD);
        }
        updateLine();
    }

    @Override
    public void reset()
    {
        Arrays.fill(priorities, 0);
        levels = 0;
        pending = 0;
        inService = 0;
        enabled = 0;
        threshold = 0;
        openGateways();
    }

    @Override
    public void save(final StateWriter to)
    {
        for (final int priority : priorities)
        {
            to.write(priority);
        }
        to.write(levels);
        to.write(pending);
        to.write(inService);
        to.write(enabled);
        to.write(threshold);
    }

    @Override
    public void load(final StateReader from)
    {
        for (int i = 0; i < priorities.length; i++)
        {
            priorities[i] = from.readInt(0, MAX_PRIORITY);
        }
        levels = from.readLong();
        pending = from.readLong();
        inService = from.readLong();
        enabled = from.readLong();
        threshold = from.readInt(0, MAX_PRIORITY);
        updateLine();
    }

    /** Takes the most urgent request, of equals the one with the lowest number; the threshold does not matter. */
    private int claim()
    {
        int source = 0;
        long candidates = pending & enabled;
        while (candidates != 0)
        {
            final int candidate = Long.numberOfTrailingZeros(candidates);
            candidates &= candidates - 1;
            if (priorities[candidate] > priorities[source])
            {
                source = candidate;
            }
        }
        if (source != 0)
        {
            pending &= ~(1L << source);
            inService |= 1L << source;
            updateLine();
        }
        return source;
    }

    /** Section 9 of the specification: a completion of a source that is not enabled is ignored. */
    private void complete(final long source)
    {
        if (source <= MAX_SOURCE && (enabled & (1L << source)) != 0)
        {
            inService &= ~(1L << source);
            openGateways();
        }
    }

    private void openGateways()
    {
        pending |= levels & ~inService;
        updateLine();
    }

    private void updateLine()
    {
        long candidates = pending & enabled;
        boolean isUrgent = false;
        while (candidates != 0 && !isUrgent)
        {
            isUrgent = priorities[Long.numberOfTrailingZeros(candidates)] > threshold;
            candidates &= candidates - 1;
        }
        asserted = isUrgent;
    }

    /** Bit number of source 0 or 32 in the register at {@code offset}. */
    private static int shift(final long offset)
    {
        return (offset & REGISTER_BYTES) == 0 ? 0 : Integer.SIZE;
    }
}
