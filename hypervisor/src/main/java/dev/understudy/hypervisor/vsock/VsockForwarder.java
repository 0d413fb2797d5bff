package dev.understudy.hypervisor.vsock;

import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.hypervisor.config.ForwardSpec;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The host's end of virtio-vsock: carries connections to the host's TCP ports to the guest's vsock ports.
 * <p>
 * Runs on the agent thread alone, on a selector that it shares: its keys carry attachments of its own. Packets for a
 * guest that has no room wait here, and while they do no socket is read. Source: virtio 1.2, section 5.10.6.
 */
public final class VsockForwarder implements AutoCloseable
{
    /** Connections at a time; more are closed at once. */
    public static final int MAX_CONNECTIONS = 1024;

    private static final int BACKLOG = 1024;

    /** Control packets that wait for room in the guest: a few for each connection. */
    private static final int MAX_WAITING_PACKETS = 4 * MAX_CONNECTIONS;

    /** A reset connection's last packet and its like have no window to speak of. */
    private static final int NO_WINDOW = 0;

    /** Time between two attempts to listen on a port that is in use, and between two notices of it. */
    private static final long NOTICE_INTERVAL_NS = 5_000_000_000L;

    private final Selector selector;
    private final List<ForwardSpec> forwards;
    private final long guestCid;
    private final GuestPort guest;
    private final Consumer<String> notices;
    private final List<ServerSocketChannel> listeners = new ArrayList<>();
    private final Long2ObjectHashMap<VsockConnection> connections = new Long2ObjectHashMap<>();
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private final UnsafeBuffer packet = new UnsafeBuffer(new byte[VsockHeader.BYTES + VsockHeader.MAX_PAYLOAD_BYTES]);
    private final ByteBuffer payload =
        ByteBuffer.wrap(packet.byteArray(), VsockHeader.BYTES, VsockHeader.MAX_PAYLOAD_BYTES).slice();

    private int nextHostPort;
    private long lastNoticeNs = System.nanoTime() - NOTICE_INTERVAL_NS;

    /**
     * @param firstHostPort first of the host's vsock ports; after a takeover it must be above those used before
     */
    public VsockForwarder(
        final Selector selector,
        final List<ForwardSpec> forwards,
        final long guestCid,
        final long firstHostPort,
        final GuestPort guest,
        final Consumer<String> notices)
    {
        this.selector = selector;
        this.forwards = List.copyOf(forwards);
        this.guestCid = guestCid;
        this.guest = guest;
        this.notices = notices;
        nextHostPort = (int)firstHostPort;
    }

    /** Listens on all ports; the message of the exception names the one that cannot be had. */
    public void listen() throws IOException
    {
        for (final ForwardSpec forward : forwards)
        {
            try
            {
                listenOn(forward);
            }
            catch (final IOException e)
            {
                stopListening();
                throw new IOException("cannot listen on TCP port " + forward.hostPort() + " of " + forward.address() +
                    ": " + e.getMessage() + "; stop what uses it, or forward another port", e);
            }
        }
    }

    /** Listens on all ports, or on none, and says so now and then, while one is in use. */
    public boolean tryListen()
    {
        try
        {
            listen();
            return true;
        }
        catch (final IOException e)
        {
            final long nowNs = System.nanoTime();
            if (nowNs - lastNoticeNs >= NOTICE_INTERVAL_NS)
            {
                lastNoticeNs = nowNs;
                notices.accept(e.getMessage() + "; trying again");
            }
            return false;
        }
    }

    private void listenOn(final ForwardSpec forward) throws IOException
    {
        final ServerSocketChannel listener = ServerSocketChannel.open();
        try
        {
            listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            listener.bind(forward.socketAddress(), BACKLOG);
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT, new Listener(forward, listener));
            listeners.add(listener);
        }
        catch (final IOException | RuntimeException e)
        {
            listener.close();
            throw e instanceof IOException known ? known : new IOException(e.toString(), e);
        }
    }

    /** Closes the listening sockets; connections go on. */
    public void stopListening()
    {
        for (final ServerSocketChannel listener : listeners)
        {
            VsockConnection.closeQuietly(listener);
        }
        listeners.clear();
    }

    /** Number of TCP connections. */
    public int connections()
    {
        return connections.size();
    }

    /** Handles what the selector found and what waits; returns the work done. Does not block. */
    public int doWork() throws IOException
    {
        int work = offerWaiting();
        selector.selectNow();
        final Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
        while (keys.hasNext())
        {
            final SelectionKey key = keys.next();
            final Object attachment = key.attachment();
            if (attachment instanceof final Listener listener)
            {
                keys.remove();
                work += accept(listener);
            }
            else if (attachment instanceof final VsockConnection connection)
            {
                keys.remove();
                work += onReady(connection, key);
            }
        }
        return work;
    }

    /** A packet that the guest sent and that may leave. */
    public void onGuestPacket(final DirectBuffer buffer, final int offset, final int length)
    {
        final int op = buffer.getShort(offset + VsockHeader.OP, ByteOrder.LITTLE_ENDIAN);
        final int guestPort = buffer.getInt(offset + VsockHeader.SRC_PORT, ByteOrder.LITTLE_ENDIAN);
        final int hostPort = buffer.getInt(offset + VsockHeader.DST_PORT, ByteOrder.LITTLE_ENDIAN);
        final VsockConnection connection = connections.get(key(guestPort, hostPort));
        if (connection == null)
        {
            // The guest cannot connect to the host: that, and whatever is left of an old connection, is reset.
            if (op != VsockHeader.OP_RST)
            {
                sendControl(guestPort, hostPort, VsockHeader.OP_RST, 0, NO_WINDOW, 0);
            }
            return;
        }
        connection.credit(
            buffer.getInt(offset + VsockHeader.BUF_ALLOC, ByteOrder.LITTLE_ENDIAN),
            buffer.getInt(offset + VsockHeader.FWD_CNT, ByteOrder.LITTLE_ENDIAN));
        switch (op)
        {
            case VsockHeader.OP_RESPONSE -> connection.establish();
            case VsockHeader.OP_RW -> onData(connection, buffer, offset + VsockHeader.BYTES, length - VsockHeader.BYTES);
            case VsockHeader.OP_SHUTDOWN ->
                onShutdown(connection, buffer.getInt(offset + VsockHeader.FLAGS, ByteOrder.LITTLE_ENDIAN));
            case VsockHeader.OP_RST -> remove(connection, !connection.isClosing());
            case VsockHeader.OP_CREDIT_UPDATE ->
            {
            }
            case VsockHeader.OP_CREDIT_REQUEST -> sendControl(connection, VsockHeader.OP_CREDIT_UPDATE, 0);
            default -> resetBoth(connection);
        }
        if (connections.containsKey(connection.key()))
        {
            connection.updateInterest(waiting.isEmpty());
        }
    }

    /** Resets every TCP connection; the guest is not told. */
    public void resetAll()
    {
        for (final VsockConnection connection : connections.values())
        {
            connection.close(true);
        }
        connections.clear();
        waiting.clear();
    }

    @Override
    public void close()
    {
        stopListening();
        resetAll();
    }

    private int accept(final Listener listener) throws IOException
    {
        int count = 0;
        for (SocketChannel socket = listener.accept(); socket != null; socket = listener.accept())
        {
            count++;
            if (connections.size() >= MAX_CONNECTIONS)
            {
                notices.accept("a connection to port " + listener.forward().hostPort() + " was closed: " +
                    MAX_CONNECTIONS + " are open");
                VsockConnection.closeQuietly(socket);
                continue;
            }
            socket.configureBlocking(false);
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            final int guestPort = (int)listener.forward().guestPort();
            final int hostPort = nextHostPort++;
            final VsockConnection connection =
                new VsockConnection(key(guestPort, hostPort), guestPort, hostPort, socket, selector);
            connections.put(connection.key(), connection);
            sendControl(connection, VsockHeader.OP_REQUEST, 0);
        }
        return count;
    }

    private int onReady(final VsockConnection connection, final SelectionKey key)
    {
        if (!key.isValid())
        {
            return 0;
        }
        try
        {
            if (key.isWritable())
            {
                connection.flush();
                afterFlush(connection);
            }
            if (key.isValid() && key.isReadable() && waiting.isEmpty())
            {
                read(connection);
            }
        }
        catch (final IOException e)
        {
            resetBoth(connection);
            return 1;
        }
        if (connections.containsKey(connection.key()))
        {
            connection.updateInterest(waiting.isEmpty());
        }
        return 1;
    }

    private void read(final VsockConnection connection) throws IOException
    {
        final int room = connection.room();
        if (room <= 0 || !connection.isOpenToGuest())
        {
            return;
        }
        payload.clear().limit(Math.min(room, payload.capacity()));
        final int count = connection.read(payload);
        if (count > 0)
        {
            connection.sent(count);
            header(connection.guestPort(), connection.hostPort(), VsockHeader.OP_RW, 0, count,
                VsockConnection.WINDOW_BYTES, connection.announceForwarded());
            send(VsockHeader.BYTES + count);
        }
        else if (count < 0)
        {
            // The client will send no more, but may well read on.
            connection.endToGuest();
            sendControl(connection, VsockHeader.OP_SHUTDOWN, VsockHeader.SHUTDOWN_SEND);
            endIfDone(connection);
        }
    }

    private void onData(final VsockConnection connection, final DirectBuffer buffer, final int offset, final int length)
    {
        if (!connection.accept(buffer, offset, length))
        {
            // More than its credit: a guest that does not keep to the protocol loses the connection.
            resetBoth(connection);
            return;
        }
        try
        {
            connection.flush();
            afterFlush(connection);
        }
        catch (final IOException e)
        {
            resetBoth(connection);
        }
    }

    private void onShutdown(final VsockConnection connection, final int flags)
    {
        if ((flags & VsockHeader.SHUTDOWN_RECEIVE) != 0)
        {
            connection.endToGuest();
        }
        if ((flags & VsockHeader.SHUTDOWN_SEND) != 0)
        {
            connection.endFromGuest();
        }
        try
        {
            connection.flush();
            afterFlush(connection);
        }
        catch (final IOException e)
        {
            resetBoth(connection);
        }
    }

    private void afterFlush(final VsockConnection connection)
    {
        if (connection.owesCreditUpdate())
        {
            sendControl(connection, VsockHeader.OP_CREDIT_UPDATE, 0);
        }
        endIfDone(connection);
    }

    /** When both directions have ended and all is written: the socket is closed, and the guest told so. */
    private void endIfDone(final VsockConnection connection)
    {
        if (connection.isDone())
        {
            sendControl(connection, VsockHeader.OP_RST, 0);
            remove(connection, false);
        }
    }

    private void resetBoth(final VsockConnection connection)
    {
        sendControl(connection, VsockHeader.OP_RST, 0);
        remove(connection, true);
    }

    private void remove(final VsockConnection connection, final boolean withReset)
    {
        connections.remove(connection.key());
        connection.close(withReset);
    }

    private void sendControl(final VsockConnection connection, final int op, final int flags)
    {
        sendControl(connection.guestPort(), connection.hostPort(), op, flags, VsockConnection.WINDOW_BYTES,
            connection.announceForwarded());
    }

    private void sendControl(
        final int guestPort, final int hostPort, final int op, final int flags, final int window, final int forwarded)
    {
        header(guestPort, hostPort, op, flags, 0, window, forwarded);
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
        if (waiting.size() >= MAX_WAITING_PACKETS)
        {
            throw new IllegalStateException("the guest takes no packets, " + waiting.size() + " wait");
        }
        final byte[] copy = new byte[length];
        packet.getBytes(0, copy);
        waiting.add(copy);
    }

    private int offerWaiting()
    {
        int work = 0;
        for (byte[] next = waiting.peek(); next != null && guest.offer(next, 0, next.length); next = waiting.peek())
        {
            waiting.remove();
            work++;
        }
        if (work > 0 && waiting.isEmpty())
        {
            connections.values().forEach(connection -> connection.updateInterest(true));
        }
        return work;
    }

    private static long key(final int guestPort, final int hostPort)
    {
        return (long)guestPort << 32 | (hostPort & 0xFFFF_FFFFL);
    }

    /** Attachment of a listening socket's key. */
    private record Listener(ForwardSpec forward, ServerSocketChannel channel)
    {
        SocketChannel accept() throws IOException
        {
            return channel.accept();
        }
    }
}
