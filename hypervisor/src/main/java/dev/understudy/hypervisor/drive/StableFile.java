package dev.understudy.hypervisor.drive;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A file that is read and written at any place, all or nothing. What was written before {@link #force} survives a loss
 * of power; of what was written since, any part may. Not thread-safe.
 */
interface StableFile extends LowerImage, Closeable
{
    /** For messages. */
    Path path();

    long size() throws IOException;

    /** Fills a part of {@code to}; the file reaches so far. */
    @Override
    void read(long offset, byte[] to, int index, int length) throws IOException;

    /** Writes a part of {@code from}; the file grows as needed. */
    void write(long offset, byte[] from, int index, int length) throws IOException;

    /** Throws away what the file holds. */
    void clear() throws IOException;

    /** Waits until the disk has everything. */
    void force() throws IOException;
}
