package dev.understudy.replay.snapshot;

import dev.understudy.guest.state.PagedMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A file of pages, which never changes once it is there.
 * <pre>
 *  +--------------+--------+--------+-----+------------------------+
 *  | header  4096 | page 0 | page 1 | ... | index: 32 for each page |
 *  +--------------+--------+--------+-----+------------------------+
 *    header: magic 8, version 4, zeros 4, number of pages 8, SHA-256 of the index 32; little-endian
 * </pre>
 * The index has the SHA-256 of each page. What header and index say follows from the size of the file and its pages: a pack
 * in which they are damaged is read all the same, and then each page is hashed once. The file is mapped, and stays so when
 * its name is taken away.
 */
final class PackFile
{
    /** Length of the header, and of each page. */
    static final int PAGE_BYTES = PagedMemory.PAGE_BYTES;

    /** "USTYPAGE". */
    private static final long MAGIC = 0x4547_4150_5954_5355L;
    private static final int VERSION = 1;
    private static final int INDEX_HASH_AT = 24;

    private final Path path;
    private final MemorySegment map;
    private final byte[] index;
    private final boolean isRebuilt;

    private PackFile(final Path path, final MemorySegment map, final byte[] index, final boolean isRebuilt)
    {
        this.path = path;
        this.map = map;
        this.index = index;
        this.isRebuilt = isRebuilt;
    }

    /**
     * Maps a pack.
     *
     * @throws SnapshotException when it has a size that no pack has
     */
    static PackFile open(final Path path) throws IOException
    {
        try (FileChannel channel = FileChannel.open(path))
        {
            final long size = channel.size();
            final long count = (size - PAGE_BYTES) / (PAGE_BYTES + Sha256.BYTES);
            if (count < 0 || count > Integer.MAX_VALUE / Sha256.BYTES || size != bytes(count))
            {
                throw new SnapshotException("page store file " + path + " has " + size + " bytes, which no such file has: " +
                    "it was shortened or changed; put it back");
            }
            final MemorySegment map = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, Arena.ofAuto());
            final byte[] index = new byte[(int)count * Sha256.BYTES];
            MemorySegment.copy(map, ValueLayout.JAVA_BYTE, (1 + count) * PAGE_BYTES, index, 0, index.length);
            final byte[] found = new byte[PAGE_BYTES];
            MemorySegment.copy(map, ValueLayout.JAVA_BYTE, 0, found, 0, PAGE_BYTES);
            final boolean isIntact = Arrays.equals(found, header(index));
            if (!isIntact)
            {
                rebuild(map, index);
            }
            return new PackFile(path, map, index, !isIntact);
        }
    }

    /** Size of a pack in bytes. */
    private static long bytes(final long pages)
    {
        return PAGE_BYTES + pages * (PAGE_BYTES + Sha256.BYTES);
    }

    private static void rebuild(final MemorySegment map, final byte[] index)
    {
        final Sha256 sha256 = new Sha256();
        final byte[] page = new byte[PAGE_BYTES];
        for (int slot = 0; slot < index.length / Sha256.BYTES; slot++)
        {
            MemorySegment.copy(map, ValueLayout.JAVA_BYTE, (1L + slot) * PAGE_BYTES, page, 0, PAGE_BYTES);
            sha256.of(page, 0, PAGE_BYTES, index, slot * Sha256.BYTES);
        }
    }

    /** The header of a pack with an index. */
    static byte[] header(final byte[] index)
    {
        final byte[] header = new byte[PAGE_BYTES];
        final ByteBuffer buffer = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(MAGIC).putInt(VERSION).putInt(0).putLong(index.length / Sha256.BYTES);
        buffer.put(INDEX_HASH_AT, new Sha256().of(index, 0, index.length));
        return header;
    }

    Path path()
    {
        return path;
    }

    /** Number of pages. */
    int pages()
    {
        return index.length / Sha256.BYTES;
    }

    /** Whether header and index were damaged. */
    boolean isRebuilt()
    {
        return isRebuilt;
    }

    /** The hashes of the pages, one after the other. */
    byte[] index()
    {
        return index;
    }

    /**
     * Copies a page out, which is not checked.
     *
     * @throws InternalError here or a little later, when the file was shortened since it was opened, or the disk fails
     */
    void copyPage(final int slot, final byte[] to)
    {
        MemorySegment.copy(map, ValueLayout.JAVA_BYTE, (1L + slot) * PAGE_BYTES, to, 0, PAGE_BYTES);
    }

    /** The first 8 bytes of a hash as a number. */
    static long keyOf(final byte[] hashes, final int at)
    {
        return ByteBuffer.wrap(hashes).order(ByteOrder.LITTLE_ENDIAN).getLong(at);
    }
}
