package dev.understudy.hypervisor.drive;

import dev.understudy.node.DriveException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file on the host's disk, locked against others as long as it is open.
 */
final class ChannelAccess implements StableFile
{
    /** Files that drives of this process write. */
    private static final Set<ChannelAccess> WRITERS = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final FileChannel channel;

    /** Kept, since the JVM forgets a lock that nobody refers to; null beside another drive of this process that reads. */
    private final FileLock lock;

    private ChannelAccess(final Path path, final FileChannel channel, final FileLock lock)
    {
        this.path = path;
        this.channel = channel;
        this.lock = lock;
    }

    /** Opens an image that nobody may write meanwhile. */
    static ChannelAccess forReading(final Path path)
    {
        return open(path, true, StandardOpenOption.READ);
    }

    /** Opens an image that nobody else may use meanwhile. */
    static ChannelAccess forWriting(final Path path)
    {
        return open(path, false, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Makes a file that nobody else may use meanwhile. */
    static ChannelAccess create(final Path path, final OpenOption... how)
    {
        final OpenOption[] options = new OpenOption[how.length + 2];
        System.arraycopy(how, 0, options, 2, how.length);
        options[0] = StandardOpenOption.READ;
        options[1] = StandardOpenOption.WRITE;
        return open(path, false, options);
    }

    private static ChannelAccess open(final Path path, final boolean isShared, final OpenOption... options)
    {
        FileChannel opened = null;
        try
        {
            opened = FileChannel.open(path, options);
            final ChannelAccess access = new ChannelAccess(path, opened, lock(path, opened, isShared));
            if (!isShared)
            {
                WRITERS.add(access);
            }
            return access;
        }
        catch (final NoSuchFileException e)
        {
            throw new DriveException("drive " + path + ": no such file or directory", e);
        }
        catch (final FileAlreadyExistsException e)
        {
            throw new DriveException("drive " + path + " exists already: name another file, or delete it", e);
        }
        catch (final AccessDeniedException e)
        {
            throw new DriveException("drive " + path + " cannot be " + (isShared ? "read" : "written") +
                ": permission denied" + (isShared ? "" : "; readonly=on only reads it, overlay= writes elsewhere"), e);
        }
        catch (final IOException e)
        {
            close(opened);
            throw new DriveException("drive " + path + " cannot be opened: " + reason(e), e);
        }
        catch (final DriveException e)
        {
            close(opened);
            throw e;
        }
    }

    private static FileLock lock(final Path path, final FileChannel channel, final boolean isShared) throws IOException
    {
        FileLock lock = null;
        try
        {
            lock = channel.tryLock(0, Long.MAX_VALUE, isShared);
        }
        catch (final OverlappingFileLockException e)
        {
            if (isShared && !isWrittenHere(path))
            {
                // Another drive of this process, which only reads as well.
                return null;
            }
        }
        if (lock == null)
        {
            throw new DriveException("drive " + path + " is in use " +
                (isShared ? "by a guest that writes it" : "by another drive or guest") + ": each image has one writer");
        }
        return lock;
    }

    private static boolean isWrittenHere(final Path path) throws IOException
    {
        for (final ChannelAccess writer : WRITERS)
        {
            if (Files.exists(writer.path) && Files.isSameFile(writer.path, path))
            {
                return true;
            }
        }
        return false;
    }

    private static void close(final FileChannel channel)
    {
        if (channel != null)
        {
            try
            {
                channel.close();
            }
            catch (final IOException e)
            {
                // What is reported is why it was opened in vain.
            }
        }
    }

    /** What went wrong, without the path in front that Java puts there. */
    static String reason(final IOException e)
    {
        if (e instanceof final FileSystemException known && known.getReason() != null)
        {
            return known.getReason();
        }
        return e.getMessage() == null ? e.toString() : e.getMessage();
    }

    @Override
    public Path path()
    {
        return path;
    }

    @Override
    public long size() throws IOException
    {
        return channel.size();
    }

    @Override
    public void read(final long offset, final byte[] to, final int index, final int length) throws IOException
    {
        final ByteBuffer buffer = ByteBuffer.wrap(to, index, length);
        while (buffer.hasRemaining())
        {
            if (channel.read(buffer, offset + buffer.position() - index) < 0)
            {
                throw new EOFException(path + " ends at " + channel.size() + " bytes, before " + (offset + length));
            }
        }
    }

    @Override
    public void write(final long offset, final byte[] from, final int index, final int length) throws IOException
    {
        final ByteBuffer buffer = ByteBuffer.wrap(from, index, length);
        while (buffer.hasRemaining())
        {
            channel.write(buffer, offset + buffer.position() - index);
        }
    }

    @Override
    public void clear() throws IOException
    {
        channel.truncate(0);
    }

    @Override
    public void force() throws IOException
    {
        channel.force(false);
    }

    @Override
    public void close() throws IOException
    {
        WRITERS.remove(this);
        if (lock != null)
        {
            lock.close();
        }
        channel.close();
    }
}
