package dev.understudy.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.memory.DirtyPages;
import dev.understudy.guest.memory.GuestMemory;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Loading a kernel: what is right is loaded exactly, what is wrong is refused by name. */
class ElfImageTest
{
    private static final long END = GuestMemory.BASE + GuestMemory.MIN_BYTES;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final DirtyPages written = memory.dirtyPages();

    @Test
    void loadsSegmentsAtTheirPhysicalAddresses()
    {
        final ElfImage image = ElfImage.load(new ElfFile().bytes(), memory);

        assertThat(image.entry()).isEqualTo(ElfFile.TEXT + 4);
        assertThat(image.end()).isEqualTo(ElfFile.TEXT + 0x1020);
        for (int i = 0; i < 16; i++)
        {
            assertThat(memory.readByte(ElfFile.TEXT + i)).isEqualTo(232 + i);
        }
        for (int i = 0; i < 8; i++)
        {
            assertThat(memory.readByte(ElfFile.TEXT + 0x1000 + i)).isEqualTo(248 + i);
        }
    }

    @Test
    void zeroesTheRestOfASegmentAndNothingElse()
    {
        Arrays.fill(memory.array(), (byte)0x55);
        ElfImage.load(new ElfFile().field(2, ElfFile.MEMORY_BYTES, 10_000).bytes(), memory);

        final long data = ElfFile.TEXT + 0x1000;
        assertThat(memory.readByte(data - 1)).isEqualTo(0x55);
        for (int i = 8; i < 10_000; i++)
        {
            assertThat(memory.readByte(data + i)).isZero();
        }
        assertThat(memory.readByte(data + 10_000)).isEqualTo(0x55);
    }

    @Test
    void aSegmentMayFillRamToItsEnd()
    {
        final byte[] file = new ElfFile().field(2, ElfFile.MEMORY_BYTES, END - ElfFile.TEXT - 0x1000).bytes();

        assertThat(ElfImage.load(file, memory).end()).isEqualTo(END);
    }

    @Test
    void refusesWhatIsNoKernelForThisMachine()
    {
        refused(new byte[0], "not an ELF file");
        refused(Arrays.copyOf(new ElfFile().bytes(), 63), "not an ELF file");
        refused(new ElfFile().putByte(0, 0x7E).bytes(), "not an ELF file");
        refused(new ElfFile().putByte(4, 1).bytes(), "not a 64-bit little-endian");
        refused(new ElfFile().putByte(5, 2).bytes(), "not a 64-bit little-endian");
        refused(new ElfFile().putByte(6, 0).bytes(), "version");
        refused(new ElfFile().putShort(18, 62).bytes(), "not for RISC-V (ELF machine 62)");
        refused(new ElfFile().putShort(16, 3).bytes(), "position-independent");
        refused(new ElfFile().putShort(16, 1).bytes(), "not an executable (ELF type 1)");
    }

    @Test
    void refusesTablesThatAreTruncated()
    {
        refused(new ElfFile().putShort(54, 32).bytes(), "program headers have 32 bytes");
        refused(new ElfFile().putShort(56, 5).bytes(), "5 program headers at offset 64 lie outside the file");
        refused(new ElfFile().putShort(56, 0xFFFF).bytes(), "65535 program headers, 256 at most");
        refused(new ElfFile().putLong(32, -1).bytes(), "offset 18446744073709551615 lie outside the file");
        refused(new ElfFile().putLong(32, Long.MAX_VALUE).bytes(), "lie outside the file");
        refused(new ElfFile().putShort(56, 1).bytes(), "no segment to load");
        refused(Arrays.copyOf(new ElfFile().bytes(), 255), "segment 2 lies outside the file: 8 bytes at offset 248");
    }

    @Test
    void refusesSegmentsThatDoNotFit()
    {
        refused(new ElfFile().field(1, ElfFile.OFFSET, Long.MAX_VALUE).bytes(), "segment 1 lies outside the file");
        refused(new ElfFile().field(1, ElfFile.OFFSET, -8).bytes(), "segment 1 lies outside the file");
        refused(new ElfFile().field(1, ElfFile.FILE_BYTES, -1).bytes(), "segment 1 lies outside the file");
        refused(new ElfFile().field(2, ElfFile.MEMORY_BYTES, 7).bytes(), "segment 2 has 8 bytes in the file");
        refused(new ElfFile().field(2, ElfFile.MEMORY_BYTES, -1).bytes(), "segment 2 at 0x80201000");
        refused(new ElfFile().field(2, ElfFile.ADDRESS, END - 31).bytes(), "does not fit into RAM");
        refused(new ElfFile().field(2, ElfFile.ADDRESS, GuestMemory.BASE - 1).bytes(), "does not fit into RAM");
        refused(new ElfFile().field(2, ElfFile.ADDRESS, -16).bytes(), "does not fit into RAM");
        refused(new ElfFile().field(2, ElfFile.ADDRESS, ElfFile.TEXT + 15).bytes(),
            "segments 1 and 2 overlap at 0x8020000f");
        refused(new ElfFile().field(1, ElfFile.ADDRESS, ElfFile.TEXT + 0x1000 + 31).bytes(),
            "segments 1 and 2 overlap at 0x8020101f");
    }

    @Test
    void refusesWhatIsLinkedWhereTheFirmwareWouldBe()
    {
        for (final long address : new long[]{GuestMemory.BASE, ElfFile.TEXT - 2})
        {
            refused(new ElfFile().field(1, ElfFile.ADDRESS, address).bytes(),
                String.format(Locale.ROOT, "segment 1 at 0x%x lies below 0x80200000", address));
        }
    }

    @Test
    void refusesAnEntryPointThatIsNowhere()
    {
        refused(new ElfFile().putLong(24, 0xFFFF_FFFF_8000_0010L).bytes(),
            "entry point 0xffffffff80000010 lies in none of its segments");
        refused(new ElfFile().putLong(24, 0).bytes(), "entry point 0x0");
        refused(new ElfFile().putLong(24, 0xFFFF_FFFF_8000_0001L).bytes(), "at an odd address");
    }

    @Property(tries = 5000)
    void aDamagedFileIsLoadedOrRefusedAndHarmsNothing(
        @ForAll final long seed, @ForAll @IntRange(min = 1, max = 8) final int changes)
    {
        final Random random = new Random(seed);
        byte[] file = new ElfFile().bytes();
        final byte[] interesting = {0, 1, -1, 0x7F, (byte)0x80, 16, 56};
        for (int i = 0; i < changes; i++)
        {
            // Mostly the headers: damage to the contents means nothing to the loader.
            final int at = random.nextInt(232);
            file[at] = random.nextBoolean() ? (byte)random.nextInt() : interesting[random.nextInt(7)];
        }
        if (random.nextInt(4) == 0)
        {
            file = Arrays.copyOf(file, random.nextInt(300));
        }
        written.take();
        try
        {
            final ElfImage image = ElfImage.load(file, memory);
            assertThat(memory.contains(image.entry(), 1)).isTrue();
            assertThat(image.end()).isGreaterThan(GuestMemory.BASE).isLessThanOrEqualTo(END);
        }
        catch (final BootException expected)
        {
            assertThat(expected).hasMessageStartingWith("the kernel cannot be booted: ");
            assertThat(isUntouched()).isTrue();
        }
    }

    private void refused(final byte[] file, final String why)
    {
        written.take();
        assertThatThrownBy(() -> ElfImage.load(file, memory))
            .isInstanceOf(BootException.class)
            .hasMessageContaining(why);
        assertThat(isUntouched()).isTrue();
    }

    private boolean isUntouched()
    {
        for (int page = 0; page < memory.pages(); page++)
        {
            if (written.contains(page))
            {
                return false;
            }
        }
        return true;
    }
}
