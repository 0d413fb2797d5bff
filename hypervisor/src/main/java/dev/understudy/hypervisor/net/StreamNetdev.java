package dev.understudy.hypervisor.net;

import dev.understudy.hypervisor.config.NetdevSpec;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * A {@link Netdev} on a stream socket, with passt, QEMU or another guest of this kind at its other end.
 * <p>
 * A client connects again when the connection ends. A server takes one connection at a time, as QEMU's does: the next
 * one waits until that ends, connected for its client's eyes. On the agent thread.
 */
final class StreamNetdev implements Netdev
{
    /** Time between two attempts to connect, or two looks whether another connects. */
    static final long RETRY_NS = 200_000_000;

    /** Frames of the guest that may wait for the socket, in bytes; the next are lost. */
    private static final int PENDING_BYTES = 1 << 20;

    /** Reads before others have their turn. */
    private static final int MAX_READS = 16;

    /** There is one, in a network of its own, and nothing goes while nobody notices that it has gone. */
    private static final KeepAlive KEEP_ALIVE = new KeepAlive(5, 1, 5);

    /** Of {@code st_mode}, see inode(7). */
    private static final int S_IFMT = 0170000;
    private static final int S_IFSOCK = 0140000;

    private final NetdevSpec.Stream spec;
    private final Consumer<String> notices;

    /** Of a client's other end; null for a path. */
    private final NameLookup lookup;
    private final FrameDecoder decoder = new FrameDecoder();

    /** Bytes that wait for the socket, from 0 to the position. */
    private final ByteBuffer pending = ByteBuffer.allocateDirect(PENDING_BYTES);
    private Selector selector;
    private FrameReceiver guest;
    private ServerSocketChannel listener;
    private SocketChannel channel;
    private SelectionKey key;

    private boolean isConnected;
    private boolean toldOfFailure;
    private long nextAttemptNs;
    private long lost;
    private boolean isClosed;

    /** @throws NetdevException when a server cannot listen */
    StreamNetdev(final NetdevSpec.Stream spec, final Consumer<String> notices)
    {
        this(spec, notices, InetSocketAddress::new);
    }

    /** @param names gives the address of a host and a port, maybe after seconds: a name server is asked */
    StreamNetdev(
        final NetdevSpec.Stream spec,
        final Consumer<String> notices,
        final BiFunction<String, Integer, InetSocketAddress> names)
    {
        this.spec = spec;
        this.notices = notices;
        lookup = spec.address() instanceof final InetSocketAddress inet ? new NameLookup(inet, names) : null;
        if (spec.isServer())
        {
            listen(spec.address() instanceof final InetSocketAddress inet && inet.isUnresolved() ?
                names.apply(inet.getHostString(), inet.getPort()) : spec.address());
        }
    }

    private void listen(final SocketAddress address)
    {
        try
        {
            listener = ServerSocketChannel.open(family(address));
            if (address instanceof final UnixDomainSocketAddress unix)
            {
                deleteSocket(unix.getPath());
            }
            else
            {
                listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            }
            listener.bind(address);
            listener.configureBlocking(false);
        }
        catch (final IOException | RuntimeException e)
        {
            close();
            throw new NetdevException("stream " + name() + ": cannot listen there: " + e.getMessage() +
                "; stop what uses it, or take another address", e);
        }
    }

    /** A socket outlives the process that listened on it; one that listens, and anything else at its path, is somebody's. */
    private static void deleteSocket(final Path path) throws IOException
    {
        if (!Files.exists(path) || ((int)Files.getAttribute(path, "unix:mode") & S_IFMT) != S_IFSOCK)
        {
            return;
        }
        try (SocketChannel other = SocketChannel.open(UnixDomainSocketAddress.of(path)))
        {
            throw new BindException("another process listens");
        }
        catch (final ConnectException e)
        {
            Files.delete(path);
        }
    }

    private static StandardProtocolFamily family(final SocketAddress address)
    {
        return address instanceof UnixDomainSocketAddress ? StandardProtocolFamily.UNIX :
            address instanceof final InetSocketAddress inet && inet.getAddress() instanceof Inet6Address ?
                StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
    }

    @Override
    public void start(final Selector agentSelector, final FrameReceiver receiver)
    {
        selector = agentSelector;
        guest = receiver;
        nextAttemptNs = System.nanoTime();
    }

    @Override
    public void send(final DirectBuffer frame, final int offset, final int length)
    {
        if (!isConnected || pending.remaining() < Integer.BYTES + length)
        {
            lost++;
            return;
        }
        final boolean wasEmpty = pending.position() == 0;
        pending.putInt(length);
        frame.getBytes(offset, pending, length);
        if (wasEmpty)
        {
            flush();
        }
    }

    @Override
    public int doWork(final long nowNs)
    {
        if (guest == null || isClosed)
        {
            return 0;
        }
        if (channel == null && nowNs - nextAttemptNs >= 0)
        {
            nextAttemptNs = nowNs + RETRY_NS;
            if (listener == null)
            {
                connect();
            }
            else
            {
                accept();
            }
        }
        if (channel == null || key == null || !selector.selectedKeys().remove(key) || !key.isValid())
        {
            return 0;
        }
        return isConnected ? exchange() : finishConnecting();
    }

    private void connect()
    {
        final SocketAddress address = otherEnd();
        if (address == null)
        {
            return;
        }
        try
        {
            channel = SocketChannel.open(family(address));
            channel.configureBlocking(false);
            if (channel.connect(address))
            {
                connected();
            }
            else
            {
                key = channel.register(selector, SelectionKey.OP_CONNECT, this);
            }
        }
        catch (final IOException | RuntimeException e)
        {
            disconnect(e);
        }
    }

    /** The address to connect to, or null while it is looked up. */
    private SocketAddress otherEnd()
    {
        return lookup == null ? spec.address() : lookup.poll();
    }

    private int finishConnecting()
    {
        try
        {
            if (channel.finishConnect())
            {
                connected();
            }
        }
        catch (final IOException e)
        {
            disconnect(e);
        }
        return 1;
    }

    private void accept()
    {
        try
        {
            channel = listener.accept();
            if (channel != null)
            {
                channel.configureBlocking(false);
                connected();
            }
        }
        catch (final IOException e)
        {
            disconnect(e);
        }
    }

    private void connected() throws IOException
    {
        if (spec.address() instanceof InetSocketAddress)
        {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            KEEP_ALIVE.apply(channel);
        }
        key = channel.register(selector, SelectionKey.OP_READ, this);
        isConnected = true;
        toldOfFailure = false;
        decoder.clear();
        pending.clear();
        notices.accept("stream " + name() + ": connected");
    }

    private int exchange()
    {
        int frames = 0;
        try
        {
            if (key.isWritable())
            {
                flush();
            }
            for (int i = 0; i < MAX_READS && isConnected; i++)
            {
                final int bytes = channel.read(decoder.buffer());
                if (bytes < 0)
                {
                    throw new IOException("the other end closed the connection");
                }
                if (bytes == 0)
                {
                    break;
                }
                final int count = decoder.decode(guest, () -> lost++);
                if (count < 0)
                {
                    throw new IOException("what comes from there are no frames after their lengths");
                }
                frames += count;
            }
        }
        catch (final IOException e)
        {
            disconnect(e);
        }
        return frames + 1;
    }

    private void flush()
    {
        try
        {
            pending.flip();
            channel.write(pending);
            pending.compact();
            key.interestOps(pending.position() > 0 ? SelectionKey.OP_READ | SelectionKey.OP_WRITE :
                SelectionKey.OP_READ);
        }
        catch (final IOException e)
        {
            disconnect(e);
        }
    }

    private void disconnect(final Exception reason)
    {
        if (isConnected || !toldOfFailure)
        {
            notices.accept("stream " + name() + ": " + (isConnected ? "the connection ended" : "cannot connect") + ": " +
                reason.getMessage() + (spec.isServer() ? "; waiting for another" : "; trying again"));
        }
        toldOfFailure = true;
        isConnected = false;
        closeQuietly(channel);
        channel = null;
        key = null;
    }

    private String name()
    {
        return spec.address() instanceof final InetSocketAddress inet ? inet.getHostString() + ":" + inet.getPort() :
            spec.address().toString();
    }

    @Override
    public long lostFrames()
    {
        return lost;
    }

    @Override
    public void close()
    {
        isClosed = true;
        isConnected = false;
        closeQuietly(channel);
        if (listener != null)
        {
            final boolean isBound = isBound();
            closeQuietly(listener);
            if (isBound && spec.address() instanceof final UnixDomainSocketAddress unix)
            {
                unix.getPath().toFile().delete();
            }
        }
    }

    private boolean isBound()
    {
        try
        {
            return listener.isOpen() && listener.getLocalAddress() != null;
        }
        catch (final IOException e)
        {
            return false;
        }
    }

    private static void closeQuietly(final AutoCloseable open)
    {
        try
        {
            if (open != null)
            {
                open.close();
            }
        }
        catch (final Exception e)
        {
            // Nothing is lost with it.
        }
    }
}
