package dev.understudy.guest.translate;

import dev.understudy.guest.hart.Decoder;
import dev.understudy.guest.hart.Op;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.PageWatch;
import dev.understudy.guest.memory.WriteListener;
import dev.understudy.guest.state.Derived;
import java.util.Arrays;

/**
 * The pre-decoded instructions of the pages of RAM that the hart has executed, as far as there is room.
 * <p>
 * A page is an array with a slot for each halfword; a slot holds an {@link Op} or {@link Op#UNDECODED}. A write to the
 * page, by the hart or a device, empties the slots whose instruction it touches, so what is executed is always what
 * is in memory. When there are too many pages, the one that came first makes room: its writes stay watched, since
 * translations may stand on it, and it is decoded again when it is executed again. Owned by the hart thread.
 */
@Derived("the code in memory")
final class DecodedCode
{
    /** Halfwords in a page. */
    static final int SLOTS = GuestMemory.PAGE_BYTES / 2;

    /** The most pages, a power of two: 8 MiB of slots. Linux with a small service executes some 700 in all. */
    static final int MAX_PAGES = 512;

    /** Writes to a page after which it counts as data; doubled each time that this was wrong. */
    private static final int FIRST_PATIENCE = 16;
    private static final int MAX_PATIENCE = 1 << 20;

    private final GuestMemory memory;

    /** Of the pages that instructions were decoded from. */
    private final PageWatch watch;

    /** Told of the code that was forgotten. */
    private final WriteListener listener;
    private final long[][] pages;

    /** The pages that have slots, in the order in which they came; from there on, round and round. */
    private final int[] order = new int[MAX_PAGES];
    private long added;

    /** By page: writes that were allowed for last, and those of them that are left. */
    private final int[] patience;
    private final int[] patienceLeft;

    /**
     * @param listener told of code that is about to change, and of pages that count as data from now on, whole
     */
    DecodedCode(final GuestMemory memory, final WriteListener listener)
    {
        this.memory = memory;
        this.listener = listener;
        watch = memory.watch(this::onWrite);
        pages = new long[memory.pages()][];
        patience = new int[memory.pages()];
        patienceLeft = new int[memory.pages()];
    }

    /**
     * The slots of a page, and after them {@link Op#PAGE_END}; to be looked at until the next call.
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
        final int place = (int)added & MAX_PAGES - 1;
        final long[] slots;
        if (added < MAX_PAGES)
        {
            slots = new long[SLOTS + 1];
        }
        else
        {
            slots = pages[order[place]];
            pages[order[place]] = null;
            Arrays.fill(slots, Op.UNDECODED);
        }
        slots[SLOTS] = Op.PAGE_END;
        pages[page] = slots;
        order[place] = page;
        added++;
        return slots;
    }

    /** The instruction at a slot, as far as it is decoded. */
    long at(final int page, final int slot)
    {
        final long[] slots = pages[page];
        return slots != null ? slots[slot] : Op.UNDECODED;
    }

    /** Decodes the instruction at a slot of the last {@link #page} and keeps it there. */
    void decode(final int page, final int slot)
    {
        if (watch.add(page))
        {
            patience[page] = Math.min(MAX_PATIENCE, Math.max(FIRST_PATIENCE, 2 * patience[page]));
            patienceLeft[page] = patience[page];
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

    /** Ends the watch of the code: nothing may be decoded any more. */
    void end()
    {
        watch.end();
    }

    /**
     * Empties the slots of instructions that are about to change. A page that is written time and again holds data by
     * now: it loses all its instructions and is no longer watched, so that writes to it are as fast as any.
     *
     * @param offset from the start of RAM; the range lies in one page
     */
    private void onWrite(final int offset, final int length)
    {
        final int page = offset >> GuestMemory.PAGE_SHIFT;
        final long[] slots = pages[page];
        patienceLeft[page]--;
        if (patienceLeft[page] == 0)
        {
            if (slots != null)
            {
                Arrays.fill(slots, 0, SLOTS, Op.UNDECODED);
            }
            watch.remove(page);
            listener.onWrite(offset & -GuestMemory.PAGE_BYTES, GuestMemory.PAGE_BYTES);
            return;
        }
        if (slots != null)
        {
            final int inPage = offset & (GuestMemory.PAGE_BYTES - 1);
            final int first = Math.max(0, (inPage >> 1) - 1);
            final int last = (inPage + length - 1) >> 1;
            Arrays.fill(slots, first, last + 1, Op.UNDECODED);
        }
        listener.onWrite(offset, length);
    }
}
