package dev.understudy.guest.translate;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Sv39 tables with everything in them that the specification knows or forbids, and the addresses that lead through
 * them to a page.
 * <p>
 * The second gigabyte is mapped to itself for S-mode, so that the trap handler always runs. Every other leaf leads to a
 * page of the program or to nowhere, and no leaf to a table: a store never changes a translation without a fence.
 */
final class RandomPageTables
{
    static final int PAGES = 5;

    static final long V = 1;
    static final long R = 2;
    static final long W = 4;
    static final long X = 8;
    static final long U = 16;
    static final long G = 32;
    static final long A = 64;
    static final long D = 128;

    private static final int PAGE_SHIFT = 12;
    private static final int PPN_SHIFT = 10;
    private static final int ENTRIES = 512;
    private static final int IDENTITY = 2;
    private static final long IDENTITY_BASE = 0x8000_0000L;

    /** What is no RAM here and on QEMU's machine with little memory. */
    private static final long[] NOWHERE = {0x9000_0000L, 0xFF_FFFF_F000_0000L, 0x0800_0000L, 0x1_8000_0000L};

    /**
     * A virtual address of a page.
     *
     * @param page       the page of the program, or -1 if it is none of them
     * @param entry      physical address of the leaf that maps it; 0 without one
     * @param value      that leaf
     * @param superBytes size of the page that the leaf maps
     */
    record Target(long address, int page, long entry, long value, long superBytes)
    {
        /** Whether a leaf, perhaps a wrong one, leads to where there is no RAM. */
        boolean isNowhere()
        {
            return page < 0 && entry != 0;
        }

        /** Whether it permits everything, so that a program may rely on it. */
        boolean isOpen()
        {
            final long all = V | R | W | X | A | D;
            return (value & all) == all;
        }
    }

    private final Random random;
    private final ByteBuffer memory;
    private final long base;
    private final long tables;
    private final long pages;
    private final int[] pageNumbers;
    private final Set<Long> used = new HashSet<>();
    private final int[] roots = new int[3];
    private final int[] middles = new int[3];
    private final List<Target> targets = new ArrayList<>();
    private final List<Target> good = new ArrayList<>();

    /**
     * @param base        address of the buffer's first byte
     * @param tables      physical address of {@link #PAGES} empty pages
     * @param pages       physical address of the program's pages
     * @param pageNumbers those to map, each at least once as S-mode and as U-mode want it
     */
    RandomPageTables(
        final Random random, final ByteBuffer memory, final long base, final long tables, final long pages,
        final int... pageNumbers)
    {
        this.random = random;
        this.memory = memory;
        this.base = base;
        this.tables = tables;
        this.pages = pages;
        this.pageNumbers = pageNumbers;
        put(tables + 8 * IDENTITY, leaf(IDENTITY_BASE, V | R | W | X | A | D));
        pointers();
        for (final int page : pageNumbers)
        {
            good.add(map(0, 2, page, V | R | W | X | A | D));
            good.add(map(0, 2, page, V | R | W | X | U | A | D));
        }
        for (int i = 12 + random.nextInt(12); i > 0; i--)
        {
            final int level = random.nextInt(10);
            map(level < 7 ? 0 : level < 9 ? 1 : 2, 1, random.nextInt(9) == 0 ? -1 : anyPage(), anyFlags(level > 0));
        }
    }

    long satp()
    {
        return 8L << 60 | tables >>> PAGE_SHIFT;
    }

    Target any()
    {
        final Target target = targets.get(random.nextInt(targets.size()));
        return random.nextInt(12) > 0 ? target : nonCanonical(target);
    }

    /** Whether the next page is mapped to where there is no RAM. */
    boolean isBeforeNowhere(final Target target)
    {
        return targets.stream().anyMatch(next -> next.isNowhere() && next.entry == target.entry + 8);
    }

    /** The target that leads to this page in a way that is right. */
    Target good(final int page, final boolean isUser)
    {
        return good.stream().filter(target -> target.page == page && (target.value & U) != 0 == isUser)
            .findFirst().orElseThrow();
    }

    /** A leaf for the same page with other flags. */
    long changed(final Target target)
    {
        return target.value & ~0x3FFL | anyFlags(target.superBytes > 4096);
    }

    private Target nonCanonical(final Target target)
    {
        final int bit = 39 + (random.nextBoolean() ? 0 : random.nextInt(25));
        final long difference = (random.nextBoolean() ? 1L : -1L) << bit;
        return new Target(target.address ^ difference, -1, 0, 0, 4096);
    }

    /** Three entries of the root lead to two tables, three of each of these to two more; one of three may be wrong. */
    private void pointers()
    {
        for (int i = 0; i < 3; i++)
        {
            roots[i] = new int[]{random.nextInt(2), 3 + random.nextInt(253), 256 + random.nextInt(256)}[i];
            put(tables + 8 * roots[i], pointer(1 + random.nextInt(2), i == 1));
            do
            {
                middles[i] = random.nextInt(ENTRIES);
            }
            while (i > 0 && middles[i] == middles[0] || i > 1 && middles[i] == middles[1]);
        }
        for (int table = 1; table <= 2; table++)
        {
            for (int i = 0; i < 3; i++)
            {
                put(tables + 4096L * table + 8 * middles[i], pointer(3 + random.nextInt(2), i == 1));
            }
        }
    }

    private long pointer(final int table, final boolean mayBeWrong)
    {
        final long right = tables + 4096L * table >>> PAGE_SHIFT << PPN_SHIFT | V |
            (random.nextInt(4) == 0 ? G : 0) | (long)random.nextInt(4) << 8;
        return switch (mayBeWrong ? random.nextInt(10) : 9)
        {
            case 0 -> right | A;
            case 1 -> right | D;
            case 2 -> right | U;
            case 3 -> right | W;
            case 4 -> right & ~V;
            case 5 -> right | reserved();
            default -> right;
        };
    }

    private long reserved()
    {
        return 1L << 54 + random.nextInt(10);
    }

    /**
     * Adds a leaf.
     *
     * @param step 2 to go by pointers that are right, 1 to go by any
     */
    private Target map(final int level, final int step, final int page, final long flags)
    {
        final int root = roots[random.nextInt(4 - step) * step];
        final int middle = middles[random.nextInt(4 - step) * step];
        final int index = random.nextInt(ENTRIES);
        final int i2 = level == 2 ? index : root;
        final int i1 = level == 1 ? index : level == 0 ? middle : 0;
        final int i0 = level == 0 ? index : 0;
        final long superBytes = 1L << PAGE_SHIFT + 9 * level;
        final long entry = entry(level, i2, i1, i0);
        if (entry == 0 || used.contains(entry))
        {
            return map(level, step, page, flags);
        }
        final long physical = page < 0 ? NOWHERE[random.nextInt(NOWHERE.length)] : pages + 4096L * page;
        long start = physical & -superBytes;
        if (level > 0 && random.nextInt(6) == 0)
        {
            // Misaligned; what lies there does not matter.
            start |= 1L << PAGE_SHIFT + random.nextInt(9 * level);
        }
        final long value = leaf(start, flags);
        put(entry, value);
        final long address = ((long)i2 << 30 | (long)i1 << 21 | (long)i0 << 12) << 25 >> 25;
        final Target target = new Target(address | physical & superBytes - 1, page, entry, value, superBytes);
        targets.add(target);
        return target;
    }

    /** Address of the entry to which the indices lead, or 0 if they do not. */
    private long entry(final int level, final int i2, final int i1, final int i0)
    {
        if (level == 2)
        {
            return tables + 8 * i2;
        }
        final long first = follow(tables + 8 * i2);
        return level == 1 ? first + 8 * i1 : follow(first + 8 * i1) + 8 * i0;
    }

    /** The table that a pointer names, right or wrong. */
    private long follow(final long entry)
    {
        return memory.getLong((int)(entry - base)) << 10 >>> 20 << PAGE_SHIFT;
    }

    private int anyPage()
    {
        return pageNumbers[random.nextInt(pageNumbers.length)];
    }

    /** What is a pointer by its flags is right only in the last level, where it is none. */
    private long anyFlags(final boolean isSuper)
    {
        final long[] kinds = {R, R | W, R | W | X, X, R | X, W, W | X, R | W | X, R | W, 0};
        return kinds[random.nextInt(kinds.length - (isSuper ? 1 : 0))] | (random.nextInt(12) > 0 ? V : 0) |
            (random.nextBoolean() ? U : 0) | (random.nextInt(4) == 0 ? G : 0) | (random.nextInt(3) > 0 ? A : 0) |
            (random.nextInt(3) > 0 ? D : 0) | (long)random.nextInt(4) << 8 | (random.nextInt(15) == 0 ? reserved() : 0);
    }

    private static long leaf(final long physical, final long flags)
    {
        return physical >>> PAGE_SHIFT << PPN_SHIFT | flags;
    }

    private void put(final long entry, final long value)
    {
        used.add(entry);
        memory.putLong((int)(entry - base), value);
    }
}
