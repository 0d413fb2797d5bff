package dev.understudy.guest.boot;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * Loads an ELF executable for RV64 into guest RAM.
 * <p>
 * Nothing in the file is trusted, and nothing is written before all of it was checked. Source: ELF-64 object file
 * format, version 1.5; RISC-V ELF psABI.
 */
final class ElfImage
{
    /** More than any linker writes; bounds the check of each segment against each other. */
    private static final int MAX_PROGRAM_HEADERS = 256;

    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int MAGIC = 0x464C_457F;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int CURRENT_VERSION = 1;
    private static final int TYPE_EXECUTABLE = 2;
    private static final int TYPE_SHARED = 3;
    private static final int MACHINE_RISCV = 243;
    private static final int SEGMENT_LOAD = 1;

    /** The shortest instruction; with it goes the alignment of every instruction. */
    private static final int INSTRUCTION_BYTES = 2;

    private static final byte[] ZEROS = new byte[GuestMemory.PAGE_BYTES];

    private final ByteBuffer file;
    private final int length;
    private Segment[] segments;
    private long entry;
    private long end;

    /** A part of the file and where it goes; checked against the file and RAM. */
    private record Segment(int number, int offset, int fileBytes, long virtualAddress, long address, long memoryBytes)
    {
        boolean overlaps(final Segment other)
        {
            return address < other.address + other.memoryBytes && other.address < address + memoryBytes;
        }

        boolean holds(final long atVirtual)
        {
            return Long.compareUnsigned(atVirtual - virtualAddress, memoryBytes) < 0;
        }
    }

    private ElfImage(final byte[] bytes)
    {
        file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        length = bytes.length;
    }

    /** Whether a file says that it is one. */
    static boolean isOne(final byte[] bytes)
    {
        return bytes.length >= HEADER_BYTES && ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(0) == MAGIC;
    }

    /**
     * Copies the segments of a file to their physical addresses and zeroes the rest of each.
     *
     * @throws BootException when the file is no such executable or does not fit; RAM is as it was then
     */
    static ElfImage load(final byte[] bytes, final GuestMemory memory)
    {
        final ElfImage image = new ElfImage(bytes);
        image.checkHeader();
        image.readSegments(memory);
        image.checkOverlaps();
        image.findEntry();
        for (final Segment segment : image.segments)
        {
            image.copy(segment, memory);
        }
        return image;
    }

    /** Physical address of the first instruction. */
    long entry()
    {
        return entry;
    }

    /** First address behind all segments. */
    long end()
    {
        return end;
    }

    private void checkHeader()
    {
        require(isOne(file.array()), "it is not an ELF file, a Linux Image or U-Boot's u-boot.bin");
        require(file.get(4) == CLASS_64 && file.get(5) == LITTLE_ENDIAN, "it is not a 64-bit little-endian ELF file");
        require(file.get(6) == CURRENT_VERSION && file.getInt(20) == CURRENT_VERSION,
            "its ELF version is not " + CURRENT_VERSION);
        require(u16(18) == MACHINE_RISCV, "its code is not for RISC-V (ELF machine " + u16(18) + ")");
        require(u16(16) != TYPE_SHARED,
            "it is position-independent: link it at fixed addresses, with -static -no-pie");
        require(u16(16) == TYPE_EXECUTABLE, "it is not an executable (ELF type " + u16(16) + ")");
    }

    private void readSegments(final GuestMemory memory)
    {
        final long tableOffset = file.getLong(32);
        final int entryBytes = u16(54);
        final int count = u16(56);
        require(entryBytes == PROGRAM_HEADER_BYTES,
            "its program headers have " + entryBytes + " bytes, not " + PROGRAM_HEADER_BYTES);
        require(count <= MAX_PROGRAM_HEADERS,
            "it has " + count + " program headers, " + MAX_PROGRAM_HEADERS + " at most are supported");
        require(isInFile(tableOffset, (long)count * entryBytes),
            "its " + count + " program headers at offset " + Long.toUnsignedString(tableOffset) +
            " lie outside the file of " + length + " bytes");

        final Segment[] found = new Segment[count];
        int loadable = 0;
        for (int i = 0; i < count; i++)
        {
            final int header = (int)tableOffset + i * entryBytes;
            if (file.getInt(header) == SEGMENT_LOAD && file.getLong(header + 40) != 0)
            {
                found[loadable++] = readSegment(memory, i, header);
            }
        }
        require(loadable > 0, "it has no segment to load");
        segments = new Segment[loadable];
        System.arraycopy(found, 0, segments, 0, loadable);
    }

    private Segment readSegment(final GuestMemory memory, final int number, final int header)
    {
        final long offset = file.getLong(header + 8);
        final long virtualAddress = file.getLong(header + 16);
        final long address = file.getLong(header + 24);
        final long fileBytes = file.getLong(header + 32);
        final long memoryBytes = file.getLong(header + 40);
        require(isInFile(offset, fileBytes), String.format(Locale.ROOT,
            "segment %d lies outside the file: %s bytes at offset %s, " +
            "but the file has %d bytes; is it truncated?", number, Long.toUnsignedString(fileBytes),
            Long.toUnsignedString(offset), length));
        require(memory.contains(address, memoryBytes),
            String.format(Locale.ROOT,
                "segment %d at 0x%x with %s bytes does not fit into RAM at 0x%x with %d bytes; " +
                "link it there or give the guest more memory",
                number, address, Long.toUnsignedString(memoryBytes), GuestMemory.BASE, memory.size()));
        require(address >= KernelImage.LOWEST_ADDRESS, String.format(Locale.ROOT,
            "segment %d at 0x%x lies below 0x%x, where the firmware's memory ends; link it there or above, for S-mode",
            number, address, KernelImage.LOWEST_ADDRESS));
        require(memoryBytes >= fileBytes, String.format(Locale.ROOT,
            "segment %d has %d bytes in the file, but only %d in memory",
            number, fileBytes, memoryBytes));
        end = Math.max(end, address + memoryBytes);
        return new Segment(number, (int)offset, (int)fileBytes, virtualAddress, address, memoryBytes);
    }

    private void checkOverlaps()
    {
        for (int i = 0; i < segments.length; i++)
        {
            for (int j = 0; j < i; j++)
            {
                require(!segments[i].overlaps(segments[j]), String.format(Locale.ROOT,
                    "segments %d and %d overlap at 0x%x",
                    segments[j].number, segments[i].number, Math.max(segments[i].address, segments[j].address)));
            }
        }
    }

    /** The entry point is a virtual address; the hart starts without translation. */
    private void findEntry()
    {
        final long virtualEntry = file.getLong(24);
        for (final Segment segment : segments)
        {
            if (segment.holds(virtualEntry))
            {
                entry = segment.address + (virtualEntry - segment.virtualAddress);
                require(entry % INSTRUCTION_BYTES == 0,
                    String.format(Locale.ROOT, "its entry point 0x%x is at an odd address", virtualEntry));
                return;
            }
        }
        throw new BootException(problem(String.format(Locale.ROOT,
            "its entry point 0x%x lies in none of its segments", virtualEntry)));
    }

    private void copy(final Segment segment, final GuestMemory memory)
    {
        memory.write(segment.address, file.array(), segment.offset, segment.fileBytes);
        final long segmentEnd = segment.address + segment.memoryBytes;
        for (long at = segment.address + segment.fileBytes; at < segmentEnd; at += ZEROS.length)
        {
            memory.write(at, ZEROS, 0, (int)Math.min(ZEROS.length, segmentEnd - at));
        }
    }

    private int u16(final int offset)
    {
        return file.getShort(offset) & 0xFFFF;
    }

    private boolean isInFile(final long offset, final long bytes)
    {
        return offset >= 0 && bytes >= 0 && offset <= length && bytes <= length - offset;
    }

    private static void require(final boolean holds, final String what)
    {
        if (!holds)
        {
            throw new BootException(problem(what));
        }
    }

    private static String problem(final String what)
    {
        return "the kernel cannot be booted: " + what;
    }
}
