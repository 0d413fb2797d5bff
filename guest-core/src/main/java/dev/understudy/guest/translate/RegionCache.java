package dev.understudy.guest.translate;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.Derived;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.Hashing;
import org.agrona.collections.Int2ObjectHashMap;

/**
 * The regions by the physical address of their entry, and how often code without a region was come upon.
 * <p>
 * Only a write to the code itself forgets a region: the guest's fences, page tables and address spaces leave the cache
 * alone. Owned by the hart thread.
 */
@Derived("the code in memory")
final class RegionCache
{
    /** The most regions that a machine keeps. */
    static final int DEFAULT_CAPACITY = 12_000;

    private static final int PAGE_MASK = GuestMemory.PAGE_BYTES - 1;

    /** Places of which the heat is known. */
    private static final int HEAT_PLACES = 1 << 16;

    /** By entry: the regions that begin there, one for each context and rounding mode. */
    private final Int2ObjectHashMap<Region> entries = new Int2ObjectHashMap<>();

    /** By entry, as far as its hash can tell: entries that share a place heat each other, which does no harm. */
    private final short[] heat = new short[HEAT_PLACES];

    /** By page: the regions that have instructions in it. */
    private final Int2ObjectHashMap<List<Region>> inPage = new Int2ObjectHashMap<>();
    private final int capacity;
    private int size;
    private long flushes;

    /**
     * @param capacity the most regions; when there are as many and one is added, all are forgotten
     */
    RegionCache(final int capacity)
    {
        this.capacity = capacity;
    }

    /**
     * The region that begins at a place in a context; null if none does. It may not have code yet.
     *
     * @param frm the dynamic rounding mode
     */
    Region find(final int page, final int slot, final int context, final int frm)
    {
        Region region = entries.get(entry(page, slot));
        while (region != null && !region.isFor(context, frm))
        {
            region = region.next;
        }
        return region;
    }

    /**
     * Notes that code without a region was come upon.
     *
     * @return whether it is hot now: whether this has happened as often as {@code threshold}, at most 32,000; it begins
     *     anew then
     */
    boolean heat(final int page, final int slot, final int weight, final int threshold)
    {
        final int place = Hashing.hash(entry(page, slot), HEAT_PLACES - 1);
        final int now = heat[place] + weight;
        final boolean isHot = now >= threshold;
        heat[place] = (short)(isHot ? 0 : now);
        return isHot;
    }

    private static int entry(final int page, final int slot)
    {
        return page * DecodedCode.SLOTS + slot;
    }

    /** Enters a region; its code may come later. */
    void add(final Region region)
    {
        if (size == capacity)
        {
            forgetAll();
        }
        enter(region);
        watch(region);
    }

    /** Has writes to its code forget a region that is to take the place of another when it has code. */
    void prepare(final Region region)
    {
        if (size == capacity)
        {
            forgetAll();
        }
        watch(region);
    }

    /** Enters a region that was prepared, in the place of the one with the same entry that is for the same. */
    void replace(final Region region)
    {
        Region present = entries.get(entry(region.plan.page(), region.plan.slot()));
        while (present != null)
        {
            final Region next = present.next;
            if (present.isFor(region.context, region.rounding) || region.isFor(present.context, present.rounding))
            {
                remove(present);
            }
            present = next;
        }
        enter(region);
    }

    private void enter(final Region region)
    {
        region.next = entries.put(entry(region.plan.page(), region.plan.slot()), region);
    }

    private void watch(final Region region)
    {
        for (final RegionPlan.Page page : region.plan.pages())
        {
            inPage.computeIfAbsent(page.physical(), it -> new ArrayList<>()).add(region);
        }
        size++;
    }

    /** Forgets the regions whose code is about to change; {@code offset} is from the start of RAM, within one page. */
    void forget(final int offset, final int length)
    {
        final int page = offset >> GuestMemory.PAGE_SHIFT;
        final List<Region> regions = inPage.get(page);
        if (regions == null)
        {
            return;
        }
        final int first = (offset & PAGE_MASK) >> 1;
        final int last = (offset & PAGE_MASK) + length - 1 >> 1;
        for (final Region region : List.copyOf(regions))
        {
            if (region.plan.isIn(page, first, last))
            {
                remove(region);
            }
        }
    }

    private void remove(final Region region)
    {
        region.forget();
        final int entry = entry(region.plan.page(), region.plan.slot());
        final Region first = entries.get(entry);
        if (first == region)
        {
            if (region.next == null)
            {
                entries.remove(entry);
            }
            else
            {
                entries.put(entry, region.next);
            }
        }
        for (Region before = first; before != null; before = before.next)
        {
            if (before.next == region)
            {
                before.next = region.next;
            }
        }
        for (final RegionPlan.Page page : region.plan.pages())
        {
            inPage.get(page.physical()).remove(region);
        }
        size--;
    }

    private void forgetAll()
    {
        for (final List<Region> regions : inPage.values())
        {
            regions.forEach(Region::forget);
        }
        inPage.clear();
        entries.clear();
        size = 0;
        flushes++;
    }

    /** Number of regions. */
    int size()
    {
        return size;
    }

    /** How often all regions were forgotten because there were too many. */
    long flushes()
    {
        return flushes;
    }
}
