package dev.understudy.hypervisor.drive;

import dev.understudy.guest.state.PagedMemory;
import dev.understudy.replay.snapshot.StoredDrive;
import java.io.IOException;

/** A drive as it was in a snapshot: what that has, and the image where it has nothing. Not thread-safe. */
final class SnapshotImage implements LowerImage
{
    private static final int PAGE_BYTES = PagedMemory.PAGE_BYTES;

    private final LowerImage image;
    private final StoredDrive stored;
    private final byte[] page = new byte[PAGE_BYTES];

    SnapshotImage(final LowerImage image, final StoredDrive stored)
    {
        this.image = image;
        this.stored = stored;
    }

    @Override
    public void read(final long offset, final byte[] to, final int index, final int length) throws IOException
    {
        int done = 0;
        while (done < length)
        {
            final long at = offset + done;
            final int within = (int)(at % PAGE_BYTES);
            final int count = Math.min(PAGE_BYTES - within, length - done);
            final int number = (int)(at / PAGE_BYTES);
            if (stored.isWritten(number))
            {
                stored.copyPage(number, page);
                System.arraycopy(page, within, to, index + done, count);
            }
            else
            {
                image.read(at, to, index + done, count);
            }
            done += count;
        }
    }
}
