package dev.understudy.guest.boot;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Loads U-Boot's {@code u-boot.bin} into guest RAM.
 * <p>
 * The file has no header: it is taken for U-Boot when it holds the text of its version, and lies where U-Boot is linked for
 * QEMU's {@code virt} machine. Its first byte is its first instruction.
 */
final class UBootImage
{
    /** More than any build for this machine has. */
    static final int MAX_BYTES = 8 << 20;

    private static final byte[] VERSION = "U-Boot 20".getBytes(StandardCharsets.US_ASCII);

    /** {@code csrr a0, mhartid}, with which a build for M-mode begins. */
    private static final int READ_MHARTID = 0xF140_2573;

    private UBootImage()
    {
    }

    /** Whether a file holds the text of a version of U-Boot. */
    static boolean isOne(final byte[] file)
    {
        for (int at = 0; at <= Math.min(file.length, MAX_BYTES) - VERSION.length; at++)
        {
            if (file[at] == VERSION[0] && holdsVersion(file, at))
            {
                return true;
            }
        }
        return false;
    }

    private static boolean holdsVersion(final byte[] file, final int at)
    {
        for (int i = 1; i < VERSION.length; i++)
        {
            if (file[at + i] != VERSION[i])
            {
                return false;
            }
        }
        return true;
    }

    /**
     * Copies it to where it is linked. It clears what it needs behind the file, and moves to the end of RAM.
     *
     * @throws BootException when it is of another kind or does not fit; RAM is as it was then
     */
    static KernelImage load(final byte[] file, final GuestMemory memory)
    {
        if (ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == READ_MHARTID)
        {
            throw new BootException("the kernel cannot be booted: it is U-Boot for M-mode; take the build for S-mode, " +
                "which Debian's u-boot-qemu has as qemu-riscv64_smode/u-boot.bin");
        }
        final long address = KernelImage.LOWEST_ADDRESS;
        if (!memory.contains(address, file.length))
        {
            throw new BootException(String.format(Locale.ROOT,
                "the kernel cannot be booted: U-Boot takes %d bytes at 0x%x, and RAM has %d bytes; " +
                "give the guest more memory", file.length, address, memory.size()));
        }
        memory.write(address, file, 0, file.length);
        return new KernelImage(address, address + file.length);
    }
}
