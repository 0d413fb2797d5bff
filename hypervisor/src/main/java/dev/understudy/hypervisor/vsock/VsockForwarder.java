package dev.understudy.hypervisor.vsock;

import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.linux.OpenFiles;
import dev.understudy.hypervisor.net.KeepAlive;
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
import java.util.EnumMap;
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

    /** Files that clients leave to the journal, the drives, the link and whoever asks for the status. */
    private static final int FILES_FOR_OTHERS = 48;

    private static final int BACKLOG = 1024;

    /**
     * Packets that may wait for room in the guest before what can be spared is: new connections, answers to packets of
     * no connection, and updates of credit, which are made up for later.
     */
    private static final int MANY_WAITING_PACKETS = 1024;

    /** The most that can wait: each connection that is there adds the end of its stream and its reset at most. */
    private static final int MAX_WAITING_PACKETS = MANY_WAITING_PACKETS + 3 * MAX_CONNECTIONS;

    /** Connections taken from a listener before other sockets have their turn. */
    private static final int MAX_ACCEPTS = 64;

    /** Ports below are privileged on a host, and the last is vsock's "any". */
    private static final int FIRST_FREE_HOST_PORT = 1024;
    private static final int ANY_PORT = -1;

    /** A reset connection's last packet and its like have no window to speak of. */
    private static final int NO_WINDOW = 0;

    /** Time without new connections after one could not be taken: the reason does not go away sooner for being asked. */
    private static final long ACCEPT_RETRY_NS = 100_000_000;

    /** Time between two notices of the same kind. */
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
    private boolean refusesConnections;
    private int maxConnections = MAX_CONNECTIONS;
    private boolean hasAcceptFailed;
    private long acceptFailedNs;
    private final EnumMap<NoticeKind, Long> lastNoticesNs = new EnumMap<>(NoticeKind.class);

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
        maxConnections = Math.clamp(OpenFiles.left() + connections.size() - FILES_FOR_OTHERS, 1, MAX_CONNECTIONS);
        for (final ForwardSpec forward : forwards)
        {
            if (forward.socketAddress().isUnresolved())
            {
                stopListening();
                throw new IOException("cannot listen on TCP port " + forward.hostPort() + " of " + forward.address() +
                    ": there is no such host; name an address of this one, such as 127.0.0.1");
            }
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

    /** Listens on all ports, or on none, and says so now and then, while one is in use; true when it listens. */
    public boolean tryListen()
    {
        if (!listeners.isEmpty())
        {
            return true;
        }
        try
        {
            listen();
            return true;
        }
        catch (final IOException e)
        {
            notice(NoticeKind.PORT_IN_USE, e.getMessage() + "; trying again");
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
            listener.register(
                selector, refusesConnections ? 0 : SelectionKey.OP_ACCEPT, new Listener(forward, listener));
            listeners.add(listener);
        }
        catch (final IOException | RuntimeException e)
        {
            listener.close();
            throw e instanceof IOException known ? known : new IOException(e.toString(), e);
        }
    }

    /** Closes the listening sockets, so that another process can have the ports at once; connections go on. */
    public void stopListening()
    {
        for (final ServerSocketChannel listener : listeners)
        {
            VsockConnection.closeQuietly(listener);
        }
        listeners.clear();
        releaseClosed();
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

    /**
     * A packet that the guest sent and that may leave. At worst the connection that it names is lost.
     */
    public void onGuestPacket(final DirectBuffer buffer, final int offset, final int length)
    {
        if (!isForHost(buffer, offset, length))
        {
            notice(NoticeKind.MALFORMED_PACKET, "the guest sent a malformed vsock packet of " + length +
                " bytes; it was dropped. The guest's vsock driver does not keep to virtio 1.2");
            return;
        }
        final int op = buffer.getShort(offset + VsockHeader.OP, ByteOrder.LITTLE_ENDIAN);
        final int guestPort = buffer.getInt(offset + VsockHeader.SRC_PORT, ByteOrder.LITTLE_ENDIAN);
        final int hostPort = buffer.getInt(offset + VsockHeader.DST_PORT, ByteOrder.LITTLE_ENDIAN);
        final int type = buffer.getShort(offset + VsockHeader.TYPE, ByteOrder.LITTLE_ENDIAN);
        final VsockConnection connection =
            type == VsockHeader.TYPE_STREAM ? connections.get(key(guestPort, hostPort)) : null;
        if (connection == null || connection.isForgottenByGuest())
        {
            // The guest cannot connect to the host: that, and whatever is left of an old connection, is reset.
            if (op != VsockHeader.OP_RST && mayWait())
            {
                header(guestPort, hostPort, VsockHeader.OP_RST, 0, 0, NO_WINDOW, 0);
                packet.putShort(VsockHeader.TYPE, (short)type, ByteOrder.LITTLE_ENDIAN);
                send(VsockHeader.BYTES);
            }
            return;
        }
        connection.credit(
            buffer.getInt(offset + VsockHeader.BUF_ALLOC, ByteOrder.LITTLE_ENDIAN),
            buffer.getInt(offset + VsockHeader.FWD_CNT, ByteOrder.LITTLE_ENDIAN));
        switch (op)
        {
            case VsockHeader.OP_RESPONSE -> connection.establish();
            case VsockHeader.OP_RW ->
                onData(connection, buffer, offset + VsockHeader.BYTES, length - VsockHeader.BYTES);
            case VsockHeader.OP_SHUTDOWN ->
                onShutdown(connection, buffer.getInt(offset + VsockHeader.FLAGS, ByteOrder.LITTLE_ENDIAN));
            case VsockHeader.OP_RST -> onReset(connection);
            case VsockHeader.OP_CREDIT_UPDATE ->
            {
            }
            case VsockHeader.OP_CREDIT_REQUEST -> sendCredit(connection);
            default -> resetBoth(connection);
        }
        updateInterest(connection);
    }

    private boolean isForHost(final DirectBuffer buffer, final int offset, final int length)
    {
        return length >= VsockHeader.BYTES &&
            buffer.getLong(offset + VsockHeader.SRC_CID, ByteOrder.LITTLE_ENDIAN) == guestCid &&
            buffer.getLong(offset + VsockHeader.DST_CID, ByteOrder.LITTLE_ENDIAN) == VsockHeader.HOST_CID &&
            buffer.getInt(offset + VsockHeader.LEN, ByteOrder.LITTLE_ENDIAN) == length - VsockHeader.BYTES;
    }

    /** Resets every TCP connection; the guest is not told. Not from within {@link #doWork}. */
    public void resetAll()
    {
        for (final VsockConnection connection : connections.values())
        {
            connection.close(true);
        }
        connections.clear();
        waiting.clear();
        releaseClosed();
    }

    /**
     * Has the operating system close what was closed here. A channel that is registered keeps its socket, and a port
     * that it listens on, until the selector has looked again; a node that halts may never do that.
     */
    private void releaseClosed()
    {
        if (selector.isOpen())
        {
            try
            {
                selector.selectNow();
            }
            catch (final IOException e)
            {
                notices.accept("sockets that were closed may stay open for a while: " + e.getMessage());
            }
        }
    }

    @Override
    public void close()
    {
        stopListening();
        resetAll();
    }

    private int accept(final Listener listener)
    {
        int count = 0;
        while (count < MAX_ACCEPTS && !refuseConnectionsForNow())
        {
            final SocketChannel socket;
            try
            {
                socket = listener.accept();
            }
            catch (final IOException e)
            {
                // The client waits in the backlog, and the selector would report that without end.
                hasAcceptFailed = true;
                acceptFailedNs = System.nanoTime();
                refuseConnectionsForNow();
                notice(NoticeKind.ACCEPT_FAILED, "cannot take a connection to port " + listener.forward().hostPort() +
                    ": " + e.getMessage() + "; raise the limit of open files (ulimit -n) if it is that");
                return count;
            }
            if (socket == null)
            {
                return count;
            }
            count++;
            take(socket, listener.forward());
        }
        return count;
    }

    private void take(final SocketChannel socket, final ForwardSpec forward)
    {
        if (connections.size() >= maxConnections)
        {
            notice(NoticeKind.TOO_MANY_CONNECTIONS, "a connection to port " + forward.hostPort() + " was closed: " +
                maxConnections + " are open, the most there can be" +
                (maxConnections < MAX_CONNECTIONS ? " with this limit of open files (ulimit -n)" : ""));
            VsockConnection.closeQuietly(socket);
            return;
        }
        final int guestPort = (int)forward.guestPort();
        final int hostPort = freeHostPort(guestPort);
        try
        {
            socket.configureBlocking(false);
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            KeepAlive.OF_CLIENTS.apply(socket);
            final VsockConnection connection =
                new VsockConnection(key(guestPort, hostPort), guestPort, hostPort, socket, selector);
            connections.put(connection.key(), connection);
            sendControl(connection, VsockHeader.OP_REQUEST, 0);
        }
        catch (final IOException e)
        {
            // The client has gone already, and the guest has not heard of it.
            VsockConnection.closeQuietly(socket);
        }
    }

    private int freeHostPort(final int guestPort)
    {
        int port = nextHostPort;
        while (port == ANY_PORT || Integer.compareUnsigned(port, FIRST_FREE_HOST_PORT) < 0 ||
            connections.containsKey(key(guestPort, port)))
        {
            port++;
        }
        nextHostPort = port + 1;
        return port;
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
        updateInterest(connection);
        return 1;
    }

    /** Has the selector report what can be done now with a connection that may have ended by now. */
    private void updateInterest(final VsockConnection connection)
    {
        if (connections.containsKey(connection.key()))
        {
            connection.updateInterest(waiting.isEmpty());
        }
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

    private void onReset(final VsockConnection connection)
    {
        if (connection.isClosing() && connection.hasUnwritten())
        {
            // The guest ended its stream in order and waits no longer: the client still gets all of it.
            connection.forgetGuest();
            return;
        }
        remove(connection, !connection.isClosing());
    }

    private void onShutdown(final VsockConnection connection, final int flags)
    {
        if (!connection.isEstablished())
        {
            resetBoth(connection);
            return;
        }
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
        if (connection.owesCreditUpdate() && !connection.isForgottenByGuest())
        {
            sendCredit(connection);
        }
        endIfDone(connection);
    }

    /** Tells the guest its credit; if it takes no packets, then later. */
    private void sendCredit(final VsockConnection connection)
    {
        if (mayWait())
        {
            sendControl(connection, VsockHeader.OP_CREDIT_UPDATE, 0);
        }
    }

    /** When both directions have ended and all is written: the socket is closed, and the guest told so. */
    private void endIfDone(final VsockConnection connection)
    {
        if (connection.isDone())
        {
            tellReset(connection);
            remove(connection, false);
        }
    }

    private void resetBoth(final VsockConnection connection)
    {
        tellReset(connection);
        remove(connection, true);
    }

    private void tellReset(final VsockConnection connection)
    {
        if (!connection.isForgottenByGuest())
        {
            sendControl(connection, VsockHeader.OP_RST, 0);
        }
    }

    private void remove(final VsockConnection connection, final boolean withReset)
    {
        connections.remove(connection.key());
        connection.close(withReset);
    }

    private void sendControl(final VsockConnection connection, final int op, final int flags)
    {
        header(connection.guestPort(), connection.hostPort(), op, flags, 0, VsockConnection.WINDOW_BYTES,
            connection.announceForwarded());
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
            connections.values().forEach(this::resume);
        }
        if (refusesConnections && !refuseConnectionsForNow())
        {
            work++;
        }
        return work;
    }

    /** The guest takes packets again. */
    private void resume(final VsockConnection connection)
    {
        if (connection.owesCreditUpdate() && !connection.isForgottenByGuest())
        {
            sendCredit(connection);
        }
        connection.updateInterest(waiting.isEmpty());
    }

    private boolean mayWait()
    {
        return waiting.size() < MANY_WAITING_PACKETS;
    }

    /** Leaves new connections in the backlog while none can be had or the guest takes no packets; tells if so. */
    private boolean refuseConnectionsForNow()
    {
        hasAcceptFailed = hasAcceptFailed && System.nanoTime() - acceptFailedNs < ACCEPT_RETRY_NS;
        final boolean refuses = hasAcceptFailed || !mayWait();
        if (refuses != refusesConnections)
        {
            refusesConnections = refuses;
            for (final ServerSocketChannel listener : listeners)
            {
                final SelectionKey key = listener.keyFor(selector);
                if (key != null && key.isValid())
                {
                    key.interestOps(refuses ? 0 : SelectionKey.OP_ACCEPT);
                }
            }
        }
        return refuses;
    }

    private void notice(final NoticeKind kind, final String text)
    {
        final long nowNs = System.nanoTime();
        final Long lastNs = lastNoticesNs.get(kind);
        if (lastNs == null || nowNs - lastNs >= NOTICE_INTERVAL_NS)
        {
            lastNoticesNs.put(kind, nowNs);
            notices.accept(text);
        }
    }

    private static long key(final int guestPort, final int hostPort)
    {
        return (long)guestPort << 32 | (hostPort & 0xFFFF_FFFFL);
    }

    /** What there is to say that could come in floods; each kind is said now and then only. */
    private enum NoticeKind
    {
        PORT_IN_USE,
        ACCEPT_FAILED,
        TOO_MANY_CONNECTIONS,
        MALFORMED_PACKET,
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
