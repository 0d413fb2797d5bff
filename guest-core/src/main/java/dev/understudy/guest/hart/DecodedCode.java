package dev.understudy.guest.hart;

import dev.understudy.guest.memory.GuestMemory;
import java.util.Arrays;

/**
 * The pre-decoded instructions of the pages of RAM that the hart has executed.
 * <p>
 * A page is an array with a slot for each halfword; a slot holds an {@link Op} or {@link Op#UNDECODED}. A write to the
 * page, by the hart or a device, empties the slots whose instruction it touches, so what is executed is always what
 * is in memory. Owned by the hart thread.
 */
final class DecodedCode
{
    /** Halfwords in a page. */
    static final int SLOTS = GuestMemory.PAGE_BYTES / 2;

    /** Writes to a page after which it counts as data; doubled each time that this was wrong. */
    private static final int FIRST_PATIENCE = 16;
    private static final int MAX_PATIENCE = 1 << 20;

    private final GuestMemory memory;
    private final long[][] pages;

    /** By page: writes that were allowed for last, and those of them that are left. */
    private final int[] patience;
    private final int[] patienceLeft;

    DecodedCode(final GuestMemory memory)
    {
        this.memory = memory;
        pages = new long[memory.pages()][];
        patience = new int[memory.pages()];
        patienceLeft = new int[memory.pages()];
    }

    /**
     * The slots of a page, and after them {@link Op#PAGE_END}.
     *
     * @param page number of the page from the start of RAM
     */
    long[] page(final int page)
    {
        final long[] slots = pages[page];
        return slots != null ? slots : addPage(page);
    }

    private long[] addPage(final int page)
    {
        final long[] slots = new long[SLOTS + 1];
        slots[SLOTS] = Op.PAGE_END;
        pages[page] = slots;
        return slots;
    }

    /**
     * Decodes the instruction at a slot and keeps it there.
     *
     * @return whether writes to the page are watched from now on, and were not before
     */
    boolean decode(final int page, final int slot)
    {
        final boolean isNew = !memory.holdsCode(page);
        if (isNew)
        {
            watch(page);
        }
        final long address = GuestMemory.BASE + ((long)page << GuestMemory.PAGE_SHIFT) + 2L * slot;
        final int low = memory.readShort(address);
        final long decoded;
        if (!Decoder.isLong(low))
        {
            decoded = within(Decoder.decodeShort(low), slot);
        }
        else if (slot == SLOTS - 1)
        {
            decoded = Op.pack(Op.ACROSS_PAGES, 0, 0, 0, low, 4);
        }
        else
        {
            decoded = within(Decoder.decodeLong(memory.readInt(address)), slot);
        }
        pages[page][slot] = decoded;
        return isNew;
    }

    /** Turns a jump or branch whose target lies in the same page into its near form. */
    private static long within(final long decoded, final int slot)
    {
        final int op = Op.op(decoded);
        if (op < Op.JAL_FAR || op > Op.BGEU_FAR)
        {
            return decoded;
        }
        final int target = slot + (Op.immediate(decoded) >> 1);
        if (target < 0 || target >= SLOTS)
        {
            return decoded;
        }
        return Op.with(decoded, op == Op.JAL_FAR ? Op.JAL : op - Op.BEQ_FAR + Op.BEQ, target);
    }

    /**
     * Empties the slots of instructions that are about to change. A page that is written time and again holds data by
     * now: it loses all its instructions and is no longer watched, so that writes to it are as fast as any.
     *
     * @param offset from the start of RAM; the range lies in one page
     * @return whether the page has lost all its instructions
     */
    boolean forget(final int offset, final int length)
    {
        final int page = offset >> GuestMemory.PAGE_SHIFT;
        final long[] slots = pages[page];
        patienceLeft[page]--;
        if (patienceLeft[page] == 0)
        {
            Arrays.fill(slots, 0, SLOTS, Op.UNDECODED);
            memory.unwatchCode(page);
            return true;
        }
        final int inPage = offset & (GuestMemory.PAGE_BYTES - 1);
        final int first = Math.max(0, (inPage >> 1) - 1);
        final int last = (inPage + length - 1) >> 1;
        Arrays.fill(slots, first, last + 1, Op.UNDECODED);
        return false;
    }

    /** Has {@link #forget} told of writes to a page, before the first instruction in it is decoded. */
    private void watch(final int page)
    {
        patience[page] = Math.min(MAX_PATIENCE, Math.max(FIRST_PATIENCE, 2 * patience[page]));
        patienceLeft[page] = patience[page];
        memory.watchCode(page);
    }
}
