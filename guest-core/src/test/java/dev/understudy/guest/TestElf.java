package dev.understudy.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A static executable of one segment that may be read, written and executed, and starts at its first byte. */
public final class TestElf
{
    private static final int HEADER_BYTES = 0x1000;

    private TestElf()
    {
    }

    public static byte[] of(final long address, final byte[] image)
    {
        final ByteBuffer file = ByteBuffer.allocate(HEADER_BYTES + image.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[]{0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        file.putShort((short)2).putShort((short)243).putInt(1).putLong(address);
        file.putLong(64).putLong(0).putInt(1);
        file.putShort((short)64).putShort((short)56).putShort((short)1).putShort((short)64).putInt(0);
        file.putInt(1).putInt(7).putLong(HEADER_BYTES).putLong(address).putLong(address);
        file.putLong(image.length).putLong(image.length).putLong(HEADER_BYTES);
        file.position(HEADER_BYTES).put(image);
        return file.array();
    }
}
