package dev.understudy.hypervisor.vsock;

import dev.understudy.guest.virtio.VsockHeader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The guest's end of vsock in a test: keeps to the protocol, notes when the host does not, and does as it is told.
 */
final class SimulatedGuest implements GuestPort
{
    static final long CID = 3;
    static final int PORT = 6379;

    /** What a connection does with what it receives. */
    enum Conduct
    {
        /** Sends back what comes, and ends its stream when the client has ended its own. */
        ECHO,

        /** Takes what comes. */
        SINK,

        /** Takes nothing: the window fills up. */
        HOLD,

        /** Resets each request. */
        REFUSE,
    }

    /** A packet from the host. */
    record Packet(int op, int type, int flags, int hostPort, int guestPort, int length, int fwdCnt)
    {
    }

    /** One connection as the guest sees it. */
    static final class Connection
    {
        final int hostPort;
        final ByteArrayOutputStream received = new ByteArrayOutputStream();
        final ArrayDeque<byte[]> toSend = new ArrayDeque<>();
        Conduct conduct;
        int window;
        int receivedBytes;
        int takenBytes;
        int announcedBytes;
        int hostWindow;
        int hostForwarded;
        int sentBytes;
        boolean hostEnded;
        boolean ended;
        boolean isReset;

        Connection(final int hostPort)
        {
            this.hostPort = hostPort;
        }

        int credit()
        {
            return hostWindow - (sentBytes - hostForwarded);
        }
    }

    final Map<Integer, Connection> connections = new HashMap<>();
    final List<Packet> packets = new ArrayList<>();
    final List<String> violations = new ArrayList<>();
    Conduct conduct = Conduct.ECHO;
    int window = 64 * 1024;
    int room = Integer.MAX_VALUE;

    private final ArrayDeque<byte[]> inbox = new ArrayDeque<>();

    @Override
    public boolean offer(final byte[] packet, final int offset, final int length)
    {
        if (inbox.size() >= room)
        {
            return false;
        }
        final byte[] copy = new byte[length];
        System.arraycopy(packet, offset, copy, 0, length);
        inbox.add(copy);
        return true;
    }

    /** Takes packets and sends what credit allows; returns the work done. */
    int step(final VsockForwarder host)
    {
        int work = 0;
        for (byte[] packet = inbox.poll(); packet != null; packet = inbox.poll())
        {
            onPacket(packet, host);
            work++;
        }
        for (final Connection connection : List.copyOf(connections.values()))
        {
            work += send(connection, host);
        }
        return work;
    }

    Connection only()
    {
        return connections.values().iterator().next();
    }

    long count(final int op)
    {
        return packets.stream().filter(it -> it.op() == op).count();
    }

    /** Has a connection send these bytes as its credit allows. */
    static void queue(final Connection connection, final byte[] bytes)
    {
        for (int i = 0; i < bytes.length; i += 8192)
        {
            connection.toSend.add(Arrays.copyOfRange(bytes, i, Math.min(bytes.length, i + 8192)));
        }
    }

    void shutdown(final Connection connection, final int flags, final VsockForwarder host)
    {
        connection.ended |= (flags & VsockHeader.SHUTDOWN_SEND) != 0;
        deliver(connection, VsockHeader.OP_SHUTDOWN, flags, new byte[0], host);
    }

    void reset(final Connection connection, final VsockForwarder host)
    {
        connection.isReset = true;
        deliver(connection, VsockHeader.OP_RST, 0, new byte[0], host);
    }

    void deliver(
        final Connection connection, final int op, final int flags, final byte[] payload, final VsockForwarder host)
    {
        connection.announcedBytes = connection.takenBytes;
        final byte[] packet = packet(connection.hostPort, PORT, VsockHeader.TYPE_STREAM, op, flags, payload,
            connection.window, connection.takenBytes);
        host.onGuestPacket(new UnsafeBuffer(packet), 0, packet.length);
    }

    static byte[] packet(
        final int hostPort,
        final int guestPort,
        final int type,
        final int op,
        final int flags,
        final byte[] payload,
        final int bufAlloc,
        final int fwdCnt)
    {
        return ByteBuffer.allocate(VsockHeader.BYTES + payload.length).order(ByteOrder.LITTLE_ENDIAN)
            .putLong(CID).putLong(VsockHeader.HOST_CID).putInt(guestPort).putInt(hostPort).putInt(payload.length)
            .putShort((short)type).putShort((short)op).putInt(flags).putInt(bufAlloc).putInt(fwdCnt).put(payload)
            .array();
    }

    private void onPacket(final byte[] bytes, final VsockForwarder host)
    {
        final ByteBuffer packet = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        final int op = packet.getShort(VsockHeader.OP);
        final int hostPort = packet.getInt(VsockHeader.SRC_PORT);
        final int length = packet.getInt(VsockHeader.LEN);
        packets.add(new Packet(op, packet.getShort(VsockHeader.TYPE), packet.getInt(VsockHeader.FLAGS), hostPort,
            packet.getInt(VsockHeader.DST_PORT), length, packet.getInt(VsockHeader.FWD_CNT)));
        check(packet.getLong(VsockHeader.SRC_CID) == VsockHeader.HOST_CID, "source cid");
        check(packet.getLong(VsockHeader.DST_CID) == CID, "destination cid");
        check(length == bytes.length - VsockHeader.BYTES, "length");
        check(length <= VsockHeader.MAX_PAYLOAD_BYTES, "payload above 64 KiB");

        if (op == VsockHeader.OP_REQUEST)
        {
            onRequest(packet, hostPort, host);
            return;
        }
        final Connection connection = connections.get(hostPort);
        if (connection == null)
        {
            check(op == VsockHeader.OP_RST, "op " + op + " for an unknown connection");
            return;
        }
        connection.hostWindow = packet.getInt(VsockHeader.BUF_ALLOC);
        connection.hostForwarded = packet.getInt(VsockHeader.FWD_CNT);
        switch (op)
        {
            case VsockHeader.OP_RST -> connection.isReset = true;
            case VsockHeader.OP_SHUTDOWN ->
                connection.hostEnded |= (packet.getInt(VsockHeader.FLAGS) & VsockHeader.SHUTDOWN_SEND) != 0;
            case VsockHeader.OP_RW -> onData(connection, bytes, length);
            case VsockHeader.OP_CREDIT_UPDATE ->
            {
            }
            default -> violations.add("op " + op);
        }
    }

    private void onRequest(final ByteBuffer packet, final int hostPort, final VsockForwarder host)
    {
        final Connection connection = new Connection(hostPort);
        connection.window = window;
        connection.conduct = conduct;
        connection.hostWindow = packet.getInt(VsockHeader.BUF_ALLOC);
        check(connection.hostWindow == VsockConnection.WINDOW_BYTES, "window of the host");
        if (conduct == Conduct.REFUSE)
        {
            reset(connection, host);
            return;
        }
        check(connections.put(hostPort, connection) == null, "host port used again");
        deliver(connection, VsockHeader.OP_RESPONSE, 0, new byte[0], host);
    }

    private void onData(final Connection connection, final byte[] bytes, final int length)
    {
        check(!connection.hostEnded, "data after the end of the stream");
        check(length > 0, "empty data packet");
        connection.receivedBytes += length;
        check(connection.receivedBytes - connection.takenBytes <= connection.window, "more data than credit");
        if (connection.conduct == Conduct.ECHO)
        {
            connection.toSend.add(Arrays.copyOfRange(bytes, VsockHeader.BYTES, bytes.length));
        }
        else
        {
            connection.received.write(bytes, VsockHeader.BYTES, length);
        }
    }

    private int send(final Connection connection, final VsockForwarder host)
    {
        int work = 0;
        while (!connection.isReset && !connection.toSend.isEmpty() && connection.credit() > 0)
        {
            final byte[] next = connection.toSend.poll();
            final int count = Math.min(connection.credit(), next.length);
            if (count < next.length)
            {
                connection.toSend.addFirst(Arrays.copyOfRange(next, count, next.length));
            }
            connection.sentBytes += count;
            if (connection.conduct == Conduct.ECHO)
            {
                connection.takenBytes += count;
            }
            deliver(connection, VsockHeader.OP_RW, 0, Arrays.copyOf(next, count), host);
            work++;
        }
        if (connection.conduct == Conduct.SINK)
        {
            connection.takenBytes = connection.receivedBytes;
        }
        if (!connection.isReset && connection.takenBytes != connection.announcedBytes)
        {
            deliver(connection, VsockHeader.OP_CREDIT_UPDATE, 0, new byte[0], host);
            work++;
        }
        if (!connection.isReset && connection.conduct == Conduct.ECHO && connection.hostEnded && !connection.ended &&
            connection.toSend.isEmpty())
        {
            shutdown(connection, VsockHeader.SHUTDOWN_SEND | VsockHeader.SHUTDOWN_RECEIVE, host);
            work++;
        }
        return work;
    }

    private void check(final boolean holds, final String what)
    {
        if (!holds)
        {
            violations.add(what);
        }
    }
}
