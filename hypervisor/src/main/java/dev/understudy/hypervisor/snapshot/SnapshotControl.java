package dev.understudy.hypervisor.snapshot;

import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * The socket in a journal's directory by which a recording that runs is asked for a snapshot: a line with the request, and a
 * line with the answer. By one thread.
 */
final class SnapshotControl implements Closeable
{
    private static final String SOCKET = "control";

    /** What the address of a Unix socket has room for. */
    private static final int MAX_PATH_BYTES = 107;
    private static final int MAX_LINE_BYTES = 8192;

    /** Time that who connects has to say what it wants. */
    private static final long REQUEST_MS = 2_000;

    private final Path socket;
    private final Selector selector;
    private final ServerSocketChannel server;

    private SnapshotControl(final Path socket, final Selector selector, final ServerSocketChannel server)
    {
        this.socket = socket;
        this.selector = selector;
        this.server = server;
    }

    /** Listens in the directory of a journal that this process writes. */
    static SnapshotControl open(final Path journal) throws IOException
    {
        final Path socket = requireShort(journal.resolve(SOCKET));
        // The journal's lock is ours: who made it does not listen any more.
        Files.deleteIfExists(socket);
        final ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try
        {
            server.bind(UnixDomainSocketAddress.of(socket));
            server.configureBlocking(false);
            final Selector selector = Selector.open();
            server.register(selector, SelectionKey.OP_ACCEPT);
            return new SnapshotControl(socket, selector, server);
        }
        catch (final IOException e)
        {
            server.close();
            throw e;
        }
    }

    private static Path requireShort(final Path socket) throws IOException
    {
        if (socket.toString().getBytes(StandardCharsets.UTF_8).length > MAX_PATH_BYTES)
        {
            throw new IOException("the path " + socket + " is too long for a socket");
        }
        return socket;
    }

    /** Asks the recording of a journal; returns its answer. */
    static String ask(final Path journal, final String request) throws IOException
    {
        final Path socket = requireShort(journal.resolve(SOCKET));
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX))
        {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8)));
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8).strip();
        }
    }

    /** Waits for a request at most so long, and answers it. Returns early when it is woken. */
    void serve(final long waitMs, final UnaryOperator<String> answer) throws IOException
    {
        selector.select(Math.max(1, waitMs));
        selector.selectedKeys().clear();
        try (SocketChannel channel = server.accept())
        {
            if (channel != null)
            {
                final String request = read(channel);
                if (request != null)
                {
                    channel.configureBlocking(true);
                    channel.write(ByteBuffer.wrap((answer.apply(request) + "\n").getBytes(StandardCharsets.UTF_8)));
                }
            }
        }
    }

    /** The line that came; null when none did in time. */
    private static String read(final SocketChannel channel) throws IOException
    {
        channel.configureBlocking(false);
        final ByteBuffer line = ByteBuffer.allocate(MAX_LINE_BYTES);
        try (Selector ready = Selector.open())
        {
            channel.register(ready, SelectionKey.OP_READ);
            int length = 0;
            while (length >= 0 && line.hasRemaining() && ready.select(REQUEST_MS) > 0)
            {
                ready.selectedKeys().clear();
                length = channel.read(line);
                if (line.position() > 0 && line.get(line.position() - 1) == '\n')
                {
                    return new String(line.array(), 0, line.position() - 1, StandardCharsets.UTF_8);
                }
            }
        }
        return null;
    }

    /** Has {@link #serve} return. On any thread. */
    void wake()
    {
        selector.wakeup();
    }

    @Override
    public void close() throws IOException
    {
        server.close();
        selector.close();
        Files.deleteIfExists(socket);
    }
}
