package dev.understudy.transport;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.Configuration;
import io.aeron.driver.ReceiveChannelEndpointSupplier;
import io.aeron.driver.SendChannelEndpointSupplier;
import io.aeron.exceptions.AeronException;
import io.aeron.logbuffer.Header;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The link over Aeron, with an embedded media driver.
 * <p>
 * Nothing here has a thread. The driver, the client and the polling all run in {@link #doWork}, on the agent thread,
 * which sleeps in a selector that also watches the driver's sockets: so an idle link costs little, and a datagram is
 * taken up at once. Aeron's own timers (status messages, loss, set-up) run in the same calls: the caller sleeps no
 * longer than {@link #maxSleepMs}.
 * <p>
 * Across a restart of either process, or a silence of {@link #LIVENESS_TIMEOUT_NS}, entries are lost without notice. Not
 * thread-safe.
 */
public final class AeronLink implements Link
{
    private static final int JOURNAL_STREAM = 1;
    private static final int CONTROL_STREAM = 2;

    /**
     * Room for 25 ms of 80 MB/s that the peer has not taken. Every term stays in memory once it was used. The most that Aeron
     * puts into one message is an eighth of it: {@link #MAX_ENTRY_BYTES} and a mark.
     */
    static final int JOURNAL_TERM_BYTES = 2 << 20;
    static final int CONTROL_TERM_BYTES = 64 << 10;

    /** After this the image of a silent peer is dropped; heartbeats decide long before. */
    static final long LIVENESS_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);

    private static final int FRAGMENT_LIMIT = 64;
    private static final int MARK_BYTES = Long.BYTES;

    /** Time after the last traffic for which Aeron's loss detection gets its short timers. */
    private static final long ACTIVE_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long ACTIVE_SLEEP_MS = 1;

    /**
     * Quiet after which an empty message follows the last entry: without it the peer would learn only 100 ms later,
     * from Aeron's own heartbeat, that the last entry was lost, and outputs would wait as long.
     */
    private static final long NUDGE_NS = TimeUnit.MILLISECONDS.toNanos(2);

    private final EmbeddedDriver driver;
    private ExclusivePublication journal;
    private ExclusivePublication control;
    private final Subscription journalSubscription;
    private final Subscription controlSubscription;
    private final PathProbe probe;
    private PairEndpoints endpoints;
    private final FragmentAssembler journalAssembler = new FragmentAssembler(this::onJournalMessage);
    private final FragmentAssembler controlAssembler;
    private final UnsafeBuffer mark = new UnsafeBuffer(new byte[MARK_BYTES]);
    private final long idleSleepMs;

    private long lastActiveNs = System.nanoTime();
    private long lastOfferNs;
    private boolean needsNudge;
    private boolean hasOffered;

    /** Takes what arrives, in the present {@link #doWork}. */
    private Receiver receiver;
    private long sentEntries;
    private long sentBytes;
    private long receivedEntries;
    private long receivedBytes;

    /**
     * @param selector     woken by datagrams from now on; its keys for the link have no attachment. It stays the
     *                     caller's, who closes it after the transport
     * @param idleSleepMs  the longest sleep while nothing is under way, in milliseconds; about the interval of the
     *                     heartbeats
     * @param errorHandler told of what went wrong within Aeron
     * @throws TransportException when the address or the buffers cannot be had
     */
    public AeronLink(
        final PairEndpoints endpoints,
        final Selector selector,
        final long idleSleepMs,
        final ErrorHandler errorHandler)
    {
        this(endpoints, selector, idleSleepMs, errorHandler,
            Configuration.sendChannelEndpointSupplier(), EmbeddedDriver.receiversByOption());
    }

    /**
     * The same with sockets that may lose what passes.
     *
     * @param receivers null for those that give the reserve to the buffers of a peer that comes
     */
    AeronLink(
        final PairEndpoints endpoints,
        final Selector selector,
        final long idleSleepMs,
        final ErrorHandler errorHandler,
        final SendChannelEndpointSupplier senders,
        final ReceiveChannelEndpointSupplier receivers)
    {
        this.endpoints = endpoints;
        this.idleSleepMs = idleSleepMs;
        controlAssembler = new FragmentAssembler(this::onControlMessage);
        driver = new EmbeddedDriver(endpoints, selector, errorHandler, senders, receivers);
        try
        {
            controlSubscription = subscribe(CONTROL_STREAM, controlAssembler);
            journalSubscription = subscribe(JOURNAL_STREAM, journalAssembler);
            probe = new PathProbe(driver.aeron(), endpoints.ownChannel(), endpoints.datagramBytes());
            if (!endpoints.peer().isUnresolved())
            {
                publish();
            }
            driver.takeRoom();
        }
        catch (final RuntimeException e)
        {
            driver.close();
            throw e;
        }
        driver.opened();
    }

    /**
     * Speaks to the peer at this address from now on, and no more at the one before.
     *
     * @throws TransportException when that cannot be
     */
    public void connect(final InetSocketAddress peer)
    {
        endpoints = endpoints.to(peer);
        CloseHelper.closeAll(control, journal);
        needsNudge = false;
        publish();
    }

    private void publish()
    {
        control = publish(CONTROL_STREAM, CONTROL_TERM_BYTES);
        journal = publish(JOURNAL_STREAM, JOURNAL_TERM_BYTES);
        probe.to(driver.aeron(), endpoints.peerChannel());
    }

    /** A process of the peer went: there may be room again for the buffers of the next one. */
    private void onUnavailable(final Image image, final FragmentAssembler assembler)
    {
        assembler.freeSessionBuffer(image.sessionId());
        driver.reserveRoom();
    }

    private Subscription subscribe(final int stream, final FragmentAssembler assembler)
    {
        try
        {
            return driver.aeron().addSubscription(endpoints.ownChannel(), stream,
                image -> driver.reserveRoom(),
                image -> onUnavailable(image, assembler));
        }
        catch (final AeronException e)
        {
            throw new TransportException(("node %s cannot receive on UDP %s: %s; stop what uses that address, or " +
                "give the node one that this host has and that is free").formatted(
                endpoints.node(), endpoints.ownAddress(), EmbeddedDriver.firstLine(e)), e);
        }
    }

    private ExclusivePublication publish(final int stream, final int termBytes)
    {
        try
        {
            return driver.aeron().addExclusivePublication(endpoints.peerChannel() + "|term-length=" + termBytes, stream);
        }
        catch (final AeronException e)
        {
            throw new TransportException(("node %s cannot send to its peer at UDP %s: %s; correct the peer's " +
                "address, or make room for the buffers in %s").formatted(
                endpoints.node(), endpoints.peerAddress(), EmbeddedDriver.firstLine(e), endpoints.aeronDirectory()), e);
        }
    }

    @Override
    public int doWork(final Receiver to)
    {
        receiver = to;
        hasOffered = false;
        final int work = driver.doWork();
        final int received = controlSubscription.poll(controlAssembler, FRAGMENT_LIMIT) +
            journalSubscription.poll(journalAssembler, FRAGMENT_LIMIT) + probe.poll(System.nanoTime());
        driver.registerSockets();
        if (work + received > 0)
        {
            lastActiveNs = System.nanoTime();
        }
        if (needsNudge)
        {
            nudge();
        }
        return work + received;
    }

    /** Has the peer see that an entry before this is missing, should the last one have been lost. */
    private void nudge()
    {
        final long nowNs = System.nanoTime();
        if (nowNs - lastOfferNs >= NUDGE_NS)
        {
            mark.putLong(0, 0);
            needsNudge = journal.offer(mark, 0, MARK_BYTES) < 0 && journal.isConnected();
            hasOffered = true;
            lastActiveNs = nowNs;
        }
    }

    /** A duty cycle of the driver alone. */
    @Override
    public void flush()
    {
        if (hasOffered)
        {
            hasOffered = false;
            driver.drive();
        }
    }

    /** A duty cycle of the driver: what came is stored, and not handed on. */
    void drive()
    {
        driver.drive();
    }

    /** 1 while something is under way, so that losses are repaired soon, else what it was created with. */
    @Override
    public long maxSleepMs(final long nowNs)
    {
        return nowNs - lastActiveNs < ACTIVE_NS ? ACTIVE_SLEEP_MS : idleSleepMs;
    }

    @Override
    public boolean carriesFullDatagrams()
    {
        return probe.isProven(System.nanoTime());
    }

    @Override
    public String trouble()
    {
        return !probe.isSwallowed() ? null : String.format(Locale.ROOT,
            "the path to %s swallows packets of %d bytes, and lets short ones pass; set mtu in the configuration of both " +
            "nodes to what passes, such as 1280", endpoints.peerAddress(), endpoints.packetBytes());
    }

    /** True up to {@link #LIVENESS_TIMEOUT_NS} after the peer went. */
    @Override
    public boolean isConnected()
    {
        return journal != null && journal.isConnected();
    }

    /** Never on the strength of streams of a process that another one has replaced. */
    @Override
    public boolean receivesEntriesOf(final long speaker)
    {
        // Not for the hot path: a pair has one or two images, and this is asked when a backup joins.
        final Image control = controlSubscription.imageBySessionId((int)speaker);
        if (control == null)
        {
            return false;
        }
        for (final Image image : journalSubscription.images())
        {
            if (image.sourceIdentity().equals(control.sourceIdentity()))
            {
                return true;
            }
        }
        return false;
    }

    /** It is sent in the next {@link #flush} or {@link #doWork}. */
    @Override
    public boolean offerEntry(final long session, final DirectBuffer entry, final int offset, final int length)
    {
        if (journal == null)
        {
            return false;
        }
        mark.putLong(0, session);
        final long result = journal.offer(mark, 0, MARK_BYTES, entry, offset, length);
        if (result > 0)
        {
            sentEntries++;
            sentBytes += length;
            lastOfferNs = System.nanoTime();
            lastActiveNs = lastOfferNs;
            needsNudge = true;
            hasOffered = true;
            return true;
        }
        failIfClosed(result);
        return false;
    }

    /** Number of the entries sent so far. */
    public long sentEntries()
    {
        return sentEntries;
    }

    /** Number of the entries received so far. */
    public long receivedEntries()
    {
        return receivedEntries;
    }

    /** Length of the entries sent so far, in bytes. */
    public long sentBytes()
    {
        return sentBytes;
    }

    /** Length of the entries received so far, in bytes. */
    public long receivedBytes()
    {
        return receivedBytes;
    }

    /** It is sent in the next {@link #flush} or {@link #doWork}. */
    @Override
    public boolean offerControl(final DirectBuffer message, final int offset, final int length)
    {
        if (control == null)
        {
            return false;
        }
        final long result = control.offer(message, offset, length);
        hasOffered = true;
        failIfClosed(result);
        return result > 0;
    }

    private static void failIfClosed(final long result)
    {
        if (result == Publication.CLOSED || result == Publication.MAX_POSITION_EXCEEDED)
        {
            throw new IllegalStateException(
                "the publication to the peer has ended: " + Publication.errorString(result));
        }
    }

    private void onJournalMessage(
        final DirectBuffer buffer, final int offset, final int length, final Header header)
    {
        if (length == MARK_BYTES)
        {
            // A nudge.
            return;
        }
        if (length < MARK_BYTES)
        {
            receiver.onStray("a journal message of " + length + " bytes was dropped: it is none of understudy's");
            return;
        }
        receivedEntries++;
        receivedBytes += length - MARK_BYTES;
        receiver.onEntry(buffer.getLong(offset), buffer, offset + MARK_BYTES, length - MARK_BYTES);
    }

    private void onControlMessage(
        final DirectBuffer buffer, final int offset, final int length, final Header header)
    {
        receiver.onControl(header.sessionId(), buffer, offset, length);
    }

    /** Frees the addresses and deletes the buffers. On the agent thread. */
    @Override
    public void close()
    {
        driver.close();
    }
}
