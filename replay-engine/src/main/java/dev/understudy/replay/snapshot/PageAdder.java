package dev.understudy.replay.snapshot;

import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;

/** Adds the pages of one snapshot that a store lacks, in one pack. Not thread-safe. */
final class PageAdder implements Closeable
{
    private final StoreDisk disk;
    private final StoreLayout layout;
    private final StoredPages pages;
    private final PageSet added = new PageSet();
    private final Sha256 sha256 = new Sha256();
    private final byte[] page = new byte[PackFile.PAGE_BYTES];
    private final byte[] zeros = new byte[PackFile.PAGE_BYTES];
    private final byte[] hash = new byte[Sha256.BYTES];
    private PackWriter writer;

    PageAdder(final StoreDisk disk, final StoreLayout layout, final StoredPages pages)
    {
        this.disk = disk;
        this.layout = layout;
        this.pages = pages;
    }

    /** Adds RAM. */
    PageTable add(final CapturedPages ram) throws IOException
    {
        final PageTable.Builder table = new PageTable.Builder(ram.count());
        for (int i = 0; i < ram.count(); i++)
        {
            if (ram.copyPage(i, page))
            {
                add(i, table);
            }
        }
        return table.build();
    }

    /** Adds what was written to a drive; null is a drive that is only read. */
    DriveTable add(final DriveChanges drive) throws IOException
    {
        if (drive == null)
        {
            return DriveTable.EMPTY;
        }
        final DriveTable before = drive.before() == null ? null : drive.before().table();
        final PageTable.Builder table = new PageTable.Builder(drive.pages());
        final long[] written = before == null ? new long[PageTable.words(drive.pages())] : before.written().clone();
        for (int i = 0; i < drive.pages(); i++)
        {
            if (drive.isWritten(i))
            {
                written[i / Long.SIZE] |= 1L << i;
                drive.copyPage(i, page);
                if (!Arrays.equals(page, zeros))
                {
                    add(i, table);
                }
            }
            else if (before != null && before.stored().isStored(i))
            {
                addAgain(i, drive.before(), table);
            }
        }
        return new DriveTable(table.build(), written);
    }

    /** A page of the snapshot before, which may be in another store, or have been deleted in this one. */
    private void addAgain(final int number, final StoredDrive before, final PageTable.Builder table) throws IOException
    {
        final PageTable stored = before.table().stored();
        if (pages.index().find(stored.hashes(), stored.hashAt(number)) != null)
        {
            table.add(number, stored.hashes(), stored.hashAt(number));
        }
        else
        {
            before.copyPage(number, page);
            add(number, table);
        }
    }

    private void add(final int number, final PageTable.Builder table) throws IOException
    {
        sha256.of(page, 0, page.length, hash, 0);
        table.add(number, hash, 0);
        if (pages.index().find(hash, 0) == null && added.add(hash))
        {
            writer = writer == null ? new PackWriter(disk, layout) : writer;
            writer.add(page, hash, 0);
        }
    }

    /** Has the store have them. */
    void finish() throws IOException
    {
        if (writer != null)
        {
            pages.add(writer.finish());
        }
    }

    @Override
    public void close() throws IOException
    {
        if (writer != null)
        {
            writer.close();
        }
    }
}
