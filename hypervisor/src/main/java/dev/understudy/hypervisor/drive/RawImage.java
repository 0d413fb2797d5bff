package dev.understudy.hypervisor.drive;

import java.io.IOException;
import java.nio.file.Path;

/** A drive whose content is a file, byte for byte. */
public final class RawImage implements BlockImage
{
    /** Zeros are written in pieces of so many bytes. */
    private static final byte[] ZEROS = new byte[1 << 20];

    private final ChannelAccess file;

    private RawImage(final ChannelAccess file)
    {
        this.file = file;
    }

    /** A drive that the guest cannot write. */
    public static RawImage readOnly(final Path path)
    {
        return new RawImage(ChannelAccess.forReading(path));
    }

    /** A drive whose file the guest writes. */
    public static RawImage writable(final Path path)
    {
        return new RawImage(ChannelAccess.forWriting(path));
    }

    @Override
    public void read(final long offset, final byte[] to) throws IOException
    {
        file.read(offset, to, 0, to.length);
    }

    @Override
    public void write(final long offset, final byte[] from) throws IOException
    {
        file.write(offset, from, 0, from.length);
    }

    @Override
    public void clear(final long offset, final long length) throws IOException
    {
        for (long done = 0; done < length; done += ZEROS.length)
        {
            file.write(offset + done, ZEROS, 0, (int)Math.min(ZEROS.length, length - done));
        }
    }

    @Override
    public void flush() throws IOException
    {
        file.force();
    }

    @Override
    public void close() throws IOException
    {
        file.close();
    }
}
