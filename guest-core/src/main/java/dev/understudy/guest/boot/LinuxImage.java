package dev.understudy.guest.boot;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * Loads a raw Linux kernel into guest RAM.
 * <p>
 * Source: Documentation/arch/riscv/boot-image-header.rst of Linux 6.12. Nothing in the file is trusted.
 * <pre>
 *   0        8             16           24      32        36         48        56       60      64
 *   +--------+-------------+------------+-------+---------+----------+---------+--------+-------+----
 *   |  code  | load offset | image size | flags | version | reserved | magic   | magic2 | res   | ...
 *   +--------+-------------+------------+-------+---------+----------+---------+--------+-------+----
 * </pre>
 */
final class LinuxImage
{
    private static final int HEADER_BYTES = 64;
    private static final int LOAD_OFFSET = 8;
    private static final int IMAGE_SIZE = 16;
    private static final int FLAGS = 24;
    private static final int MAGIC2 = 56;

    /** "RSC" and 5: the magic number that does not go away, as the first one will. */
    private static final int MAGIC2_VALUE = 0x0543_5352;
    private static final long FLAG_BIG_ENDIAN = 1;

    private LinuxImage()
    {
    }

    /** Whether a file says that it is a kernel of this kind. */
    static boolean isOne(final byte[] file)
    {
        return file.length >= HEADER_BYTES && header(file).getInt(MAGIC2) == MAGIC2_VALUE;
    }

    /**
     * Copies the kernel to where it wants to be; its first byte is its first instruction. The memory that it needs behind
     * the file is left as it is: the kernel clears it.
     *
     * @throws BootException when it does not fit; RAM is as it was then
     */
    static KernelImage load(final byte[] file, final GuestMemory memory)
    {
        final ByteBuffer header = header(file);
        if ((header.getLong(FLAGS) & FLAG_BIG_ENDIAN) != 0)
        {
            throw new BootException("the kernel cannot be booted: it is a big-endian Linux image");
        }
        final long offset = header.getLong(LOAD_OFFSET);
        if (offset >= 0 && offset < KernelImage.LOWEST_ADDRESS - GuestMemory.BASE)
        {
            throw new BootException(String.format(Locale.ROOT,
                "the kernel cannot be booted: the Linux image wants to lie at 0x%x, below 0x%x, " +
                "where the firmware's memory ends: it is built for M-mode; build it for S-mode",
                GuestMemory.BASE + offset, KernelImage.LOWEST_ADDRESS));
        }
        final long bytes = Math.max(header.getLong(IMAGE_SIZE), file.length);
        final long address = GuestMemory.BASE + offset;
        if (offset < 0 || offset % GuestMemory.PAGE_BYTES != 0 || header.getLong(IMAGE_SIZE) < 0 ||
            !memory.contains(address, bytes))
        {
            throw new BootException(String.format(Locale.ROOT,
                "the kernel cannot be booted: the Linux image takes %s bytes at offset 0x%x of " +
                "RAM, which has %d bytes; give the guest more memory",
                Long.toUnsignedString(bytes), offset, memory.size()));
        }
        memory.write(address, file, 0, file.length);
        return new KernelImage(address, address + bytes);
    }

    private static ByteBuffer header(final byte[] file)
    {
        return ByteBuffer.wrap(file, 0, HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    }
}
