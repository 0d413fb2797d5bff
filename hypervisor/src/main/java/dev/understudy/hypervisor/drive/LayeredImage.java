package dev.understudy.hypervisor.drive;

import dev.understudy.guest.state.PagedMemory;
import dev.understudy.replay.snapshot.DriveChanges;
import dev.understudy.replay.snapshot.StoredDrive;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A drive of a guest of which snapshots are taken: one overlay that is written, over those that ended with a snapshot that no
 * store has yet, over what the last snapshot has.
 * <p>
 * The thread of the drive reads and writes. While that has nothing to do, {@link #endLayer} has it go on in another overlay.
 * Then who takes the snapshot reads {@link #changes}, while the guest goes on, and says when a store has them.
 */
public final class LayeredImage implements BlockImage
{
    private final int pages;
    private volatile OverlayImage top;

    // Of who takes snapshots.
    private volatile StoredDrive before;
    private final List<OverlayImage> ended = new ArrayList<>();
    private final List<OverlayImage> stored = new ArrayList<>();

    /**
     * @param top    what the guest has written so far, with the drive's state in {@code before} under it
     * @param before what the drive begins with; null for its image alone
     */
    public LayeredImage(final DriveFile drive, final OverlayImage top, final StoredDrive before)
    {
        this.top = top;
        this.before = before;
        pages = Math.toIntExact((drive.bytes() + PagedMemory.PAGE_BYTES - 1) / PagedMemory.PAGE_BYTES);
    }

    /** Ends the layer that is written. While the drive has nothing to do. */
    public void endLayer() throws IOException
    {
        // Nobody reads them any more: what lay over them has been given what is equal.
        for (final OverlayImage image : stored)
        {
            image.closeLayer();
        }
        stored.clear();
        ended.addFirst(top);
        top = top.next();
    }

    /** What was written since the last snapshot that a store has. After {@link #endLayer}, by one thread. */
    public DriveChanges changes()
    {
        return new DriveChanges()
        {
            @Override
            public int pages()
            {
                return pages;
            }

            @Override
            public StoredDrive before()
            {
                return before;
            }

            @Override
            public boolean isWritten(final int page)
            {
                return ended.stream().anyMatch(it -> it.isWritten(page));
            }

            @Override
            public void copyPage(final int page, final byte[] to) throws IOException
            {
                ended.getFirst().copyPage(page, to);
            }
        };
    }

    /** A store has the changes. By the same thread. */
    public void store(final StoredDrive now)
    {
        top.goOnOver(now);
        before = now;
        stored.addAll(ended);
        ended.clear();
    }

    @Override
    public void read(final long offset, final byte[] to) throws IOException
    {
        top.read(offset, to);
    }

    @Override
    public void write(final long offset, final byte[] from) throws IOException
    {
        top.write(offset, from);
    }

    @Override
    public void clear(final long offset, final long length) throws IOException
    {
        top.clear(offset, length);
    }

    @Override
    public void flush() throws IOException
    {
        top.flush();
    }

    @Override
    public void close() throws IOException
    {
        for (final OverlayImage image : ended)
        {
            image.closeLayer();
        }
        for (final OverlayImage image : stored)
        {
            image.closeLayer();
        }
        top.close();
    }
}
