package dev.understudy.transport;

import io.aeron.CommonContext;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.agrona.IoUtil;

/**
 * The directory for the buffers of one process's link, which no other process shares or deletes while that one lives.
 * <p>
 * Its name is random, and a lock beside it shows that its process lives: the operating system lets go of the lock when
 * the process ends. Numbers of processes would not do: containers that share {@code /dev/shm} each count their own.
 * <pre>
 *   understudy-kva-1f9c0d2e3b4a5968        the buffers
 *   understudy-kva-1f9c0d2e3b4a5968.lock   held by the process
 * </pre>
 * Thread-safe.
 */
public final class LinkDirectory implements AutoCloseable
{
    private static final String PREFIX = "understudy-";
    private static final String LOCK = ".lock";
    private static final Pattern LOCK_NAME = Pattern.compile(PREFIX + ".*-[0-9a-f]{16}\\.lock");

    /** Those of this process: closing any descriptor of a file takes away every lock that the process has on it. */
    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Path lock;
    private final FileChannel channel;

    private LinkDirectory(final Path path, final Path lock, final FileChannel channel)
    {
        this.path = path;
        this.lock = lock;
        this.channel = channel;
    }

    /**
     * Takes a new name; the directories of processes that have ended are deleted.
     *
     * @param name for people, of the node
     * @throws TransportException when the lock cannot be had
     */
    public static LinkDirectory create(final String name)
    {
        deleteStale();
        final Path parent = parent();
        while (true)
        {
            final Path path = parent.resolve(PREFIX + name.replaceAll("[^A-Za-z0-9_-]", "_") + "-" +
                String.format(Locale.ROOT, "%016x", new SecureRandom().nextLong()));
            final Path lock = path.resolveSibling(path.getFileName() + LOCK);
            try
            {
                final FileChannel channel = hold(lock);
                if (channel != null)
                {
                    return new LinkDirectory(path, lock, channel);
                }
            }
            catch (final IOException e)
            {
                throw new TransportException("the buffers of the link cannot be had in " + parent + ": " +
                    e.getMessage() + "; make room there and see that it may be written", e);
            }
        }
    }

    /** The lock's channel; null when another process took the file for a dead one's before it was locked. */
    private static FileChannel hold(final Path lock) throws IOException
    {
        HELD_HERE.add(lock);
        final FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        if (channel.tryLock() != null && Files.exists(lock))
        {
            return channel;
        }
        channel.close();
        HELD_HERE.remove(lock);
        return null;
    }

    /** Where the buffers go; there is nothing at first. */
    public Path path()
    {
        return path;
    }

    /** Deletes the directories of all processes that have ended, and of no other. */
    public static void deleteStale()
    {
        final Path parent = parent();
        try (Stream<Path> entries = Files.list(parent))
        {
            final List<Path> locks = entries.filter(
                it -> LOCK_NAME.matcher(it.getFileName().toString()).matches() && !HELD_HERE.contains(it)).toList();
            locks.forEach(LinkDirectory::deleteIfStale);
        }
        catch (final IOException e)
        {
            throw new TransportException("the directory " + parent + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static void deleteIfStale(final Path lock)
    {
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE))
        {
            if (channel.tryLock() != null)
            {
                delete(lock);
            }
        }
        catch (final IOException | OverlappingFileLockException e)
        {
            // Another process deletes it, or it is another user's.
        }
    }

    /** The lock last: what is left without one would be nobody's. */
    private static void delete(final Path lock) throws IOException
    {
        final String name = lock.getFileName().toString();
        IoUtil.delete(lock.resolveSibling(name.substring(0, name.length() - LOCK.length())).toFile(), true);
        Files.deleteIfExists(lock);
    }

    private static Path parent()
    {
        return Path.of(CommonContext.getAeronDirectoryName()).toAbsolutePath().getParent();
    }

    /** Deletes the directory, and lets go of the name. */
    @Override
    public void close()
    {
        try (channel)
        {
            delete(lock);
        }
        catch (final IOException e)
        {
            // The next process deletes it.
        }
        finally
        {
            HELD_HERE.remove(lock);
        }
    }
}
