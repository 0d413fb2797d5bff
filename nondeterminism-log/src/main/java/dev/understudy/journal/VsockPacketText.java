package dev.understudy.journal;

import java.nio.ByteOrder;
import java.util.Locale;

import org.agrona.DirectBuffer;

/** Describes a vsock packet for people. Source: virtio 1.2, section 5.10.6. */
final class VsockPacketText
{
    private static final int HEADER_BYTES = 44;
    private static final String[] OPERATIONS = {
        "INVALID", "REQUEST", "RESPONSE", "RST", "SHUTDOWN", "RW", "CREDIT_UPDATE", "CREDIT_REQUEST"};

    private VsockPacketText()
    {
    }

    static String describe(final DirectBuffer buffer, final int offset, final int length)
    {
        if (length < HEADER_BYTES)
        {
            return "(not a packet)";
        }
        final int operation = buffer.getShort(offset + 30, ByteOrder.LITTLE_ENDIAN);
        return String.format(Locale.ROOT, "%s %d -> %d",
            operation >= 0 && operation < OPERATIONS.length ? OPERATIONS[operation] : "operation " + operation,
            buffer.getInt(offset + 16, ByteOrder.LITTLE_ENDIAN) & 0xFFFF_FFFFL,
            buffer.getInt(offset + 20, ByteOrder.LITTLE_ENDIAN) & 0xFFFF_FFFFL);
    }
}
