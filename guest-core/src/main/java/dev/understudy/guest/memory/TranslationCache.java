package dev.understudy.guest.memory;

import dev.understudy.guest.state.Derived;
import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * Pages that were translated for one kind of access: direct-mapped, by the page of the virtual address, for each context
 * of its own. Owned by the hart thread.
 */
@Derived("the tables in memory")
final class TranslationCache
{
    /** A tag that equals no page: its low bits are set, those of a page are not. */
    private static final long NO_PAGE = -1;

    private final long[][] tags;
    private final int[][] values;

    /** The places that were entered since the cache was empty, some of them twice, as long as there is room for all. */
    private final int[] entered = new int[Mmu.TLB_ENTRIES];

    /** How many these are; one more than there is room for when not all are known. */
    private int enteredCount;

    TranslationCache(final int contexts)
    {
        tags = new long[contexts][Mmu.TLB_ENTRIES];
        values = new int[contexts][Mmu.TLB_ENTRIES];
        for (final long[] ofContext : tags)
        {
            Arrays.fill(ofContext, NO_PAGE);
        }
    }

    /** Addresses of the pages that are cached, or what equals none, by place. */
    long[] tags(final int context)
    {
        return tags[context];
    }

    /** What is known of the pages, by place. */
    int[] values(final int context)
    {
        return values[context];
    }

    boolean holds(final int context, final long page)
    {
        return tags[context][slot(page)] == page;
    }

    /** The value of a page that the cache holds. */
    int value(final int context, final long page)
    {
        return values[context][slot(page)];
    }

    void enter(final int context, final long page, final int value)
    {
        final int slot = slot(page);
        if (tags[context][slot] == NO_PAGE && enteredCount <= entered.length)
        {
            if (enteredCount < entered.length)
            {
                entered[enteredCount] = context * Mmu.TLB_ENTRIES + slot;
            }
            enteredCount++;
        }
        tags[context][slot] = page;
        values[context][slot] = value;
    }

    /** Forgets a page in all contexts. */
    void forget(final long page)
    {
        final int slot = slot(page);
        for (final long[] ofContext : tags)
        {
            if (ofContext[slot] == page)
            {
                ofContext[slot] = NO_PAGE;
            }
        }
    }

    /** Forgets a page of RAM, wherever it is mapped, in a cache of addends. */
    void forgetRam(final int page)
    {
        for (int i = 0; i < places(); i++)
        {
            final int place = place(i);
            if (isUsed(place) && ramPage(place) == page)
            {
                empty(place);
            }
        }
    }

    /** Gives the pages of RAM that a cache of addends holds, some of them more than once. */
    void eachRam(final IntConsumer visitor)
    {
        for (int i = 0; i < places(); i++)
        {
            final int place = place(i);
            if (isUsed(place))
            {
                visitor.accept(ramPage(place));
            }
        }
    }

    void clear()
    {
        for (int i = 0; i < places(); i++)
        {
            empty(place(i));
        }
        enteredCount = 0;
    }

    private int places()
    {
        return enteredCount <= entered.length ? enteredCount : tags.length * Mmu.TLB_ENTRIES;
    }

    private int place(final int i)
    {
        return enteredCount <= entered.length ? entered[i] : i;
    }

    private boolean isUsed(final int place)
    {
        return tags[place / Mmu.TLB_ENTRIES][place & Mmu.TLB_MASK] != NO_PAGE;
    }

    private void empty(final int place)
    {
        tags[place / Mmu.TLB_ENTRIES][place & Mmu.TLB_MASK] = NO_PAGE;
    }

    private int ramPage(final int place)
    {
        final int context = place / Mmu.TLB_ENTRIES;
        final int slot = place & Mmu.TLB_MASK;
        return (int)tags[context][slot] + values[context][slot] >> GuestMemory.PAGE_SHIFT;
    }

    private static int slot(final long page)
    {
        return (int)(page >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
    }
}
