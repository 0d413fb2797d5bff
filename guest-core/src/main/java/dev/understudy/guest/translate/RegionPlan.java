package dev.understudy.guest.translate;

import dev.understudy.guest.hart.Op;
import dev.understudy.guest.memory.GuestMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is to be translated: instructions in basic blocks, and what they stand on.
 * <p>
 * Offsets are distances in bytes from the virtual address of the page of the entry, so that a region serves wherever the
 * page is mapped. Immutable.
 *
 * @param page       physical page of the entry, from the start of RAM
 * @param slot       slot of the entry in it
 * @param context    what {@link dev.understudy.guest.memory.Mmu#context()} was
 * @param blocks     in reverse post-order; the first is the entry
 * @param pages      the pages that hold the instructions
 * @param bias       the most instructions that are executed between two looks at the budget
 * @param rounding   the dynamic rounding mode that the code is translated for; {@link #ANY_ROUNDING} when it uses none
 * @param isFloating whether the code uses the floating-point registers: {@code sstatus.FS} must be Dirty
 * @param isWide     whether the code is hot enough to be worth all that HotSpot takes for it: code that other regions
 *     hold as well, the last targets of indirect jumps, and misses of the translation caches filled in place
 * @param predicted  indirect jumps that are compared with where they went last
 * @param tables     the translation caches of the context
 */
record RegionPlan(
    int page,
    int slot,
    int context,
    List<Block> blocks,
    List<Page> pages,
    int bias,
    int rounding,
    boolean isFloating,
    boolean isWide,
    int predicted,
    Tables tables)
{
    static final int ANY_ROUNDING = -1;

    /**
     * Instructions that are executed one after the other; only the last may jump.
     *
     * @param offset       of the first instruction
     * @param end          offset behind the last instruction
     * @param instructions as decoded
     * @param successors   where control goes at the end: to the target of a jump; to that of a branch, and behind it;
     *     behind the calls of the region, if the block ends with a return; to the last target of an indirect jump, if
     *     the region is wide
     */
    record Block(int offset, int end, long[] instructions, int[] successors)
    {
        private Block first(final int count)
        {
            if (count >= instructions.length)
            {
                return this;
            }
            int behind = offset;
            for (int i = 0; i < count; i++)
            {
                behind += Op.bytes(instructions[i]);
            }
            return new Block(offset, behind, Arrays.copyOf(instructions, count), new int[]{behind});
        }

        long last()
        {
            return instructions[instructions.length - 1];
        }
    }

    /**
     * A page that the region takes instructions from.
     *
     * @param delta    distance from the page of the entry, in pages
     * @param physical number of the page from the start of RAM
     * @param first    the first of the slots in use
     * @param last     the last of the slots in use
     */
    record Page(int delta, int physical, int first, int last)
    {
    }

    /** The arrays of {@link dev.understudy.guest.memory.Mmu} for the context. */
    record Tables(
        long[] fetchTags, int[] fetchPages, long[] loadTags, int[] loadAddends, long[] storeTags, int[] storeAddends)
    {
    }

    /** Whether the region has an instruction in a range of slots, or may have one. */
    boolean isIn(final int physicalPage, final int firstSlot, final int lastSlot)
    {
        for (final Page candidate : pages)
        {
            if (candidate.physical == physicalPage && candidate.first <= lastSlot && firstSlot <= candidate.last)
            {
                return true;
            }
        }
        return false;
    }

    /** Number of instructions. */
    int length()
    {
        return blocks.stream().mapToInt(it -> it.instructions.length).sum();
    }

    /**
     * The first instructions of the region, at least one; all else is what the plan says of the whole, which is at most
     * too much. What would go on to the others leaves the region.
     */
    RegionPlan first(final int count)
    {
        final List<Block> kept = new ArrayList<>();
        int left = Math.max(1, count);
        for (int i = 0; left > 0 && i < blocks.size(); i++)
        {
            final Block block = blocks.get(i).first(left);
            kept.add(block);
            left -= block.instructions.length;
        }
        return new RegionPlan(
            page, slot, context, kept, pages, bias, rounding, isFloating, isWide, predicted, tables);
    }

    int physicalPage(final int offset)
    {
        final int delta = offset >> GuestMemory.PAGE_SHIFT;
        for (final Page candidate : pages)
        {
            if (candidate.delta == delta)
            {
                return candidate.physical;
            }
        }
        throw new IllegalArgumentException("offset " + offset + " is in no page of the region");
    }
}
