package dev.understudy.hypervisor.vsock;

import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.linux.OpenFiles;
import dev.understudy.hypervisor.net.KeepAlive;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.collections.Long2ObjectHashMap;

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

    /** Ports below are privileged on a host, and the last is vsock's "any". */
    private static final int FIRST_FREE_HOST_PORT = 1024;
    private static final int ANY_PORT = -1;

    private final Selector selector;
    private final long guestCid;
    private final Consumer<String> notices;
    private final RareNotices rareNotices;
    private final PacketQueue packets;
    private final ForwardListeners listeners;
    private final Long2ObjectHashMap<VsockConnection> connections = new Long2ObjectHashMap<>();
    private int nextHostPort;
    private int maxConnections = MAX_CONNECTIONS;

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
        this.guestCid = guestCid;
        this.notices = notices;
        rareNotices = new RareNotices(notices);
        packets = new PacketQueue(guestCid, guest);
        listeners = new ForwardListeners(selector, forwards, packets::mayWait, this::take, rareNotices);
        nextHostPort = (int)firstHostPort;
    }

    /** Listens on all ports; the message of the exception names the one that cannot be had. */
    public void listen() throws IOException
    {
        maxConnections = Math.clamp(OpenFiles.left() + connections.size() - FILES_FOR_OTHERS, 1, MAX_CONNECTIONS);
        try
        {
            listeners.listen();
        }
        catch (final IOException e)
        {
            releaseClosed();
            throw e;
        }
    }

    /** Listens on all ports, or on none, and says so now and then, while one is in use; true when it listens. */
    public boolean tryListen()
    {
        if (listeners.isListening())
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
            rareNotices.say(RareNotices.Kind.PORT_IN_USE, e.getMessage() + "; trying again");
            return false;
        }
    }

    /** Closes the listening sockets, so that another process can have the ports at once; connections go on. */
    public void stopListening()
    {
        listeners.close();
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
        int work = packets.offerWaiting();
        if (work > 0 && packets.isEmpty())
        {
            connections.values().forEach(this::resume);
        }
        work += listeners.resume();
        selector.selectNow();
        final Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
        while (keys.hasNext())
        {
            final SelectionKey key = keys.next();
            final Object attachment = key.attachment();
            if (attachment instanceof final ForwardListeners.Listener listener)
            {
                keys.remove();
                work += listeners.accept(listener);
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
            rareNotices.say(RareNotices.Kind.MALFORMED_PACKET, "the guest sent a malformed vsock packet of " + length +
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
            if (op != VsockHeader.OP_RST && packets.mayWait())
            {
                packets.reset(guestPort, hostPort, type);
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
        packets.clear();
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

    private void take(final SocketChannel socket, final ForwardSpec forward)
    {
        if (connections.size() >= maxConnections)
        {
            rareNotices.say(RareNotices.Kind.TOO_MANY_CONNECTIONS, "a connection to port " + forward.hostPort() + " was closed: " +
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
            packets.control(connection, VsockHeader.OP_REQUEST, 0);
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
            if (key.isValid() && key.isReadable() && packets.isEmpty())
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
            connection.updateInterest(packets.isEmpty());
        }
    }

    private void read(final VsockConnection connection) throws IOException
    {
        final int room = connection.room();
        if (room <= 0 || !connection.isOpenToGuest())
        {
            return;
        }
        final int count = connection.read(packets.payload(room));
        if (count > 0)
        {
            connection.sent(count);
            packets.data(connection, count);
        }
        else if (count < 0)
        {
            // The client will send no more, but may well read on.
            connection.endToGuest();
            packets.control(connection, VsockHeader.OP_SHUTDOWN, VsockHeader.SHUTDOWN_SEND);
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
        if (packets.mayWait())
        {
            packets.control(connection, VsockHeader.OP_CREDIT_UPDATE, 0);
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
            packets.control(connection, VsockHeader.OP_RST, 0);
        }
    }

    private void remove(final VsockConnection connection, final boolean withReset)
    {
        connections.remove(connection.key());
        connection.close(withReset);
    }

    /** The guest takes packets again. */
    private void resume(final VsockConnection connection)
    {
        if (connection.owesCreditUpdate() && !connection.isForgottenByGuest())
        {
            sendCredit(connection);
        }
        connection.updateInterest(packets.isEmpty());
    }

    private static long key(final int guestPort, final int hostPort)
    {
        return (long)guestPort << 32 | (hostPort & 0xFFFF_FFFFL);
    }
}
