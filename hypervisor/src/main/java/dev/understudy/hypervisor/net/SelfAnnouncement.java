package dev.understudy.hypervisor.net;

import dev.understudy.guest.configuration.MacAddress;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Tells a network where the guest is now, after it moved to this host.
 * <p>
 * Nobody here knows the guest's IP address, and nobody needs to: its MAC address stays, and the bridges in between
 * learn from any frame that it sends at which port it is. So a reverse ARP request of its address goes to all, as QEMU
 * does after a migration ({@code announce_self}), five times in case some are lost. It is the host that sends them;
 * the guest knows nothing of it. Source: RFC 903. On the agent thread.
 */
public final class SelfAnnouncement
{
    /** Time from each announcement to the next. */
    private static final long[] DELAYS_NS = {50_000_000, 150_000_000, 250_000_000, 350_000_000};

    /** The shortest frame of Ethernet, without its checksum. */
    static final int FRAME_BYTES = 60;

    private static final int SOURCE = 6;
    private static final int SENDER_HARDWARE_ADDRESS = 22;
    private static final int TARGET_HARDWARE_ADDRESS = 32;

    /** Of Ethernet: type reverse ARP, for IPv4 over Ethernet, request. */
    private static final byte[] TYPE_AND_OPERATION = {(byte)0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3};

    private final UnsafeBuffer frame;
    private final Netdev netdev;
    private long nextNs;
    private int sent;

    /** Begins at once. */
    public SelfAnnouncement(final MacAddress mac, final Netdev netdev, final long nowNs)
    {
        frame = new UnsafeBuffer(frame(mac));
        this.netdev = netdev;
        nextNs = nowNs;
    }

    static byte[] frame(final MacAddress mac)
    {
        final byte[] frame = new byte[FRAME_BYTES];
        for (int i = 0; i < MacAddress.BYTES; i++)
        {
            frame[i] = (byte)0xFF;
        }
        System.arraycopy(mac.bytes(), 0, frame, SOURCE, MacAddress.BYTES);
        System.arraycopy(TYPE_AND_OPERATION, 0, frame, 2 * MacAddress.BYTES, TYPE_AND_OPERATION.length);
        System.arraycopy(mac.bytes(), 0, frame, SENDER_HARDWARE_ADDRESS, MacAddress.BYTES);
        System.arraycopy(mac.bytes(), 0, frame, TARGET_HARDWARE_ADDRESS, MacAddress.BYTES);
        return frame;
    }

    /** Whether all was said. */
    public boolean isDone()
    {
        return sent > DELAYS_NS.length;
    }

    /** Sends what is due. */
    public void poll(final long nowNs)
    {
        if (isDone() || nowNs - nextNs < 0)
        {
            return;
        }
        netdev.send(frame, 0, FRAME_BYTES);
        nextNs = nowNs + (sent < DELAYS_NS.length ? DELAYS_NS[sent] : 0);
        sent++;
    }
}
