package dev.understudy.replay.snapshot;

import dev.understudy.guest.state.PagedMemory;
import java.util.Arrays;

/** The pages of RAM at one position. */
final class CapturedPages
{
    /** By page; null for zeros. */
    private final byte[][] pages;

    /**
     * Copies the pages that are not all zeros.
     *
     * @throws SnapshotException when there is no memory for that
     */
    CapturedPages(final PagedMemory memory)
    {
        pages = new byte[memory.pages()][];
        try
        {
            for (int page = 0; page < pages.length; page++)
            {
                if (!memory.isZero(page))
                {
                    pages[page] = new byte[PagedMemory.PAGE_BYTES];
                    memory.copyPage(page, pages[page]);
                }
            }
        }
        catch (final OutOfMemoryError e)
        {
            Arrays.fill(pages, null);
            throw new SnapshotException("no snapshot was taken: the JVM's heap has no room for a copy of the guest's memory. " +
                "Give the JVM more with UNDERSTUDY_JAVA_OPTS=-Xmx", e);
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
