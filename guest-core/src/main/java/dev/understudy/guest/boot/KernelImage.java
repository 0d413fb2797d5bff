package dev.understudy.guest.boot;

import dev.understudy.guest.memory.GuestMemory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/**
 * A kernel in guest RAM: an ELF executable, a raw Linux image, U-Boot, or any of them packed with gzip.
 *
 * @param entry physical address of the first instruction
 * @param end   first address behind the kernel and the memory that it needs from its first instruction on
 */
public record KernelImage(long entry, long end)
{
    /** The lowest address for a kernel: what lies below is the firmware's on the machines that a kernel is made for. */
    static final long LOWEST_ADDRESS = GuestMemory.BASE + 0x20_0000;

    private static final int GZIP_MAGIC_0 = 0x1F;
    private static final int GZIP_MAGIC_1 = 0x8B;

    /**
     * Puts a kernel into RAM.
     *
     * @throws BootException when the file is none of these or does not fit; RAM is as it was then
     */
    public static KernelImage load(final byte[] file, final GuestMemory memory)
    {
        final byte[] kernel = isGzip(file) ? unpack(file, memory.size()) : file;
        if (LinuxImage.isOne(kernel))
        {
            return LinuxImage.load(kernel, memory);
        }
        if (!ElfImage.isOne(kernel) && UBootImage.isOne(kernel))
        {
            return UBootImage.load(kernel, memory);
        }
        final ElfImage elf = ElfImage.load(kernel, memory);
        return new KernelImage(elf.entry(), elf.end());
    }

    /** Whether a file holds U-Boot, in whichever of these forms. */
    static boolean isUBoot(final byte[] file)
    {
        final byte[] kernel = isGzip(file) ? unpackBegin(file) : file;
        return !LinuxImage.isOne(kernel) && UBootImage.isOne(kernel);
    }

    private static byte[] unpackBegin(final byte[] file)
    {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(file)))
        {
            return in.readNBytes(UBootImage.MAX_BYTES);
        }
        catch (final IOException e)
        {
            // It will be refused when it is loaded.
            return new byte[0];
        }
    }

    private static boolean isGzip(final byte[] file)
    {
        return file.length > 1 && (file[0] & 0xFF) == GZIP_MAGIC_0 && (file[1] & 0xFF) == GZIP_MAGIC_1;
    }

    /** A file that unpacks to more than RAM holds is given up there, however much more there is. */
    private static byte[] unpack(final byte[] file, final long maxBytes)
    {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(file)))
        {
            final byte[] kernel = in.readNBytes(Math.toIntExact(maxBytes));
            if (in.read() >= 0)
            {
                throw new BootException(String.format(Locale.ROOT,
                    "the kernel cannot be booted: it unpacks to more than the %d bytes of RAM; " +
                    "give the guest more memory", maxBytes));
            }
            return kernel;
        }
        catch (final IOException e)
        {
            throw new BootException(
                "the kernel cannot be booted: it is packed with gzip and damaged: " + e.getMessage());
        }
    }
}
