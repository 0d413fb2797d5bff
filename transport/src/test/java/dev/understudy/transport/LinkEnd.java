package dev.understudy.transport;

import io.aeron.driver.ReceiveChannelEndpointSupplier;
import io.aeron.driver.SendChannelEndpointSupplier;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.DirectBuffer;
import org.agrona.IoUtil;
import org.agrona.concurrent.SystemNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/** One end of a link under test: the selector that its loop sleeps in, the link, and what was heard. */
final class LinkEnd implements AutoCloseable, PairHandler
{
    /** Heartbeat interval of the pairs under test, in milliseconds. */
    static final long IDLE_SLEEP_MS = 20;

    /** Until another process of the peer is heard. */
    static final long SILENCE_MS = 200;

    private static final AtomicInteger COUNT = new AtomicInteger();

    final long incarnation;
    final Selector selector;
    final AeronLink link;
    final PairProtocol protocol;

    /** First eight bytes of each entry that came. */
    final List<Long> entries = new ArrayList<>();
    final List<Long> sessions = new ArrayList<>();

    /** Incarnation of the sender of each control message that came. */
    final List<Long> speakers = new ArrayList<>();
    final List<String> goodbyes = new ArrayList<>();
    final List<String> unknown = new ArrayList<>();
    final List<Throwable> errors = new ArrayList<>();
    long acknowledged = -1;

    /** Incarnation of the peer that asked to join last. */
    long joined;
    long peerJournalSequence = -1;
    EntryListener listener = (session, entry, offset, length) ->
    {
    };

    private final UnsafeBuffer outgoing = new UnsafeBuffer(new byte[8]);

    interface EntryListener
    {
        void onEntry(long session, DirectBuffer entry, int offset, int length);
    }

    LinkEnd(final String node, final int port, final int peerPort, final long incarnation) throws IOException
    {
        this(node, port, peerPort, incarnation, IDLE_SLEEP_MS, null, null);
    }

    /** One that knows its peer by name. */
    LinkEnd(final String node, final int port, final InetSocketAddress peer, final long incarnation) throws IOException
    {
        this(node, port, peer, incarnation, IDLE_SLEEP_MS, null, null);
    }

    LinkEnd(
        final String node,
        final int port,
        final int peerPort,
        final long incarnation,
        final long idleSleepMs,
        final SendChannelEndpointSupplier senders,
        final ReceiveChannelEndpointSupplier receivers)
        throws IOException
    {
        this(node, port, loopback(peerPort), incarnation, idleSleepMs, senders, receivers);
    }

    private LinkEnd(
        final String node,
        final int port,
        final InetSocketAddress peer,
        final long incarnation,
        final long idleSleepMs,
        final SendChannelEndpointSupplier senders,
        final ReceiveChannelEndpointSupplier receivers)
        throws IOException
    {
        this.incarnation = incarnation;
        selector = Selector.open();
        final PairEndpoints endpoints = new PairEndpoints(
            node, loopback(port), peer, aeronDirectory(node));
        link = senders == null ?
            new AeronLink(endpoints, selector, idleSleepMs, errors::add) :
            new AeronLink(endpoints, selector, idleSleepMs, errors::add, senders, receivers);
        protocol = new PairProtocol(link, node, incarnation, SystemNanoClock.INSTANCE, SILENCE_MS, this);
    }

    static InetSocketAddress loopback(final int port)
    {
        return new InetSocketAddress("127.0.0.1", port);
    }

    /** A directory that no other test uses, in memory where there is such a file system. */
    static Path aeronDirectory(final String node)
    {
        return aeronDirectory(node, ProcessHandle.current().pid(), COUNT.incrementAndGet());
    }

    private static Path aeronDirectory(final String node, final long pid, final int count)
    {
        final Path memory = Path.of("/dev/shm");
        final Path parent = Files.isDirectory(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
        return parent.resolve("understudy-test-" + node + "-" + pid + "-" + count);
    }

    /** Deletes what the only end of a process that was killed has left behind. */
    static void deleteDirectoryOf(final String node, final Process killed)
    {
        IoUtil.delete(aeronDirectory(node, killed.pid(), 1).toFile(), true);
    }

    /** Ports of 127.0.0.1 that nothing receives on. */
    static int[] freePorts(final int count) throws SocketException
    {
        final List<DatagramSocket> sockets = new ArrayList<>();
        try
        {
            for (int i = 0; i < count; i++)
            {
                sockets.add(new DatagramSocket(0, InetAddress.getLoopbackAddress()));
            }
            return sockets.stream().mapToInt(DatagramSocket::getLocalPort).toArray();
        }
        finally
        {
            sockets.forEach(DatagramSocket::close);
        }
    }

    /** One turn of the loop that a node has: works, and sleeps in the selector when there was nothing to do. */
    void turn() throws IOException
    {
        final int work = protocol.doWork();
        selector.selectedKeys().clear();
        if (work == 0)
        {
            selector.select(Math.max(1, link.maxSleepMs(System.nanoTime())));
        }
    }

    /** Works without sleeping. */
    void work()
    {
        protocol.doWork();
        selector.selectedKeys().clear();
    }

    /** Offers an entry of eight bytes. */
    boolean offer(final long session, final long value)
    {
        outgoing.putLong(0, value);
        return link.offerEntry(session, outgoing, 0, Long.BYTES);
    }

    boolean sayHeartbeat()
    {
        return protocol.heartbeat(1, 0, false, 0, 0, 0, 0, 0, "");
    }

    @Override
    public void onEntry(final long session, final DirectBuffer entry, final int offset, final int length)
    {
        sessions.add(session);
        entries.add(entry.getLong(offset));
        listener.onEntry(session, entry, offset, length);
    }

    @Override
    public void onHeartbeat(
        final long speaker,
        final long generation,
        final String node,
        final int role,
        final boolean solo,
        final long journalSequence,
        final long position,
        final long releasedOutputs,
        final long claimHigh,
        final long claimLow,
        final String trouble)
    {
        speakers.add(speaker);
        peerJournalSequence = journalSequence;
    }

    @Override
    public void onJoin(
        final long speaker,
        final long generation,
        final String node,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String settings,
        final String reason)
    {
        speakers.add(speaker);
        joined = speaker;
    }

    @Override
    public void onRefusal(final long speaker, final long generation, final String reason)
    {
        speakers.add(speaker);
    }

    @Override
    public void onJoinReply(
        final long speaker, final long generation, final long fromSequence, final long session)
    {
        speakers.add(speaker);
    }

    @Override
    public void onAcknowledge(
        final long speaker,
        final long session,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        speakers.add(speaker);
        acknowledged = journalSequence;
    }

    @Override
    public void onGoodbye(final long speaker, final long generation, final String reason)
    {
        speakers.add(speaker);
        goodbyes.add(reason);
    }

    @Override
    public void onPlacement(final long speaker, final boolean upperHalf, final int busyPercent)
    {
        speakers.add(speaker);
    }

    @Override
    public void onUnknownMessage(final String what)
    {
        unknown.add(what);
    }

    @Override
    public void close() throws IOException
    {
        link.close();
        selector.close();
    }
}
