package dev.understudy.guest.memory;

import dev.understudy.guest.state.Derived;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The pages of RAM that were written since somebody took them, whoever wrote them: a hart, a device or the loader. Each
 * who asks has marks of its own, and takes nothing from another: {@link GuestMemory#dirtyPages} makes as many as are asked
 * for.
 * <p>
 * A page may have been written and hold what it held; one that is not marked has not changed. A page is marked when it
 * enters a hart's store cache, so the fast path marks nothing. Owned by the hart thread.
 */
@Derived("nothing: which pages were written since somebody asked")
public final class DirtyPages
{
    private final GuestMemory memory;

    /** By page. */
    private final boolean[] marks;

    DirtyPages(final GuestMemory memory)
    {
        this.memory = memory;
        marks = new boolean[memory.pages()];
    }

    /**
     * The pages that were written since the last call; the first call gives all pages. Nothing that the guest could see
     * changes.
     *
     * @return numbers of pages from the start of RAM, ascending
     */
    public int[] take()
    {
        memory.forgetStores();
        final int[] taken = IntStream.range(0, marks.length).filter(page -> marks[page]).toArray();
        Arrays.fill(marks, false);
        return taken;
    }

    /** Whether a page was written since the last {@link #take}. */
    public boolean contains(final int page)
    {
        return marks[page];
    }

    /**
     * As {@link #take}, but leaves those pages marked that a hart may write to at any time. To take them as well, its store
     * cache would have to be emptied, and a miss may be a path of a region that HotSpot left out of its code.
     */
    void forget()
    {
        Arrays.fill(marks, false);
        memory.markStores();
    }

    void mark(final int page)
    {
        marks[page] = true;
    }

    void markAll()
    {
        Arrays.fill(marks, true);
    }
}
