package dev.understudy.guest.hart;

import dev.understudy.guest.memory.GuestMemory;

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

    private final GuestMemory memory;
    private final long[][] pages;

    DecodedCode(final GuestMemory memory)
    {
        this.memory = memory;
        pages = new long[memory.pages()][];
        memory.onCodeWrite(this::forget);
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

    /** Decodes the instruction at a slot, keeps it there and returns it. */
    long decode(final int page, final int slot)
    {
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
        return decoded;
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

    private void forget(final int offset, final int length)
    {
        final long[] slots = pages[offset >> GuestMemory.PAGE_SHIFT];
        final int inPage = offset & (GuestMemory.PAGE_BYTES - 1);
        final int first = Math.max(0, (inPage >> 1) - 1);
        final int last = (inPage + length - 1) >> 1;
        for (int slot = first; slot <= last; slot++)
        {
            slots[slot] = Op.UNDECODED;
        }
    }
}
