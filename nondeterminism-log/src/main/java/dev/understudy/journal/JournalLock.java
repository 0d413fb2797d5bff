package dev.understudy.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Keeps a second writer off a journal; the operating system lets go of it when the process dies. */
final class JournalLock implements AutoCloseable
{
    private static final String FILE = "writer.lock";

    private final FileChannel channel;

    private JournalLock(final FileChannel channel)
    {
        this.channel = channel;
    }

    /** Takes the lock of a directory, which is created when it is not there. */
    static JournalLock take(final Path directory)
    {
        final Path file = directory.resolve(FILE);
        try
        {
            Files.createDirectories(directory);
            final FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            final FileLock lock = tryLock(channel);
            if (lock == null)
            {
                final byte[] pid = Files.readAllBytes(file);
                channel.close();
                throw new JournalException("journal " + directory + " is being written by process " +
                    new String(pid, StandardCharsets.US_ASCII).strip() + ": stop that process first");
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap(
                Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
            return new JournalLock(channel);
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be written: " + reason(e), e);
        }
    }

    private static String reason(final IOException e)
    {
        return e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    private static FileLock tryLock(final FileChannel channel) throws IOException
    {
        try
        {
            return channel.tryLock();
        }
        catch (final OverlappingFileLockException e)
        {
            return null;
        }
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
            throw new JournalException("the lock of a journal cannot be released", e);
        }
    }
}
