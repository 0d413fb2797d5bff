package dev.understudy.replay.snapshot;

import java.util.Arrays;
import java.util.Locale;

/**
 * What a drive has in a snapshot over its image, in pages of 4096 bytes. Each page is checked as it is read. Not thread-safe.
 */
public final class StoredDrive
{
    private final DriveTable table;
    private final StoredPages pages;
    private final String what;
    private final Sha256 sha256 = new Sha256();

    /** @param what names the drive in messages */
    StoredDrive(final DriveTable table, final StoredPages pages, final String what)
    {
        this.table = table;
        this.pages = pages;
        this.what = what;
    }

    DriveTable table()
    {
        return table;
    }

    /** Whether a page is not that of the image. */
    public boolean isWritten(final int page)
    {
        return table.isWritten(page);
    }

    /**
     * Copies a page out that is not that of the image.
     *
     * @throws SnapshotException when it is not as it was
     */
    public void copyPage(final int page, final byte[] to)
    {
        final PageTable stored = table.stored();
        if (stored.isStored(page))
        {
            pages.copyPage(stored.hashes(), stored.hashAt(page), to, sha256,
                String.format(Locale.ROOT, "%s: page %d", what, page));
        }
        else
        {
            Arrays.fill(to, (byte)0);
        }
    }
}
