package dev.understudy.hypervisor.vsock;

import dev.understudy.hypervisor.config.ForwardSpec;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;

/** The host's TCP ports that are forwarded to the guest. On the agent thread. */
final class ForwardListeners
{
    private static final int BACKLOG = 1024;

    /** Connections taken from a listener before other sockets have their turn. */
    private static final int MAX_ACCEPTS = 64;

    /** Time without new connections after one could not be taken: the reason does not go away sooner for being asked. */
    private static final long ACCEPT_RETRY_NS = 100_000_000;

    /** Attachment of a listening socket's key. */
    record Listener(ForwardSpec forward, ServerSocketChannel channel)
    {
    }

    private final Selector selector;
    private final List<ForwardSpec> forwards;
    private final BooleanSupplier mayTake;
    private final BiConsumer<SocketChannel, ForwardSpec> taker;
    private final RareNotices notices;
    private final List<ServerSocketChannel> listeners = new ArrayList<>();

    private boolean refusesConnections;
    private boolean hasAcceptFailed;
    private long acceptFailedNs;

    /**
     * @param mayTake whether the guest can be told of a new connection
     * @param taker   takes the connections
     */
    ForwardListeners(
        final Selector selector,
        final List<ForwardSpec> forwards,
        final BooleanSupplier mayTake,
        final BiConsumer<SocketChannel, ForwardSpec> taker,
        final RareNotices notices)
    {
        this.selector = selector;
        this.forwards = List.copyOf(forwards);
        this.mayTake = mayTake;
        this.taker = taker;
        this.notices = notices;
    }

    boolean isListening()
    {
        return !listeners.isEmpty();
    }

    /** Listens on all ports, or on none; the message of the exception names the one that cannot be had. */
    void listen() throws IOException
    {
        for (final ForwardSpec forward : forwards)
        {
            if (forward.socketAddress().isUnresolved())
            {
                close();
                throw new IOException("cannot listen on TCP port " + forward.hostPort() + " of " + forward.address() +
                    ": there is no such host; name an address of this one, such as 127.0.0.1");
            }
            try
            {
                listenOn(forward);
            }
            catch (final IOException e)
            {
                close();
                throw new IOException("cannot listen on TCP port " + forward.hostPort() + " of " + forward.address() +
                    ": " + e.getMessage() + "; stop what uses it, or forward another port", e);
            }
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

    /** Listens no more. The sockets are gone when the selector has looked again. */
    void close()
    {
        for (final ServerSocketChannel listener : listeners)
        {
            VsockConnection.closeQuietly(listener);
        }
        listeners.clear();
    }

    /** Takes the connections that wait at a listener; returns their number. */
    int accept(final Listener listener)
    {
        int count = 0;
        while (count < MAX_ACCEPTS && !refuseForNow())
        {
            final SocketChannel socket;
            try
            {
                socket = listener.channel().accept();
            }
            catch (final IOException e)
            {
                // The client waits in the backlog, and the selector would report that without end.
                hasAcceptFailed = true;
                acceptFailedNs = System.nanoTime();
                refuseForNow();
                notices.say(RareNotices.Kind.ACCEPT_FAILED, "cannot take a connection to port " +
                    listener.forward().hostPort() + ": " + e.getMessage() +
                    "; raise the limit of open files (ulimit -n) if it is that");
                return count;
            }
            if (socket == null)
            {
                return count;
            }
            count++;
            taker.accept(socket, listener.forward());
        }
        return count;
    }

    /** Takes connections again after a refusal, if they can be had now; returns the work done. */
    int resume()
    {
        return refusesConnections && !refuseForNow() ? 1 : 0;
    }

    /** Leaves new connections in the backlog while none can be had or the guest takes no packets; tells if so. */
    private boolean refuseForNow()
    {
        hasAcceptFailed = hasAcceptFailed && System.nanoTime() - acceptFailedNs < ACCEPT_RETRY_NS;
        final boolean refuses = hasAcceptFailed || !mayTake.getAsBoolean();
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
}
