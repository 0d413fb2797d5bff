package dev.understudy.replay.snapshot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A store, for one thread of one process at a time. Who takes it waits for who has it. Any thread.
 */
final class StoreLock implements Closeable
{
    /** A file's lock is the process's: among its threads these decide. */
    private static final Map<Path, ReentrantLock> HERE = new ConcurrentHashMap<>();

    private final ReentrantLock here;
    private final FileChannel channel;
    private final FileLock lock;

    private StoreLock(final ReentrantLock here, final FileChannel channel, final FileLock lock)
    {
        this.here = here;
        this.channel = channel;
        this.lock = lock;
    }

    /** @param root directory of the store, which is there */
    static StoreLock take(final Path root) throws IOException
    {
        final ReentrantLock here = HERE.computeIfAbsent(root.toRealPath(), unused -> new ReentrantLock());
        here.lock();
        FileChannel channel = null;
        try
        {
            channel = FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            return new StoreLock(here, channel, channel.lock());
        }
        catch (final IOException e)
        {
            if (channel != null)
            {
                channel.close();
            }
            here.unlock();
            throw e;
        }
    }

    /** Takes a store that may be on a disk that is only read: then nobody changes it, and nothing is locked. */
    static StoreLock takeToRead(final Path root) throws IOException
    {
        return Files.isWritable(root) ? take(root) : new StoreLock(null, null, null);
    }

    @Override
    public void close() throws IOException
    {
        if (here == null)
        {
            return;
        }
        try
        {
            lock.close();
            channel.close();
        }
        finally
        {
            here.unlock();
        }
    }
}
