package dev.understudy.guest.boot;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Loads an ELF executable for RV64 into guest RAM. Source: ELF-64 object file format, version 1.5; RISC-V ELF psABI.
 */
public final class ElfImage
{
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int MAGIC = 0x464C_457F;
    private static final int CLASS_64 = 2;
    private static final int LITTLE_ENDIAN = 1;
    private static final int TYPE_EXECUTABLE = 2;
    private static final int MACHINE_RISCV = 243;
    private static final int SEGMENT_LOAD = 1;

    private final ByteBuffer file;
    private final int length;
    private long entry;
    private long end = GuestMemory.BASE;

    private ElfImage(final byte[] bytes)
    {
        file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        length = bytes.length;
    }

    /**
     * Copies the segments of a file to their physical addresses; the rest of each segment stays zero.
     *
     * @throws BootException when the file is no such executable or does not fit
     */
    public static ElfImage load(final byte[] bytes, final GuestMemory memory)
    {
        final ElfImage image = new ElfImage(bytes);
        image.checkHeader();
        image.loadSegments(memory);
        return image;
    }

    /** Physical address of the first instruction. */
    public long entry()
    {
        return entry;
    }

    /** First address behind all segments. */
    public long end()
    {
        return end;
    }

    private void checkHeader()
    {
        require(length >= HEADER_BYTES && file.getInt(0) == MAGIC, "it is not an ELF file");
        require(file.get(4) == CLASS_64 && file.get(5) == LITTLE_ENDIAN, "it is not a 64-bit little-endian ELF file");
        require((file.getShort(18) & 0xFFFF) == MACHINE_RISCV, "its code is not for RISC-V");
        require((file.getShort(16) & 0xFFFF) == TYPE_EXECUTABLE,
            "it is not an executable at fixed addresses (ELF type " + (file.getShort(16) & 0xFFFF) + ")");
    }

    private void loadSegments(final GuestMemory memory)
    {
        final long tableOffset = file.getLong(32);
        final int entryBytes = file.getShort(54) & 0xFFFF;
        final int count = file.getShort(56) & 0xFFFF;
        require(entryBytes == PROGRAM_HEADER_BYTES, "its program headers have " + entryBytes + " bytes, not 56");
        require(isInFile(tableOffset, (long)count * entryBytes), "its program headers lie outside the file");

        final long virtualEntry = file.getLong(24);
        entry = virtualEntry;
        boolean hasSegment = false;
        for (int i = 0; i < count; i++)
        {
            final int header = (int)tableOffset + i * entryBytes;
            final long memoryBytes = file.getLong(header + 40);
            if (file.getInt(header) == SEGMENT_LOAD && memoryBytes != 0)
            {
                hasSegment = true;
                loadSegment(memory, i, header, memoryBytes);
                final long intoSegment = virtualEntry - file.getLong(header + 16);
                if (intoSegment >= 0 && intoSegment < memoryBytes)
                {
                    entry = file.getLong(header + 24) + intoSegment;
                }
            }
        }
        require(hasSegment, "it has no segment to load");
        require(memory.contains(entry, 2) && (entry & 1) == 0,
            "its entry point 0x%x lies outside RAM".formatted(virtualEntry));
    }

    private void loadSegment(final GuestMemory memory, final int number, final int header, final long memoryBytes)
    {
        final long offset = file.getLong(header + 8);
        final long address = file.getLong(header + 24);
        final long fileBytes = file.getLong(header + 32);
        require(fileBytes >= 0 && memoryBytes >= fileBytes && isInFile(offset, fileBytes),
            "segment " + number + " lies outside the file");
        require(memory.contains(address, memoryBytes),
            ("segment %d at 0x%x with %d bytes does not fit into RAM at 0x%x with %d bytes; " +
                "link it there or give the guest more memory").formatted(
                number, address, memoryBytes, GuestMemory.BASE, memory.size()));
        memory.write(address, file.array(), (int)offset, (int)fileBytes);
        end = Math.max(end, address + memoryBytes);
    }

    private boolean isInFile(final long offset, final long bytes)
    {
        return offset >= 0 && bytes >= 0 && offset <= length && bytes <= length - offset;
    }

    private static void require(final boolean holds, final String problem)
    {
        if (!holds)
        {
            throw new BootException("the kernel cannot be booted: " + problem);
        }
    }
}
