package dev.understudy.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a second writer off a journal; the operating system lets go of it when the process dies. Thread-safe.
 * <p>
 * Within a process a set of names does it, before the file is touched: closing any descriptor of a file takes away
 * every lock that the process has on it (POSIX), so that a second writer would free the first one's by being refused.
 */
final class JournalLock implements AutoCloseable
{
    private static final String FILE = "writer.lock";
    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final Path name;
    private final FileChannel channel;

    private JournalLock(final Path name, final FileChannel channel)
    {
        this.name = name;
        this.channel = channel;
    }

    /** Takes the lock of a directory, which is created when it is not there. */
    static JournalLock take(final Path directory)
    {
        try
        {
            Files.createDirectories(directory);
            final Path name = directory.toRealPath();
            if (!HELD_HERE.add(name))
            {
                throw taken(directory, Long.toString(ProcessHandle.current().pid()) + " (this one)");
            }
            try
            {
                return new JournalLock(name, lock(directory));
            }
            catch (final IOException | RuntimeException e)
            {
                HELD_HERE.remove(name);
                throw e;
            }
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be written: " + e.getClass().getSimpleName() +
                ": " + e.getMessage() + ". Check the directory's owner, permissions and disk", e);
        }
    }

    private static FileChannel lock(final Path directory) throws IOException
    {
        final Path file = directory.resolve(FILE);
        final FileChannel channel = FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try
        {
            if (channel.tryLock() == null)
            {
                throw taken(directory, new String(Files.readAllBytes(file), StandardCharsets.US_ASCII).strip());
            }
            notePid(channel);
            return channel;
        }
        catch (final IOException | RuntimeException e)
        {
            channel.close();
            throw e;
        }
    }

    private static void notePid(final FileChannel channel)
    {
        try
        {
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(
                Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
        }
        catch (final IOException e)
        {
            // A full disk: the lock holds all the same, only the message to a second writer says less.
        }
    }

    private static JournalException taken(final Path directory, final String process)
    {
        return new JournalException("journal " + directory + " is being written by process " + process +
            ": stop that process first, or name another directory");
    }

    @Override
    public void close()
    {
        try
        {
            channel.close();
        }
        catch (final IOException e)
        {
            throw new JournalException("the lock of journal " + name + " cannot be released: " + e.getMessage(), e);
        }
        finally
        {
            HELD_HERE.remove(name);
        }
    }
}
