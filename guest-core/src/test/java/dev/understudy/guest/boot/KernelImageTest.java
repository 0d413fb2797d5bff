package dev.understudy.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.memory.GuestMemory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** The kinds of kernel that a guest boots from. */
class KernelImageTest
{
    private static final int LOAD_OFFSET = 0x20_0000;
    private static final int FILE_BYTES = 5_000;
    private static final int IMAGE_BYTES = 20_000;
    private static final int RAM_BYTES = 4 << 20;

    private final GuestMemory memory = new GuestMemory(RAM_BYTES);

    @Test
    void linuxIsLoadedAtItsOffsetAndBeginsWithItsFirstByte()
    {
        final byte[] file = linux(LOAD_OFFSET, IMAGE_BYTES);
        final KernelImage kernel = KernelImage.load(file, memory);
        assertThat(kernel.entry()).isEqualTo(GuestMemory.BASE + LOAD_OFFSET);
        assertThat(kernel.end()).isEqualTo(GuestMemory.BASE + LOAD_OFFSET + IMAGE_BYTES);
        assertThat(Arrays.copyOfRange(memory.array(), LOAD_OFFSET, LOAD_OFFSET + FILE_BYTES)).isEqualTo(file);
    }

    @Test
    void eitherKindMayBePacked() throws IOException
    {
        assertThat(KernelImage.load(gzip(linux(LOAD_OFFSET, IMAGE_BYTES)), memory).end())
            .isEqualTo(GuestMemory.BASE + LOAD_OFFSET + IMAGE_BYTES);
        assertThat(KernelImage.load(gzip(new ElfFile().bytes()), memory).entry()).isEqualTo(ElfFile.TEXT + 4);
    }

    @Test
    void linuxThatDoesNotFitIsRefused()
    {
        for (final byte[] file : new byte[][] {
            linux(RAM_BYTES - 4096, IMAGE_BYTES),
            linux(LOAD_OFFSET, RAM_BYTES),
            linux(LOAD_OFFSET, -1),
            linux(-4096, IMAGE_BYTES),
            linux(Long.MAX_VALUE & -4096, IMAGE_BYTES)})
        {
            assertThatThrownBy(() -> KernelImage.load(file, memory))
                .isInstanceOf(BootException.class)
                .hasMessageContaining("Linux image")
                .hasMessageContaining("give the guest more memory");
        }
        assertThat(memory.array()).containsOnly(0);
    }

    @Test
    void linuxForMachineModeIsRefused()
    {
        for (final int offset : new int[]{0, LOAD_OFFSET - 4096})
        {
            assertThatThrownBy(() -> KernelImage.load(linux(offset, IMAGE_BYTES), memory))
                .isInstanceOf(BootException.class)
                .hasMessageContaining("below 0x80200000")
                .hasMessageContaining("M-mode");
        }
        assertThat(memory.array()).containsOnly(0);
    }

    @Test
    void uBootIsLoadedWhereItIsLinked() throws IOException
    {
        final byte[] file = uBoot();
        for (final byte[] packedOrNot : new byte[][]{file, gzip(file)})
        {
            assertThat(KernelImage.load(packedOrNot, memory))
                .isEqualTo(new KernelImage(0x8020_0000L, 0x8020_0000L + file.length));
            assertThat(Arrays.copyOfRange(memory.array(), 0x20_0000, 0x20_0000 + file.length)).isEqualTo(file);
        }
    }

    @Test
    void uBootForMachineModeOrThatDoesNotFitIsRefused()
    {
        final byte[] machineMode = uBoot();
        ByteBuffer.wrap(machineMode).order(ByteOrder.LITTLE_ENDIAN).putInt(0, 0xF140_2573);
        assertThatThrownBy(() -> KernelImage.load(machineMode, memory))
            .isInstanceOf(BootException.class).hasMessageContaining("qemu-riscv64_smode/u-boot.bin");
        assertThatThrownBy(() -> KernelImage.load(Arrays.copyOf(uBoot(), RAM_BYTES), memory))
            .isInstanceOf(BootException.class).hasMessageContaining("give the guest more memory");
        final byte[] other = uBoot();
        other[100] = 'u';
        assertThatThrownBy(() -> KernelImage.load(other, memory))
            .isInstanceOf(BootException.class).hasMessageContaining("not an ELF file");
        assertThat(memory.array()).containsOnly(0);
    }

    private static byte[] uBoot()
    {
        final byte[] file = new byte[FILE_BYTES];
        System.arraycopy("U-Boot 2023.01".getBytes(StandardCharsets.US_ASCII), 0, file, 100, 14);
        return file;
    }

    @Test
    void damagedOrTooLargePackedFilesAreRefused() throws IOException
    {
        final byte[] packed = gzip(linux(LOAD_OFFSET, IMAGE_BYTES));
        assertThatThrownBy(() -> KernelImage.load(Arrays.copyOf(packed, packed.length / 2), memory))
            .isInstanceOf(BootException.class).hasMessageContaining("packed with gzip and damaged");
        final byte[] bomb = gzip(new byte[RAM_BYTES + 1]);
        assertThatThrownBy(() -> KernelImage.load(bomb, memory))
            .isInstanceOf(BootException.class).hasMessageContaining("unpacks to more than the " + RAM_BYTES);
    }

    @Property(tries = 2_000)
    void nothingButABootExceptionComesOfAnyHeader(@ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        final byte[] file = linux(LOAD_OFFSET, IMAGE_BYTES);
        for (int i = 0; i < 1 + random.nextInt(8); i++)
        {
            file[random.nextInt(64)] = (byte)random.nextInt();
        }
        try
        {
            KernelImage.load(random.nextBoolean() ? file : gzip(file), memory);
        }
        catch (final BootException e)
        {
            assertThat(e).hasMessageContaining("cannot be booted");
        }
    }

    private static byte[] linux(final long offset, final long imageBytes)
    {
        final byte[] file = new byte[FILE_BYTES];
        new Random(1).nextBytes(file);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN)
            .putLong(8, offset).putLong(16, imageBytes).putLong(24, 0).putInt(56, 0x0543_5352);
        return file;
    }

    private static byte[] gzip(final byte[] data) throws IOException
    {
        final ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed))
        {
            out.write(data);
        }
        return packed.toByteArray();
    }
}
