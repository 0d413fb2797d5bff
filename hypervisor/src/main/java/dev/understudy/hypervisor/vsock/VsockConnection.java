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

    /** The most that is handed to TCP in one call, which copies it. */
    private static final int MAX_WRITE_BYTES = 64 * 1024;

    private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

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

    /** On the heap: the memory of a closed connection goes with the next young collection. */
    private ByteBuffer ring = EMPTY;
    private int head;
    private int count;
    private int received;
    private int forwarded;
    private int announced;
    private boolean endedFromGuest;
    private boolean outputShut;
    private boolean forgottenByGuest;
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

    boolean isEstablished()
    {
        return established;
    }

    /** The guest knows this connection no more; what it sent before still goes to the client. */
    void forgetGuest()
    {
        forgottenByGuest = true;
        endedToGuest = true;
    }

    boolean isForgottenByGuest()
    {
        return forgottenByGuest;
    }

    /** Takes the guest's end of the flow control from a packet's header. */
    void credit(final int window, final int forwardedByGuest)
    {
        guestWindow = window;
        guestForwarded = forwardedByGuest;
    }

    /** Number of bytes that the guest has room for; 0 as well when it claims to have taken what was never sent. */
    int room()
    {
        final long inFlight = Integer.toUnsignedLong(sent - guestForwarded);
        final long room = Integer.toUnsignedLong(guestWindow) - inFlight;
        return established ? (int)Math.clamp(room, 0, Integer.MAX_VALUE) : 0;
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

    /** Whether bytes from the guest wait for TCP. */
    boolean hasUnwritten()
    {
        return count > 0;
    }

    /** Keeps bytes from the guest for TCP; false when they are more than the credit that it was given. */
    boolean accept(final DirectBuffer buffer, final int offset, final int length)
    {
        if (length > WINDOW_BYTES - (received - announced) || !established || endedFromGuest)
        {
            return false;
        }
        if (length == 0)
        {
            return true;
        }
        received += length;
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
            final int part = Math.min(Math.min(count, ring.capacity() - head), MAX_WRITE_BYTES);
            final int written = socket.write(ring.limit(head + part).position(head));
            ring.clear();
            head = (head + written) % ring.capacity();
            count -= written;
            forwarded += written;
            if (written < part)
            {
                break;
            }
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
        int capacity = Math.max(FIRST_RING_BYTES, ring.capacity());
        while (capacity < needed)
        {
            capacity *= 2;
        }
        final ByteBuffer larger = ByteBuffer.allocate(capacity);
        final int first = Math.min(count, ring.capacity() - head);
        larger.put(0, ring, head, first);
        larger.put(first, ring, 0, count - first);
        ring = larger;
        head = 0;
    }
}
