package dev.understudy.hypervisor.drive;

import dev.understudy.node.DriveException;
import dev.understudy.replay.snapshot.StoredDrive;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Locale;

/**
 * A drive that begins as a base image, which is never written: what the guest writes goes to an overlay.
 * <pre>
 *  +-----------------+--------------------------------+-------------------+-----------------+-----
 *  | header     4096 | table: 4 for each cluster of   | cluster 2   64 Ki | cluster 3 64 Ki | ...
 *  | (OverlayHeader) | the drive, up to a cluster end |                   |                 |
 *  +-----------------+--------------------------------+-------------------+-----------------+-----
 *    table entry: 0 as in the base, 1 zeros, n the cluster with number n of the overlay
 * </pre>
 * Little-endian. A kept overlay survives the end of its process and the loss of power as a disk with a cache does: it is
 * whole at any time, and holds all that was written before the last flush. For this the table goes to the file only
 * with a flush, after the clusters that it names, and a cluster that was given up is used again only when the table
 * without it is on the disk. An overlay that is not kept has no header and no table in its file.
 */
public final class OverlayImage implements BlockImage, LowerImage
{
    static final int CLUSTER_BYTES = OverlayHeader.CLUSTER_BYTES;

    private static final int FROM_BASE = 0;
    private static final int ZEROS = 1;
    private static final int FIRST_CLUSTER = 2;
    private static final int ENTRY_BYTES = Integer.BYTES;
    private static final int PAGE_BYTES = OverlayHeader.PAGE_BYTES;
    private static final int ENTRIES_OF_PAGE = PAGE_BYTES / ENTRY_BYTES;

    /** The largest drive: its table is an array of 256 MiB. */
    private static final long MAX_CLUSTERS = 1 << 26;

    private final StableFile base;

    /** What is there where this has nothing; others that are put in its place are equal. */
    private volatile LowerImage below;
    private final long baseBytes;
    private final StableFile file;
    private final boolean isKept;
    private final int[] table;
    private final long dataStart;
    private final byte[] cluster = new byte[CLUSTER_BYTES];

    /** Pages of the table that differ from the file; for an overlay that is kept. */
    private final BitSet dirtyPages = new BitSet();

    /** Clusters that no table entry names, in memory or on the disk. */
    private final BitSet free = new BitSet();

    /** Clusters that the table on the disk may still name. */
    private final BitSet freeAfterFlush = new BitSet();

    /** Number of the cluster behind the last one of the file. */
    private int end = FIRST_CLUSTER;

    private OverlayImage(
        final StableFile base, final long baseBytes, final StableFile file, final boolean isKept)
    {
        this.base = base;
        below = base;
        this.baseBytes = baseBytes;
        this.file = file;
        this.isKept = isKept;
        final long clusters = (baseBytes + CLUSTER_BYTES - 1) / CLUSTER_BYTES;
        if (clusters > MAX_CLUSTERS)
        {
            throw new DriveException("drive " + base.path() + " has " + baseBytes + " bytes: one with an overlay has " +
                MAX_CLUSTERS * CLUSTER_BYTES + " at most");
        }
        table = new int[(int)clusters];
        final long tableEnd = PAGE_BYTES + clusters * ENTRY_BYTES;
        dataStart = (tableEnd + CLUSTER_BYTES - 1) / CLUSTER_BYTES * CLUSTER_BYTES;
    }

    /** Goes on with an overlay that was kept, or begins one that is, where there is no file. */
    public static OverlayImage openOrCreate(final DriveFile drive, final Path overlay)
    {
        return Files.exists(overlay) ? open(drive, ChannelAccess.forWriting(overlay)) : create(drive, overlay);
    }

    /** Begins an overlay that is kept. There must be no such file. */
    public static OverlayImage create(final DriveFile drive, final Path overlay)
    {
        return create(drive, ChannelAccess.create(overlay, StandardOpenOption.CREATE_NEW));
    }

    /** Begins an overlay that is kept, in an empty file. */
    static OverlayImage create(final DriveFile drive, final StableFile file)
    {
        final OverlayImage image = begin(drive, file, true);
        try
        {
            final byte[] header = new OverlayHeader(drive.bytes(), drive.sha256()).encode();
            file.write(image.dataStart - 1, new byte[1], 0, 1);
            file.write(0, header, 0, header.length);
            file.force();
            return image;
        }
        catch (final IOException e)
        {
            throw image.unusable(e);
        }
    }

    /** Begins an overlay that lives as long as this object, in place of one that may be there. */
    public static OverlayImage beginAnew(final DriveFile drive, final Path overlay)
    {
        final OverlayImage image = begin(drive, ChannelAccess.create(overlay, StandardOpenOption.CREATE), false);
        try
        {
            image.file.clear();
            return image;
        }
        catch (final IOException e)
        {
            throw image.unusable(e);
        }
    }

    /** Begins an overlay that lives as long as this object, in the directory for temporary files. */
    public static OverlayImage temporary(final DriveFile drive)
    {
        try
        {
            // Deleted as soon as it is open, so that a process that is killed leaves nothing.
            final Path file = Files.createTempFile("understudy-", ".overlay");
            return begin(drive, ChannelAccess.create(file, StandardOpenOption.DELETE_ON_CLOSE), false);
        }
        catch (final IOException e)
        {
            throw new DriveException("no overlay can be made in " + System.getProperty("java.io.tmpdir") + ": " +
                ChannelAccess.reason(e), e);
        }
    }

    /** The same over a drive as it was in a snapshot; null is the image alone. */
    public static OverlayImage temporary(final DriveFile drive, final StoredDrive stored)
    {
        final OverlayImage image = temporary(drive);
        if (stored != null)
        {
            image.goOnOver(stored);
        }
        return image;
    }

    /** Begins an overlay over this one, which is not written any more. It lives as long as that object, which closes the base. */
    OverlayImage next() throws IOException
    {
        final Path path = Files.createTempFile("understudy-", ".overlay");
        final OverlayImage next = new OverlayImage(
            base, baseBytes, ChannelAccess.create(path, StandardOpenOption.DELETE_ON_CLOSE), false);
        next.below = this;
        return next;
    }

    /** Has what this lies over be what a snapshot has, which is equal. On any thread. */
    void goOnOver(final StoredDrive stored)
    {
        below = new SnapshotImage(base, stored);
    }

    /** Whether this has a page of 4096 bytes, and not what it lies over. On any thread, once this is not written any more. */
    boolean isWritten(final int page)
    {
        return table[(int)((long)page * PAGE_BYTES / CLUSTER_BYTES)] != FROM_BASE;
    }

    /** Copies a page of 4096 bytes out, with zeros behind the end of the drive. On any thread, as {@link #isWritten}. */
    void copyPage(final int page, final byte[] to) throws IOException
    {
        final long offset = (long)page * PAGE_BYTES;
        Arrays.fill(to, (byte)0);
        read(offset, to, 0, (int)Math.min(PAGE_BYTES, baseBytes - offset));
    }

    /** Lets go of an overlay that another one was begun over. One that was kept says from then on that it is not all. */
    void closeLayer() throws IOException
    {
        if (isKept)
        {
            final byte[] header = OverlayHeader.ended();
            file.write(0, header, 0, header.length);
        }
        file.close();
    }

    /** Goes on with an overlay that was kept. */
    static OverlayImage open(final DriveFile drive, final StableFile file)
    {
        final OverlayImage image = begin(drive, file, true);
        final String what = "overlay " + file.path();
        try
        {
            final byte[] page = new byte[PAGE_BYTES];
            if (image.file.size() < PAGE_BYTES)
            {
                throw new DriveException(what + " is no overlay of understudy: name another file");
            }
            image.file.read(0, page, 0, PAGE_BYTES);
            final OverlayHeader header = OverlayHeader.decode(page, what);
            if (!header.isOver(drive.bytes(), drive.sha256()))
            {
                throw new DriveException(String.format(Locale.ROOT,
                    "%s was made over another image than %s is now: %d bytes with SHA-256 %s, " +
                    "now %d bytes with %s. Put that image back, or begin a new overlay",
                    what, drive.path(), header.baseBytes(), HexFormat.of().formatHex(header.baseSha256()),
                    drive.bytes(), HexFormat.of().formatHex(drive.sha256())));
            }
            image.readTable(what);
            return image;
        }
        catch (final IOException e)
        {
            throw image.unusable(e);
        }
        catch (final DriveException e)
        {
            image.closeFiles();
            throw e;
        }
    }

    private static OverlayImage begin(final DriveFile drive, final StableFile file, final boolean isKept)
    {
        StableFile base = null;
        try
        {
            if (isKept)
            {
                // Now: whoever closes a file gives up all locks that the process has on it.
                drive.sha256();
            }
            base = ChannelAccess.forReading(drive.path());
            return new OverlayImage(base, drive.bytes(), file, isKept);
        }
        catch (final DriveException e)
        {
            closeQuietly(base);
            closeQuietly(file);
            throw e;
        }
    }

    private void readTable(final String what) throws IOException
    {
        final long fileClusters = FIRST_CLUSTER + Math.max(0, (file.size() - dataStart) / CLUSTER_BYTES);
        final BitSet named = new BitSet();
        final byte[] page = new byte[PAGE_BYTES];
        for (int first = 0; first < table.length; first += ENTRIES_OF_PAGE)
        {
            final int count = Math.min(ENTRIES_OF_PAGE, table.length - first);
            file.read(PAGE_BYTES + (long)first * ENTRY_BYTES, page, 0, count * ENTRY_BYTES);
            ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(table, first, count);
            for (int i = first; i < first + count; i++)
            {
                final int entry = table[i];
                if (entry < 0 || entry >= fileClusters || entry >= FIRST_CLUSTER && named.get(entry))
                {
                    throw new DriveException(what + " is damaged: cluster " + i + " of the drive is said to be in " +
                        entry + ", which " + (entry < 0 || entry >= fileClusters ? "the file does not have" :
                        "another cluster is in as well"));
                }
                if (entry >= FIRST_CLUSTER)
                {
                    named.set(entry);
                }
            }
        }
        end = (int)Math.min(fileClusters, Integer.MAX_VALUE);
        free.set(FIRST_CLUSTER, end);
        free.andNot(named);
    }

    @Override
    public void read(final long offset, final byte[] to) throws IOException
    {
        read(offset, to, 0, to.length);
    }

    @Override
    public void read(final long offset, final byte[] to, final int start, final int count) throws IOException
    {
        int done = 0;
        while (done < count)
        {
            final long at = offset + done;
            final int index = (int)(at / CLUSTER_BYTES);
            final int within = (int)(at % CLUSTER_BYTES);
            final int length = Math.min(CLUSTER_BYTES - within, count - done);
            readWithin(index, within, to, start + done, length);
            done += length;
        }
    }

    @Override
    public void write(final long offset, final byte[] from) throws IOException
    {
        write(offset, from, 0, from.length);
    }

    private void write(final long offset, final byte[] from, final int start, final int count) throws IOException
    {
        int done = 0;
        while (done < count)
        {
            final long at = offset + done;
            final int index = (int)(at / CLUSTER_BYTES);
            final int within = (int)(at % CLUSTER_BYTES);
            final int length = Math.min(CLUSTER_BYTES - within, count - done);
            if (table[index] >= FIRST_CLUSTER)
            {
                file.write(place(table[index]) + within, from, start + done, length);
            }
            else
            {
                if (length < bytesOf(index))
                {
                    fillCluster(index);
                }
                System.arraycopy(from, start + done, cluster, within, length);
                final int number = allocate();
                file.write(place(number), cluster, 0, CLUSTER_BYTES);
                enter(index, number);
            }
            done += length;
        }
    }

    @Override
    public void clear(final long offset, final long length) throws IOException
    {
        long done = 0;
        while (done < length)
        {
            final long at = offset + done;
            final int index = (int)(at / CLUSTER_BYTES);
            final int within = (int)(at % CLUSTER_BYTES);
            final int bytes = (int)Math.min(CLUSTER_BYTES - within, length - done);
            if (bytes == bytesOf(index))
            {
                giveUp(table[index]);
                enter(index, ZEROS);
            }
            else if (table[index] != ZEROS)
            {
                write(at, new byte[bytes], 0, bytes);
            }
            done += bytes;
        }
    }

    @Override
    public void flush() throws IOException
    {
        if (!isKept)
        {
            return;
        }
        file.force();
        if (!dirtyPages.isEmpty())
        {
            final byte[] page = new byte[PAGE_BYTES];
            for (int i = dirtyPages.nextSetBit(0); i >= 0; i = dirtyPages.nextSetBit(i + 1))
            {
                final int first = i * ENTRIES_OF_PAGE;
                final int count = Math.min(ENTRIES_OF_PAGE, table.length - first);
                ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(table, first, count);
                file.write(PAGE_BYTES + (long)first * ENTRY_BYTES, page, 0, count * ENTRY_BYTES);
            }
            file.force();
            dirtyPages.clear();
        }
        free.or(freeAfterFlush);
        freeAfterFlush.clear();
    }

    @Override
    public void close() throws IOException
    {
        try
        {
            flush();
        }
        finally
        {
            closeFiles();
        }
    }

    private void readWithin(final int index, final int within, final byte[] to, final int at, final int length)
        throws IOException
    {
        switch (table[index])
        {
            case FROM_BASE -> below.read((long)index * CLUSTER_BYTES + within, to, at, length);
            case ZEROS -> Arrays.fill(to, at, at + length, (byte)0);
            default -> file.read(place(table[index]) + within, to, at, length);
        }
    }

    /** What a cluster holds that the overlay does not have. */
    private void fillCluster(final int index) throws IOException
    {
        final int bytes = bytesOf(index);
        readWithin(index, 0, cluster, 0, bytes);
        Arrays.fill(cluster, bytes, CLUSTER_BYTES, (byte)0);
    }

    /** Bytes of a cluster that are on the drive: all but those behind its end. */
    private int bytesOf(final int index)
    {
        return (int)Math.min(CLUSTER_BYTES, baseBytes - (long)index * CLUSTER_BYTES);
    }

    private int allocate()
    {
        final int reused = free.nextSetBit(0);
        if (reused >= 0)
        {
            free.clear(reused);
            return reused;
        }
        return end++;
    }

    private void giveUp(final int number)
    {
        if (number >= FIRST_CLUSTER)
        {
            (isKept ? freeAfterFlush : free).set(number);
        }
    }

    private void enter(final int index, final int entry)
    {
        if (table[index] != entry)
        {
            table[index] = entry;
            if (isKept)
            {
                dirtyPages.set(index / ENTRIES_OF_PAGE);
            }
        }
    }

    private long place(final int number)
    {
        return dataStart + (long)(number - FIRST_CLUSTER) * CLUSTER_BYTES;
    }

    private DriveException unusable(final IOException e)
    {
        closeFiles();
        return new DriveException("overlay " + file.path() + " cannot be used: " + ChannelAccess.reason(e), e);
    }

    private void closeFiles()
    {
        closeQuietly(base);
        closeQuietly(file);
    }

    private static void closeQuietly(final StableFile access)
    {
        try
        {
            if (access != null)
            {
                access.close();
            }
        }
        catch (final IOException e)
        {
            // Nothing is lost by it: what had to reach the disk was forced to it.
        }
    }
}
