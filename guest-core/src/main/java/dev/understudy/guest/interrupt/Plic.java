package dev.understudy.guest.interrupt;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.digest.StateHash;

/**
 * The platform-level interrupt controller, {@code sifive,plic-1.0.0}, with one context: the S-mode of hart 0.
 * <p>
 * Sources are level-triggered: a source whose line is asserted becomes pending, a claim takes it, and after its
 * completion it becomes pending again if the line is still asserted. Source: RISC-V platform-level interrupt controller
 * specification 1.0.0. Owned by the hart thread.
 */
public final class Plic implements Device
{
    /** Address as on QEMU's {@code virt} machine. */
    public static final long BASE = 0x0C00_0000L;

    /** Size of the window in bytes, as on QEMU's {@code virt} machine. */
    public static final long WINDOW_BYTES = 0x60_0000L;

    /** Highest number of a source; 0 means none. */
    public static final int MAX_SOURCE = 63;

    private static final int MAX_PRIORITY = 7;
    private static final long PENDING = 0x1000;
    private static final long ENABLE = 0x2000;
    private static final long THRESHOLD = 0x20_0000;
    private static final long CLAIM = 0x20_0004;

    private final int[] priorities = new int[MAX_SOURCE + 1];
    private long lines;
    private long pending;
    private long claimed;
    private long enabled;
    private int threshold;

    /** Sets the interrupt line of a source. */
    public void setLevel(final int source, final boolean asserted)
    {
        final long bit = 1L << source;
        if (asserted)
        {
            lines |= bit;
            if ((claimed & bit) == 0)
            {
                pending |= bit;
            }
        }
        else
        {
            lines &= ~bit;
            pending &= ~bit;
        }
    }

    /** Whether the hart's external interrupt is asserted. */
    public boolean asserted()
    {
        return best() != 0;
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
        if (bytes != 4)
        {
            return 0;
        }
        if (offset < 4 * priorities.length)
        {
            return priorities[(int)offset >> 2];
        }
        if (offset == PENDING || offset == PENDING + 4)
        {
            return word(pending, offset - PENDING);
        }
        if (offset == ENABLE || offset == ENABLE + 4)
        {
            return word(enabled, offset - ENABLE);
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
        if (bytes != 4)
        {
            return;
        }
        if (offset > 0 && offset < 4 * priorities.length)
        {
            priorities[(int)offset >> 2] = (int)value & MAX_PRIORITY;
        }
        else if (offset == ENABLE)
        {
            enabled = (enabled & ~0xFFFF_FFFFL) | (value & 0xFFFF_FFFEL);
        }
        else if (offset == ENABLE + 4)
        {
            enabled = (enabled & 0xFFFF_FFFFL) | value << 32;
        }
        else if (offset == THRESHOLD)
        {
            threshold = (int)value & MAX_PRIORITY;
        }
        else if (offset == CLAIM)
        {
            complete((int)value);
        }
    }

    private static long word(final long bits, final long offset)
    {
        return (offset == 0 ? bits : bits >>> 32) & 0xFFFF_FFFFL;
    }

    private int claim()
    {
        final int source = best();
        if (source != 0)
        {
            pending &= ~(1L << source);
            claimed |= 1L << source;
        }
        return source;
    }

    private void complete(final int source)
    {
        if (source > 0 && source <= MAX_SOURCE && (enabled & claimed & 1L << source) != 0)
        {
            claimed &= ~(1L << source);
            pending |= lines & 1L << source;
        }
    }

    /** The pending and enabled source of the highest priority above the threshold, of those the lowest number. */
    private int best()
    {
        long candidates = pending & enabled;
        int best = 0;
        int bestPriority = threshold;
        while (candidates != 0)
        {
            final int source = Long.numberOfTrailingZeros(candidates);
            candidates &= candidates - 1;
            if (priorities[source] > bestPriority)
            {
                best = source;
                bestPriority = priorities[source];
            }
        }
        return best;
    }

    @Override
    public void digest(final StateHash hash)
    {
        for (final int priority : priorities)
        {
            hash.add(priority);
        }
        hash.add(lines);
        hash.add(pending);
        hash.add(claimed);
        hash.add(enabled);
        hash.add(threshold);
    }
}
