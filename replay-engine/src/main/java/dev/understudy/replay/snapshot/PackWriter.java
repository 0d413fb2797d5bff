package dev.understudy.replay.snapshot;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/** Makes a {@link PackFile}, page by page. Not thread-safe. */
final class PackWriter implements Closeable
{
    private static final int BUFFER_PAGES = 64;
    private static final int FIRST_CAPACITY = 256;

    private final StoreLayout layout;
    private final WholeFile file;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_PAGES * PackFile.PAGE_BYTES);
    private byte[] index = new byte[FIRST_CAPACITY * Sha256.BYTES];
    private int bytes;

    PackWriter(final StoreDisk disk, final StoreLayout layout) throws IOException
    {
        this.layout = layout;
        file = new WholeFile(disk, layout.pages().resolve("next"));
        buffer.position(PackFile.PAGE_BYTES);
    }

    /** Adds a page. */
    void add(final byte[] page, final byte[] hashes, final int hashAt) throws IOException
    {
        if (!buffer.hasRemaining())
        {
            flush();
        }
        buffer.put(page, 0, PackFile.PAGE_BYTES);
        if (bytes == index.length)
        {
            index = Arrays.copyOf(index, 2 * bytes);
        }
        System.arraycopy(hashes, hashAt, index, bytes, Sha256.BYTES);
        bytes += Sha256.BYTES;
    }

    private void flush() throws IOException
    {
        file.append(buffer.flip());
        buffer.clear();
    }

    /** Has the pack be there, and gives its name. */
    Path finish() throws IOException
    {
        flush();
        final byte[] whole = Arrays.copyOf(index, bytes);
        file.append(ByteBuffer.wrap(whole));
        file.overwrite(0, ByteBuffer.wrap(PackFile.header(whole)));
        final Path pack = layout.pack(new Sha256().of(whole, 0, bytes));
        file.finish(pack);
        return pack;
    }

    @Override
    public void close() throws IOException
    {
        file.close();
    }
}
