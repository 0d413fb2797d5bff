package dev.understudy.replay.snapshot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * A file that is there as a whole or not at all: written under a temporary name, forced to the disk, renamed. Not
 * thread-safe.
 */
final class WholeFile implements Closeable
{
    /** How the names of unfinished files end. */
    static final String UNFINISHED = ".unfinished";

    private final StoreDisk disk;
    private final Path unfinished;
    private final FileChannel channel;
    private long end;

    /** @param file has the temporary name, but for its ending */
    WholeFile(final StoreDisk disk, final Path file) throws IOException
    {
        this.disk = disk;
        unfinished = file.resolveSibling(file.getFileName() + UNFINISHED);
        channel = disk.create(unfinished);
    }

    /** Writes a whole file at once. */
    static void write(final StoreDisk disk, final Path file, final byte[] content) throws IOException
    {
        try (WholeFile whole = new WholeFile(disk, file))
        {
            whole.append(ByteBuffer.wrap(content));
            whole.finish(file);
        }
    }

    void append(final ByteBuffer from) throws IOException
    {
        final int length = from.remaining();
        disk.write(channel, from, end);
        end += length;
    }

    /** Writes into what was appended. */
    void overwrite(final long offset, final ByteBuffer from) throws IOException
    {
        disk.write(channel, from, offset);
    }

    /** Has the file be there, in the same directory. */
    void finish(final Path file) throws IOException
    {
        disk.force(channel);
        disk.rename(unfinished, file);
        disk.forceNames(file.getParent());
    }

    /** What was not finished stays under its temporary name, until the store is swept. */
    @Override
    public void close() throws IOException
    {
        channel.close();
    }
}
