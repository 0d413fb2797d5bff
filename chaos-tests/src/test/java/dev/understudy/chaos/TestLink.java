package dev.understudy.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The network between the nodes of a pair, which can be cut, one way or both, and be bad.
 * <pre>
 *   a ── what a sends ──▶ entry of b ──▶ b's address
 *   a ◀── what b answers to that ─────── b
 * </pre>
 * and the same for what b sends. Has a thread of its own; the faults are set from others.
 */
final class TestLink implements AutoCloseable
{
    private static final int MAX_DATAGRAM_BYTES = 65_536;

    /** A datagram on its way. */
    private record Datagram(long dueNs, DatagramChannel from, SocketAddress to, ByteBuffer bytes)
    {
    }

    /**
     * A socket of the link.
     *
     * @param node   whose entry it is, or to whom it carries what came in there
     * @param client who sends to the entry, for a socket that carries; null for an entry
     * @param entry  the entry for which it carries; null for an entry
     */
    private record Side(String node, SocketAddress client, DatagramChannel entry)
    {
    }

    private final Map<String, Integer> ports;
    private final Map<String, DatagramChannel> entries = new TreeMap<>();
    private final Map<SocketAddress, DatagramChannel> carriers = new HashMap<>();
    private final PriorityQueue<Datagram> underWay = new PriorityQueue<>(Comparator.comparingLong(Datagram::dueNs));
    private final Set<String> cutTo = ConcurrentHashMap.newKeySet();
    private final Random random = new Random(7);
    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(MAX_DATAGRAM_BYTES);
    private volatile double loss;
    private volatile int longest = MAX_DATAGRAM_BYTES;
    private volatile double duplication;
    private volatile long maxDelayNs;
    private final Thread thread = new Thread(this::run, "link");

    /** @param ports UDP ports of the nodes, on 127.0.0.1 */
    TestLink(final Map<String, Integer> ports) throws IOException
    {
        this.ports = ports;
        for (final String node : ports.keySet())
        {
            entries.put(node, open(new Side(node, null, null)));
        }
        thread.setDaemon(true);
        thread.start();
    }

    private DatagramChannel open(final Side side) throws IOException
    {
        final DatagramChannel channel = DatagramChannel.open().bind(new InetSocketAddress("127.0.0.1", 0));
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, side);
        return channel;
    }

    /** The port to which the peer of a node must send instead of the node's own. */
    int entryOf(final String node) throws IOException
    {
        return ((InetSocketAddress)entries.get(node).getLocalAddress()).getPort();
    }

    /** From now on nothing that is sent to a node arrives. */
    void cutTo(final String node)
    {
        cutTo.add(node);
    }

    /** From now on longer datagrams do not arrive, and nobody is told. */
    void swallow(final int longestBytes)
    {
        longest = longestBytes;
    }

    /** Ends all cuts. */
    void heal()
    {
        cutTo.clear();
    }

    /**
     * Makes the link bad.
     *
     * @param lost       part of the datagrams that does not arrive
     * @param duplicated part that arrives twice
     * @param delayMs    each takes up to so long, at random, so that they overtake each other
     */
    void degrade(final double lost, final double duplicated, final int delayMs)
    {
        loss = lost;
        duplication = duplicated;
        maxDelayNs = delayMs * 1_000_000L;
    }

    private void run()
    {
        try
        {
            while (selector.isOpen())
            {
                selector.select(key -> receive((DatagramChannel)key.channel(), (Side)key.attachment()),
                    underWay.isEmpty() ? 100 : 1);
                sendDue();
            }
        }
        catch (final IOException | UncheckedIOException | ClosedSelectorException e)
        {
            // Closed, or without the link the pair stays unprotected and the test says so.
        }
    }

    private void receive(final DatagramChannel channel, final Side side)
    {
        try
        {
            for (SocketAddress from = next(channel); from != null; from = next(channel))
            {
                if (side.client() == null)
                {
                    carry(side.node(), carrierFor(from, side.node(), channel),
                        new InetSocketAddress("127.0.0.1", ports.get(side.node())));
                }
                else
                {
                    carry(TestPair.peerOf(side.node()), side.entry(), side.client());
                }
            }
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    private SocketAddress next(final DatagramChannel channel) throws IOException
    {
        buffer.clear();
        final SocketAddress from = channel.receive(buffer);
        buffer.flip();
        return from;
    }

    /** The receiver tells senders by their sockets: each gets one of its own. */
    private DatagramChannel carrierFor(final SocketAddress client, final String node, final DatagramChannel entry)
        throws IOException
    {
        DatagramChannel carrier = carriers.get(client);
        if (carrier == null)
        {
            carrier = open(new Side(node, client, entry));
            carriers.put(client, carrier);
        }
        return carrier;
    }

    private void carry(final String node, final DatagramChannel from, final SocketAddress to) throws IOException
    {
        if (cutTo.contains(node) || buffer.remaining() > longest || random.nextDouble() < loss)
        {
            return;
        }
        final int copies = random.nextDouble() < duplication ? 2 : 1;
        for (int i = 0; i < copies; i++)
        {
            if (maxDelayNs == 0)
            {
                from.send(buffer.duplicate(), to);
            }
            else
            {
                final ByteBuffer copy = ByteBuffer.allocate(buffer.remaining()).put(buffer.duplicate()).flip();
                underWay.add(new Datagram(System.nanoTime() + random.nextLong(maxDelayNs), from, to, copy));
            }
        }
    }

    private void sendDue() throws IOException
    {
        final long nowNs = System.nanoTime();
        while (!underWay.isEmpty() && underWay.peek().dueNs() - nowNs <= 0)
        {
            final Datagram datagram = underWay.poll();
            datagram.from().send(datagram.bytes(), datagram.to());
        }
    }

    @Override
    public void close() throws IOException, InterruptedException
    {
        for (final SelectionKey key : selector.keys())
        {
            key.channel().close();
        }
        selector.close();
        thread.join();
    }
}
