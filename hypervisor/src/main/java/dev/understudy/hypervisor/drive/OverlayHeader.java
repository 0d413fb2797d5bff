package dev.understudy.hypervisor.drive;

import dev.understudy.node.DriveException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * The first bytes of an overlay: what it lies over.
 * <pre>
 *   0        8         12              16           24             56      60
 *  +--------+---------+---------------+------------+--------------+-------+
 *  | magic  | version | cluster bytes | base bytes | base SHA-256 | CRC32 |  zeros up to 4096
 *  +--------+---------+---------------+------------+--------------+-------+
 * </pre>
 * Little-endian; the CRC is that of the 56 bytes before it.
 *
 * @param baseBytes  size of the base
 * @param baseSha256 32 bytes
 */
record OverlayHeader(long baseBytes, byte[] baseSha256)
{
    /** What the header takes of the file. */
    static final int PAGE_BYTES = 4096;

    static final int VERSION = 1;

    /** Of one that a snapshot has ended: what was written later is elsewhere. */
    private static final int ENDED_VERSION = -1;
    static final int CLUSTER_BYTES = 64 << 10;

    /** "USTYOVLY". */
    private static final long MAGIC = 0x594C_564F_5954_5355L;
    private static final int SHA256_BYTES = 32;
    private static final int CHECKED_BYTES = 56;

    byte[] encode()
    {
        final byte[] page = new byte[PAGE_BYTES];
        final ByteBuffer buffer = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(MAGIC).putInt(VERSION).putInt(CLUSTER_BYTES).putLong(baseBytes).put(baseSha256);
        buffer.putInt(crc(page));
        return page;
    }

    /** The first bytes of an overlay that is not all that was written. */
    static byte[] ended()
    {
        final byte[] page = new byte[PAGE_BYTES];
        final ByteBuffer buffer = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(MAGIC).putInt(ENDED_VERSION).position(CHECKED_BYTES);
        buffer.putInt(crc(page));
        return page;
    }

    /**
     * Reads what {@link #encode} gave.
     *
     * @param what names the file in a message
     * @throws DriveException when it is something else
     */
    static OverlayHeader decode(final byte[] page, final String what)
    {
        final ByteBuffer buffer = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
        if (buffer.getLong() != MAGIC)
        {
            throw new DriveException(what + " is no overlay of understudy: name another file");
        }
        final int version = buffer.getInt();
        final int clusterBytes = buffer.getInt();
        final long baseBytes = buffer.getLong();
        final byte[] sha256 = new byte[SHA256_BYTES];
        buffer.get(sha256);
        if (buffer.getInt() != crc(page))
        {
            throw new DriveException(what + " is damaged: its header does not match its checksum");
        }
        if (version == ENDED_VERSION)
        {
            throw new DriveException(what + " ended with a snapshot of its recording, and what was written later is not in it: " +
                "go on from a snapshot with --from");
        }
        if (version != VERSION || clusterBytes != CLUSTER_BYTES)
        {
            throw new DriveException(what + " is of version " + version + " with clusters of " + clusterBytes +
                " bytes, this release knows version " + VERSION + " with " + CLUSTER_BYTES);
        }
        return new OverlayHeader(baseBytes, sha256);
    }

    boolean isOver(final long bytes, final byte[] sha256)
    {
        return baseBytes == bytes && Arrays.equals(baseSha256, sha256);
    }

    private static int crc(final byte[] page)
    {
        final CRC32 crc = new CRC32();
        crc.update(page, 0, CHECKED_BYTES);
        return (int)crc.getValue();
    }
}
