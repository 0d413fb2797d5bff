package dev.understudy.guest.boot;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes ELF executables, right or wrong, as a linker would. */
final class ElfFile
{
    static final long TEXT = GuestMemory.BASE + 0x20_0000;
    static final int FIRST_HEADER = 64;
    static final int OFFSET = 8;
    static final int VIRTUAL_ADDRESS = 16;
    static final int ADDRESS = 24;
    static final int FILE_BYTES = 32;
    static final int MEMORY_BYTES = 40;

    private static final int HEADER_BYTES = 56;

    private final ByteBuffer file;

    /** Two segments: 16 bytes of text, and 8 bytes of data followed by 24 of bss, linked high and loaded low. */
    ElfFile()
    {
        file = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 0x464C_457F).put(4, (byte)2).put(5, (byte)1).put(6, (byte)1);
        file.putShort(16, (short)2).putShort(18, (short)243).putInt(20, 1);
        file.putLong(24, 0xFFFF_FFFF_8000_0004L).putLong(32, FIRST_HEADER);
        file.putShort(52, (short)64).putShort(54, (short)HEADER_BYTES).putShort(56, (short)3);
        segment(0, 4, 0, 0, 0, 0, 0);
        segment(1, 1, 232, 0xFFFF_FFFF_8000_0000L, TEXT, 16, 16);
        segment(2, 1, 248, 0xFFFF_FFFF_8000_1000L, TEXT + 0x1000, 8, 32);
        for (int i = 232; i < 256; i++)
        {
            file.put(i, (byte)i);
        }
    }

    ElfFile segment(
        final int number,
        final int type,
        final long offset,
        final long virtualAddress,
        final long address,
        final long fileBytes,
        final long memoryBytes)
    {
        final int at = FIRST_HEADER + HEADER_BYTES * number;
        file.putInt(at, type).putInt(at + 4, 7);
        file.putLong(at + OFFSET, offset).putLong(at + VIRTUAL_ADDRESS, virtualAddress);
        file.putLong(at + ADDRESS, address).putLong(at + FILE_BYTES, fileBytes);
        file.putLong(at + MEMORY_BYTES, memoryBytes);
        return this;
    }

    /** Changes a field of a program header. */
    ElfFile field(final int number, final int field, final long value)
    {
        file.putLong(FIRST_HEADER + HEADER_BYTES * number + field, value);
        return this;
    }

    ElfFile putByte(final int offset, final int value)
    {
        file.put(offset, (byte)value);
        return this;
    }

    ElfFile putShort(final int offset, final int value)
    {
        file.putShort(offset, (short)value);
        return this;
    }

    ElfFile putLong(final int offset, final long value)
    {
        file.putLong(offset, value);
        return this;
    }

    byte[] bytes()
    {
        return file.array().clone();
    }
}
