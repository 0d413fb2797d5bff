package dev.understudy.replay.snapshot;

import java.util.Arrays;

/** The pages of guest RAM in one snapshot: which are all zeros, and the SHA-256 of each other one. Immutable. */
final class PageTable
{
    private static final int WORD_SHIFT = 6;
    private static final int FIRST_CAPACITY = 1024;

    private final int pages;

    /** A bit for each page that is not all zeros. */
    private final long[] stored;

    /** By word of {@link #stored}: the number of stored pages before it. */
    private final int[] before;
    private final int count;

    /** Of the stored pages, in their order. */
    private final byte[] hashes;

    /** @param hashes one for each bit that is set in {@code stored}; there may be room behind them */
    PageTable(final int pages, final long[] stored, final byte[] hashes)
    {
        this.pages = pages;
        this.stored = stored;
        this.hashes = hashes;
        before = new int[stored.length];
        int sum = 0;
        for (int word = 0; word < stored.length; word++)
        {
            before[word] = sum;
            sum += Long.bitCount(stored[word]);
        }
        count = sum;
    }

    /** Number of words of 64 bits that have a bit for each page. */
    static int words(final int pages)
    {
        return pages + Long.SIZE - 1 >> WORD_SHIFT;
    }

    /** Number of pages. */
    int pages()
    {
        return pages;
    }

    /** Number of pages that are not all zeros. */
    int count()
    {
        return count;
    }

    boolean isStored(final int page)
    {
        return (stored[page >> WORD_SHIFT] & 1L << page) != 0;
    }

    /** Index in {@link #hashes} of the hash of a stored page. */
    int hashAt(final int page)
    {
        final long below = stored[page >> WORD_SHIFT] & (1L << page) - 1;
        return (before[page >> WORD_SHIFT] + Long.bitCount(below)) * Sha256.BYTES;
    }

    byte[] hashes()
    {
        return hashes;
    }

    long[] bits()
    {
        return stored;
    }

    /** Makes a table page by page, ascending. */
    static final class Builder
    {
        private final int pages;
        private final long[] stored;
        private byte[] hashes = new byte[FIRST_CAPACITY * Sha256.BYTES];
        private int bytes;

        Builder(final int pages)
        {
            this.pages = pages;
            stored = new long[words(pages)];
        }

        /** The next page that is not all zeros, and where its hash stands. */
        void add(final int page, final byte[] from, final int offset)
        {
            if (bytes == hashes.length)
            {
                hashes = Arrays.copyOf(hashes, 2 * bytes);
            }
            System.arraycopy(from, offset, hashes, bytes, Sha256.BYTES);
            bytes += Sha256.BYTES;
            stored[page >> WORD_SHIFT] |= 1L << page;
        }

        PageTable build()
        {
            return new PageTable(pages, stored, Arrays.copyOf(hashes, bytes));
        }
    }
}
