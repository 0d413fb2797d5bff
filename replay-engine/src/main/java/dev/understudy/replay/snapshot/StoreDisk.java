package dev.understudy.replay.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * All that a store changes on its disk. A test has the disk fill up, or the process die, at any of these calls.
 */
class StoreDisk
{
    /** Opens an empty file, in place of one that may be there. */
    FileChannel create(final Path file) throws IOException
    {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Writes what remains in a buffer. */
    void write(final FileChannel to, final ByteBuffer from, final long offset) throws IOException
    {
        long at = offset;
        while (from.hasRemaining())
        {
            at += to.write(from, at);
        }
    }

    /** Waits until a file survives the loss of power. */
    void force(final FileChannel file) throws IOException
    {
        file.force(true);
    }

    /** Gives a file another name at one instant, in place of one that may be there. */
    void rename(final Path from, final Path to) throws IOException
    {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Takes a name away, if it is there; who has mapped the file keeps it. */
    void delete(final Path file) throws IOException
    {
        Files.deleteIfExists(file);
    }

    /** Waits until names in a directory survive the loss of power. */
    void forceNames(final Path directory) throws IOException
    {
        try (FileChannel channel = FileChannel.open(directory))
        {
            channel.force(true);
        }
    }
}
