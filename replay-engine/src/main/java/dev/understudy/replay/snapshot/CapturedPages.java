package dev.understudy.replay.snapshot;

import dev.understudy.guest.state.PagedMemory;

/** The pages of RAM at one position. */
final class CapturedPages
{
    /** By page; null for zeros. */
    private final byte[][] pages;

    CapturedPages(final PagedMemory memory)
    {
        pages = new byte[memory.pages()][];
        for (int page = 0; page < pages.length; page++)
        {
            if (!memory.isZero(page))
            {
                pages[page] = new byte[PagedMemory.PAGE_BYTES];
                memory.copyPage(page, pages[page]);
            }
        }
    }

    /** Number of pages. */
    int count()
    {
        return pages.length;
    }

    /** Copies a page out; false when it is all zeros. */
    boolean copyPage(final int page, final byte[] to)
    {
        if (pages[page] == null)
        {
            return false;
        }
        System.arraycopy(pages[page], 0, to, 0, to.length);
        return true;
    }
}
