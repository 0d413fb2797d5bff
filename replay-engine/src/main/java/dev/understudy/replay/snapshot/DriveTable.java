package dev.understudy.replay.snapshot;

/**
 * The pages of a drive in one snapshot: which were written, and the SHA-256 of each of those that is not all zeros. Immutable.
 *
 * @param stored  those that are not all zeros
 * @param written a bit for each that is not that of the image
 */
record DriveTable(PageTable stored, long[] written)
{
    /** Of a drive that is only read. */
    static final DriveTable EMPTY = new DriveTable(new PageTable(0, new long[0], new byte[0]), new long[0]);

    boolean isWritten(final int page)
    {
        return (written[page / Long.SIZE] & 1L << page) != 0;
    }
}
