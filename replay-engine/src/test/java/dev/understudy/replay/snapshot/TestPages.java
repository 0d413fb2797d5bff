package dev.understudy.replay.snapshot;

import dev.understudy.guest.state.PagedMemory;
import java.util.Arrays;
import java.util.Random;

/** RAM of some pages, for a store that knows no machine. */
final class TestPages implements PagedMemory
{
    private final byte[][] pages;

    TestPages(final int count)
    {
        pages = new byte[count][PAGE_BYTES];
    }

    /** Changes some pages: a third of them to zeros, a third to what many have. */
    void change(final Random random, final int count)
    {
        for (int i = 0; i < count; i++)
        {
            // The first and the last one more often than others.
            final int page = switch (random.nextInt(8))
            {
                case 0 -> 0;
                case 1 -> pages.length - 1;
                default -> random.nextInt(pages.length);
            };
            switch (random.nextInt(3))
            {
                case 0 -> clearPage(page);
                case 1 -> Arrays.fill(pages[page], (byte)(1 + random.nextInt(4)));
                default -> random.nextBytes(pages[page]);
            }
        }
    }

    TestPages copy()
    {
        final TestPages copy = new TestPages(pages.length);
        for (int page = 0; page < pages.length; page++)
        {
            copy.replacePage(page, pages[page]);
        }
        return copy;
    }

    boolean isSameAs(final TestPages other)
    {
        return Arrays.deepEquals(pages, other.pages);
    }

    @Override
    public int pages()
    {
        return pages.length;
    }

    @Override
    public long hash()
    {
        return Arrays.deepHashCode(pages);
    }

    @Override
    public boolean isZero(final int page)
    {
        return Arrays.equals(pages[page], new byte[PAGE_BYTES]);
    }

    @Override
    public void copyPage(final int page, final byte[] to)
    {
        System.arraycopy(pages[page], 0, to, 0, PAGE_BYTES);
    }

    @Override
    public void replacePage(final int page, final byte[] from)
    {
        System.arraycopy(from, 0, pages[page], 0, PAGE_BYTES);
    }

    @Override
    public void clearPage(final int page)
    {
        Arrays.fill(pages[page], (byte)0);
    }
}
