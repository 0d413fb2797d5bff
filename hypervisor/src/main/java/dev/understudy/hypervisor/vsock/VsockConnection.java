package dev.understudy.hypervisor.vsock;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

import org.agrona.DirectBuffer;

/**
 * One TCP connection and the vsock connection that carries it. On the agent thread.
 * <p>
 * What the guest sent and TCP has not taken waits in a ring that is never larger than the window that the guest was
 * given. Counters of bytes wrap around at 2^32, as those of the protocol do.
 */
final class VsockConnection
{
    /** What the guest may send before TCP has taken it, in bytes. */
    static final int WINDOW_BYTES = 256 * 1024;

    private static final int FIRST_RING_BYTES = 4 * 1024;

    private final long key;
    private final int guestPort;
    private final int hostPort;
    private final SocketChannel socket;
    private final SelectionKey selection;

    private boolean established;

    /** The guest's window, and what it has forwarded to its program. */
    private int guestWindow;
    private int guestForwarded;
    private int sent;
    private boolean endedToGuest;

    private ByteBuffer ring = ByteBuffer.allocateDirect(FIRST_RING_BYTES);
    private int head;
    private int count;
    private int forwarded;
    private int announced;
    private boolean endedFromGuest;
    private boolean outputShut;
    private int interest;

    VsockConnection(
        final long key, final int guestPort, final int hostPort, final SocketChannel socket, final Selector selector)
        throws IOException
    {
        this.key = key;
        this.guestPort = guestPort;
        this.hostPort = hostPort;
        this.socket = socket;
        selection = socket.register(selector, 0, this);
    }

    long key()
    {
        return key;
    }

    int guestPort()
    {
        return guestPort;
    }

    int hostPort()
    {
        return hostPort;
    }

    /** The guest has accepted the connection. */
    void establish()
    {
        established = true;
    }

    /** Takes the guest's end of the flow control from a packet's header. */
    void credit(final int window, final int forwardedByGuest)
    {
        guestWindow = window;
        guestForwarded = forwardedByGuest;
    }

    /** Number of bytes that the guest has room for. */
    int room()
    {
        final int inFlight = sent - guestForwarded;
        return established ? Math.max(0, guestWindow - inFlight) : 0;
    }

    boolean isOpenToGuest()
    {
        return !endedToGuest;
    }

    int read(final ByteBuffer to) throws IOException
    {
        return socket.read(to);
    }

    /** Bytes that were read went to the guest. */
    void sent(final int bytes)
    {
        sent += bytes;
    }

    void endToGuest()
    {
        endedToGuest = true;
    }

    void endFromGuest()
    {
        endedFromGuest = true;
    }

    /** Whether the connection is being closed in order. */
    boolean isClosing()
    {
        return endedFromGuest;
    }

    /** Whether nothing more will come or go. */
    boolean isDone()
    {
        return endedToGuest && endedFromGuest && count == 0;
    }

    /** Keeps bytes from the guest for TCP; false when they are more than its window. */
    boolean accept(final DirectBuffer buffer, final int offset, final int length)
    {
        if (length > WINDOW_BYTES - count || endedFromGuest)
        {
            return false;
        }
        if (length > ring.capacity() - count)
        {
            grow(count + length);
        }
        final int tail = (head + count) % ring.capacity();
        final int first = Math.min(length, ring.capacity() - tail);
        buffer.getBytes(offset, ring, tail, first);
        buffer.getBytes(offset + first, ring, 0, length - first);
        count += length;
        return true;
    }

    /** Writes to TCP what it takes; ends its output when the guest has ended its own. */
    void flush() throws IOException
    {
        while (count > 0)
        {
            final int part = Math.min(count, ring.capacity() - head);
            final int written = socket.write(ring.limit(head + part).position(head));
            ring.clear();
            if (written == 0)
            {
                break;
            }
            head = (head + written) % ring.capacity();
            count -= written;
            forwarded += written;
        }
        if (count == 0 && endedFromGuest && !outputShut)
        {
            outputShut = true;
            socket.shutdownOutput();
        }
    }

    /** Whether the guest should be told that there is room again, since nothing else will. */
    boolean owesCreditUpdate()
    {
        return forwarded - announced >= WINDOW_BYTES / 2;
    }

    /** What of the guest's bytes TCP has taken; the guest learns it with the packet that this is for. */
    int announceForwarded()
    {
        announced = forwarded;
        return forwarded;
    }

    /** Has the selector report what can be done now. */
    void updateInterest(final boolean mayRead)
    {
        final boolean reads = mayRead && !endedToGuest && room() > 0;
        final int wanted = (reads ? SelectionKey.OP_READ : 0) | (count > 0 ? SelectionKey.OP_WRITE : 0);
        if (wanted != interest && selection.isValid())
        {
            interest = wanted;
            selection.interestOps(wanted);
        }
    }

    /** Closes the socket; with a reset the client learns that what it sent may be lost. */
    void close(final boolean withReset)
    {
        if (withReset)
        {
            try
            {
                socket.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
            catch (final IOException e)
            {
                // The socket is closed already: there is nothing left to reset.
            }
        }
        closeQuietly(socket);
    }

    /** Closes a channel that nobody needs any more. */
    static void closeQuietly(final Channel channel)
    {
        try
        {
            channel.close();
        }
        catch (final IOException e)
        {
            // There is nothing that could be done about it, and nothing is lost.
        }
    }

    private void grow(final int needed)
    {
        int capacity = ring.capacity();
        while (capacity < needed)
        {
            capacity *= 2;
        }
        final ByteBuffer larger = ByteBuffer.allocateDirect(capacity);
        final int first = Math.min(count, ring.capacity() - head);
        larger.put(0, ring, head, first);
        larger.put(first, ring, 0, count - first);
        ring = larger;
        head = 0;
    }
}
