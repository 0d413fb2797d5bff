package dev.understudy.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Has the memory of the link's buffers in hand: a store into a file whose file system is full ends the process, which a
 * write does not.
 * <p>
 * What there is at the start is taken at the start, and as much again is kept in a file for the buffers that come when
 * the peer does. On the agent thread.
 */
final class BufferRoom
{
    private static final int PAGE_BYTES = 4096;
    private static final int CHUNK_BYTES = 1 << 20;
    private static final String RESERVE = "reserve";

    private final Path directory;
    private final int reserveBytes;
    private boolean isReserved;

    /** @param reserveBytes for what comes later */
    BufferRoom(final Path directory, final int reserveBytes)
    {
        this.directory = directory;
        this.reserveBytes = reserveBytes;
    }

    /**
     * Finds out whether there is room for so many bytes, before there is a directory.
     *
     * @throws IOException when there is none
     */
    static void require(final Path directory, final int bytes) throws IOException
    {
        final Path file = directory.resolveSibling(directory.getFileName() + ".room");
        try
        {
            fill(file, bytes);
        }
        finally
        {
            Files.deleteIfExists(file);
        }
    }

    /** Takes the memory of all files that there are, and of the reserve. */
    void take() throws IOException
    {
        final List<Path> files;
        try (Stream<Path> all = Files.walk(directory))
        {
            files = all.filter(Files::isRegularFile).toList();
        }
        for (final Path file : files)
        {
            touch(file);
        }
        fill(directory.resolve(RESERVE), reserveBytes);
        isReserved = true;
    }

    /** Keeps room for what comes next, as far as there is any. */
    void reserve()
    {
        if (!isReserved)
        {
            isReserved = true;
            try
            {
                fill(directory.resolve(RESERVE), reserveBytes);
            }
            catch (final IOException e)
            {
                // What was written is kept; if it is too little, the driver says so.
            }
        }
    }

    /** Gives the room to what comes. */
    void release()
    {
        if (!isReserved)
        {
            return;
        }
        isReserved = false;
        try
        {
            Files.deleteIfExists(directory.resolve(RESERVE));
        }
        catch (final IOException e)
        {
            // Then there is no more room than before, and the driver says so.
        }
    }

    private static void fill(final Path file, final int bytes) throws IOException
    {
        final ByteBuffer zeros = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE))
        {
            for (long at = 0; at < bytes; at += zeros.limit())
            {
                zeros.clear().limit((int)Math.min(CHUNK_BYTES, bytes - at));
                write(channel, zeros, at);
            }
        }
    }

    /** Writes a byte of each page as it is: nobody else stores there meanwhile, since the driver runs on this thread. */
    private static void touch(final Path file) throws IOException
    {
        final ByteBuffer one = ByteBuffer.allocateDirect(1);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE))
        {
            for (long at = 0; at < channel.size(); at += PAGE_BYTES)
            {
                channel.read(one.clear(), at);
                write(channel, one.flip(), at);
            }
        }
    }

    private static void write(final FileChannel channel, final ByteBuffer bytes, final long at) throws IOException
    {
        long position = at;
        while (bytes.hasRemaining())
        {
            position += channel.write(bytes, position);
        }
    }
}
