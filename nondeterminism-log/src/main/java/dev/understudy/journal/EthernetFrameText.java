package dev.understudy.journal;

import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Locale;
import org.agrona.DirectBuffer;

/** Describes an Ethernet frame for people. Source: IEEE 802.3, section 3. */
final class EthernetFrameText
{
    private static final int HEADER_BYTES = 14;
    private static final int MAC_BYTES = 6;
    private static final int IPV4 = 0x0800;
    private static final int ARP = 0x0806;
    private static final int VLAN = 0x8100;
    private static final int IPV6 = 0x86DD;

    private EthernetFrameText()
    {
    }

    static String describe(final DirectBuffer buffer, final int offset, final int length)
    {
        if (length < HEADER_BYTES)
        {
            return "(not a frame)";
        }
        final int type = buffer.getShort(offset + 2 * MAC_BYTES, ByteOrder.BIG_ENDIAN) & 0xFFFF;
        return "%s %s -> %s".formatted(
            switch (type)
            {
                case IPV4 -> "IPv4";
                case ARP -> "ARP";
                case VLAN -> "VLAN";
                case IPV6 -> "IPv6";
                default -> String.format(Locale.ROOT, "type %04x", type);
            },
            mac(buffer, offset + MAC_BYTES),
            mac(buffer, offset));
    }

    private static String mac(final DirectBuffer buffer, final int offset)
    {
        final byte[] bytes = new byte[MAC_BYTES];
        buffer.getBytes(offset, bytes);
        return HexFormat.ofDelimiter(":").formatHex(bytes);
    }
}
