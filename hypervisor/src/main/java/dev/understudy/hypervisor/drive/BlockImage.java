package dev.understudy.hypervisor.drive;

import java.io.Closeable;
import java.io.IOException;

/**
 * The content of a drive. Offsets and lengths are in bytes and lie within it. Not thread-safe.
 */
public interface BlockImage extends Closeable
{
    /** Fills {@code to} from the image. */
    void read(long offset, byte[] to) throws IOException;

    /** Writes all of {@code from}. */
    void write(long offset, byte[] from) throws IOException;

    /** Has a range read as zeros; gives its room back where that can be done. */
    void clear(long offset, long length) throws IOException;

    /** Waits until everything that was written survives a loss of power, if this image is kept at all. */
    void flush() throws IOException;
}
