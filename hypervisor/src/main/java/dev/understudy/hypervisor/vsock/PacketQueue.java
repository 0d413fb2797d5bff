package dev.understudy.hypervisor.vsock;

import dev.understudy.guest.virtio.VsockHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import org.agrona.concurrent.UnsafeBuffer;

/** Makes the packets that the host sends the guest, and keeps those that the guest has no room for. On the agent thread. */
final class PacketQueue
{
    /**
     * Packets that may wait for room in the guest before what can be spared is: new connections, answers to packets of
     * no connection, and updates of credit, which are made up for later.
     */
    private static final int MANY_WAITING = 1024;

    /** The most that can wait: each connection that is there adds the end of its stream and its reset at most. */
    private static final int MAX_WAITING = MANY_WAITING + 3 * VsockForwarder.MAX_CONNECTIONS;

    /** A reset connection's last packet and its like have no window to speak of. */
    private static final int NO_WINDOW = 0;

    private final long guestCid;
    private final GuestPort guest;
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private final UnsafeBuffer packet = new UnsafeBuffer(new byte[VsockHeader.BYTES + VsockHeader.MAX_PAYLOAD_BYTES]);
    private final ByteBuffer payload =
        ByteBuffer.wrap(packet.byteArray(), VsockHeader.BYTES, VsockHeader.MAX_PAYLOAD_BYTES).slice();

    PacketQueue(final long guestCid, final GuestPort guest)
    {
        this.guestCid = guestCid;
        this.guest = guest;
    }

    /** Whether nothing waits. */
    boolean isEmpty()
    {
        return waiting.isEmpty();
    }

    /** Whether what can be spared may be sent. */
    boolean mayWait()
    {
        return waiting.size() < MANY_WAITING;
    }

    /** Forgets what waits. */
    void clear()
    {
        waiting.clear();
    }

    /** Offers the guest what waits; returns the number of packets that it took. */
    int offerWaiting()
    {
        int work = 0;
        for (byte[] next = waiting.peek(); next != null && guest.offer(next, 0, next.length); next = waiting.peek())
        {
            waiting.remove();
            work++;
        }
        return work;
    }

    /** Room for the data of the next packet, of {@code limit} bytes at most. */
    ByteBuffer payload(final int limit)
    {
        return payload.clear().limit(Math.min(limit, payload.capacity()));
    }

    /** Sends the first bytes of {@link #payload}. */
    void data(final VsockConnection connection, final int length)
    {
        header(connection.guestPort(), connection.hostPort(), VsockHeader.OP_RW, 0, length,
            VsockConnection.WINDOW_BYTES, connection.announceForwarded());
        send(VsockHeader.BYTES + length);
    }

    /** Sends a packet without data. */
    void control(final VsockConnection connection, final int op, final int flags)
    {
        header(connection.guestPort(), connection.hostPort(), op, flags, 0, VsockConnection.WINDOW_BYTES,
            connection.announceForwarded());
        send(VsockHeader.BYTES);
    }

    /** Resets a connection, of any type, that the host does not have. */
    void reset(final int guestPort, final int hostPort, final int type)
    {
        header(guestPort, hostPort, VsockHeader.OP_RST, 0, 0, NO_WINDOW, 0);
        packet.putShort(VsockHeader.TYPE, (short)type, ByteOrder.LITTLE_ENDIAN);
        send(VsockHeader.BYTES);
    }

    private void header(
        final int guestPort,
        final int hostPort,
        final int op,
        final int flags,
        final int length,
        final int window,
        final int forwarded)
    {
        packet.putLong(VsockHeader.SRC_CID, VsockHeader.HOST_CID, ByteOrder.LITTLE_ENDIAN);
        packet.putLong(VsockHeader.DST_CID, guestCid, ByteOrder.LITTLE_ENDIAN);
        packet.putInt(VsockHeader.SRC_PORT, hostPort, ByteOrder.LITTLE_ENDIAN);
        packet.putInt(VsockHeader.DST_PORT, guestPort, ByteOrder.LITTLE_ENDIAN);
        packet.putInt(VsockHeader.LEN, length, ByteOrder.LITTLE_ENDIAN);
        packet.putShort(VsockHeader.TYPE, (short)VsockHeader.TYPE_STREAM, ByteOrder.LITTLE_ENDIAN);
        packet.putShort(VsockHeader.OP, (short)op, ByteOrder.LITTLE_ENDIAN);
        packet.putInt(VsockHeader.FLAGS, flags, ByteOrder.LITTLE_ENDIAN);
        packet.putInt(VsockHeader.BUF_ALLOC, window, ByteOrder.LITTLE_ENDIAN);
        packet.putInt(VsockHeader.FWD_CNT, forwarded, ByteOrder.LITTLE_ENDIAN);
    }

    private void send(final int length)
    {
        if (waiting.isEmpty() && guest.offer(packet.byteArray(), 0, length))
        {
            return;
        }
        if (waiting.size() >= MAX_WAITING)
        {
            throw new IllegalStateException("the guest takes no packets, " + waiting.size() + " wait");
        }
        final byte[] copy = new byte[length];
        packet.getBytes(0, copy);
        waiting.add(copy);
    }
}
