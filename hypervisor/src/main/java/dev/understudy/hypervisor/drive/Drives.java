package dev.understudy.hypervisor.drive;

import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.node.DriveException;
import dev.understudy.node.GuestDrives;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The host's side of all drives of one guest: takes what the guest wants, live or in a replay, and carries it out on
 * images of this replica.
 * <p>
 * A replica that goes live has all requests in flight under way already: they were issued to its own images when its
 * replay came to them. The methods are for the hart thread, except {@link #close}.
 */
public final class Drives implements GuestDrives
{
    /** Begins the content of a drive. */
    @FunctionalInterface
    public interface Opening
    {
        /**
         * @param index of the drive, from 0
         * @throws DriveException when that cannot be
         */
        BlockImage open(int index, DriveFile drive);
    }

    private final List<DriveFile> files;
    private final List<DriveThread> drives;

    private Drives(final List<DriveFile> files, final List<DriveThread> drives)
    {
        this.files = files;
        this.drives = drives;
    }

    /**
     * Opens all drives, or none.
     *
     * @param opening begins the content of each
     * @param onDone  called after each request, on another thread, when {@link #isDone} has changed
     * @throws DriveException when one cannot be opened
     */
    public static Drives open(final List<DriveFile> files, final Opening opening, final Runnable onDone)
    {
        final List<BlockImage> images = new ArrayList<>();
        try
        {
            for (int i = 0; i < files.size(); i++)
            {
                images.add(opening.open(i, files.get(i)));
            }
        }
        catch (final DriveException e)
        {
            closeAll(images, e);
            throw e;
        }
        final List<DriveThread> threads = new ArrayList<>();
        for (int i = 0; i < files.size(); i++)
        {
            threads.add(new DriveThread(files.get(i), images.get(i), onDone));
        }
        threads.forEach(DriveThread::start);
        return new Drives(List.copyOf(files), List.copyOf(threads));
    }

    private static void closeAll(final List<BlockImage> images, final DriveException reason)
    {
        for (final BlockImage image : images)
        {
            try
            {
                image.close();
            }
            catch (final IOException e)
            {
                reason.addSuppressed(e);
            }
        }
    }

    @Override
    public void submit(final BlockRequest request)
    {
        drives.get(request.drive()).submit(request);
    }

    @Override
    public void await(final BlockRequest request)
    {
        drives.get(request.drive()).await(request);
    }

    @Override
    public boolean isDone(final BlockRequest request)
    {
        return drives.get(request.drive()).isDone(request);
    }

    @Override
    public int count()
    {
        return drives.size();
    }

    @Override
    public long underWay(final int drive)
    {
        return drives.get(drive).underWay();
    }

    @Override
    public String name(final int drive)
    {
        return files.get(drive).path().toString();
    }

    @Override
    public void check()
    {
        for (final DriveThread drive : drives)
        {
            drive.check();
        }
    }

    @Override
    public void close()
    {
        DriveException failure = null;
        for (final DriveThread drive : drives)
        {
            try
            {
                drive.close();
                failure = failure == null ? drive.failure() : failure;
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        }
        if (failure != null)
        {
            throw failure;
        }
    }
}
