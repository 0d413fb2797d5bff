package dev.understudy.transport;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.RethrowingErrorHandler;
import io.aeron.Subscription;
import io.aeron.driver.Configuration;
import io.aeron.driver.DataPacketDispatcher;
import io.aeron.driver.DefaultReceiveChannelEndpointSupplier;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ReceiveChannelEndpointSupplier;
import io.aeron.driver.SendChannelEndpointSupplier;
import io.aeron.driver.ThreadingMode;
import io.aeron.driver.media.ReceiveChannelEndpoint;
import io.aeron.driver.media.UdpChannel;
import io.aeron.driver.media.UdpChannelTransport;
import io.aeron.exceptions.AeronException;
import io.aeron.logbuffer.Header;
import io.aeron.protocol.SetupFlyweight;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * The link of a replica to its peer: the journal and the control messages, over Aeron with an embedded media driver.
 * <p>
 * Nothing here has a thread. The driver, the client and the polling all run in {@link #doWork}, on the agent thread,
 * which sleeps in a selector that also watches the driver's sockets: so an idle link costs little, and a datagram is
 * taken up at once. Aeron's own timers (status messages, loss, set-up) run in the same calls: the caller sleeps no
 * longer than {@link #maxSleepMs}.
 * <p>
 * What is sent is handed on in order and whole, or not at all; across a restart of either process, or a silence of
 * {@link #LIVENESS_TIMEOUT_NS}, entries are lost without notice: journal entries carry the session that they were
 * offered with, and their own numbers, so that the receiver sees it. Not thread-safe: every call on the agent thread.
 */
public final class PairTransport implements AutoCloseable
{
    private static final int JOURNAL_STREAM = 1;
    private static final int CONTROL_STREAM = 2;

    /** Room for 25 ms of 80 MB/s that the peer has not taken. Every term stays in memory once it was used. */
    private static final int JOURNAL_TERM_BYTES = 2 << 20;
    private static final int CONTROL_TERM_BYTES = 64 << 10;

    /** The least that Aeron takes: with its default they are 40 MiB of memory, for some thirty counters. */
    private static final int COUNTERS_BYTES = Configuration.COUNTERS_VALUES_BUFFER_LENGTH_MIN;

    /** After this the image of a silent peer is dropped; heartbeats decide long before. */
    private static final long LIVENESS_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);

    /**
     * Driver and client share a thread and cannot lose each other; a process that was stopped for a day must not take
     * its own pause for the death of its driver.
     */
    private static final long CLIENT_LIVENESS_TIMEOUT_NS = TimeUnit.DAYS.toNanos(365);
    private static final long DRIVER_TIMEOUT_MS = TimeUnit.DAYS.toMillis(365);

    /** Status messages more often than by default, so that a new peer is found soon. */
    private static final long STATUS_MESSAGE_TIMEOUT_NS = TimeUnit.MILLISECONDS.toNanos(50);

    /**
     * Room in the kernel for what comes while the agent thread does not run: it counts about 800 bytes for a datagram
     * of 100, so that Aeron's default of 128 KiB overflows long before Aeron's window of as much is full. With it the
     * demo lost some 70 datagrams a run, with this none.
     */
    private static final int RECEIVE_BUFFER_BYTES = 1 << 20;

    private static final int FRAGMENT_LIMIT = 64;
    private static final int DRIVER_CYCLES = 4;
    private static final int MARK_BYTES = Long.BYTES;

    /** The longest entry, in bytes: the most that Aeron puts into one message, an eighth of a term. */
    public static final int MAX_ENTRY_BYTES = JOURNAL_TERM_BYTES / 8 - MARK_BYTES;

    /** Time after the last traffic for which Aeron's loss detection gets its short timers. */
    private static final long ACTIVE_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long ACTIVE_SLEEP_MS = 1;

    /**
     * Quiet after which an empty message follows the last entry: without it the peer would learn only 100 ms later,
     * from Aeron's own heartbeat, that the last entry was lost, and outputs would wait as long.
     */
    private static final long NUDGE_NS = TimeUnit.MILLISECONDS.toNanos(2);

    /** Buffers for what a peer sends: three terms of each stream; and those of the process that takes its place. */
    private static final int IMAGE_BYTES = 3 * (JOURNAL_TERM_BYTES + 2 * CONTROL_TERM_BYTES) + (64 << 10);
    private static final int RESERVE_BYTES = 2 * IMAGE_BYTES;

    /** The link's buffers at most, in MiB: what is sent, as much as is received from one process; and the driver's. */
    private static final int BUFFERS_MB = 24;

    private static final Pattern CHANNEL_ERROR = Pattern.compile("channel error - (.*?) \\(at ");

    private final PairHandler handler;
    private final Selector selector;
    private final List<UdpChannelTransport> unregistered = new ArrayList<>();
    private final MediaDriver driver;
    private final Aeron aeron;
    private ExclusivePublication journal;
    private ExclusivePublication control;
    private final Subscription journalSubscription;
    private final Subscription controlSubscription;
    private final PathProbe probe;
    private final BufferRoom room;
    private final LinkErrors errors;
    private PairEndpoints endpoints;
    private final FragmentAssembler journalAssembler = new FragmentAssembler(this::onJournalMessage);
    private final FragmentAssembler controlAssembler;
    private final ControlMessages messages;
    private final UnsafeBuffer mark = new UnsafeBuffer(new byte[MARK_BYTES]);
    private final long idleSleepMs;
    private final long silenceNs;

    private long lastActiveNs = System.nanoTime();
    private long lastOfferNs;
    private boolean needsNudge;
    private boolean hasOffered;

    /** The peer's present process: its control stream, the socket that it sends from, and when it last spoke. */
    private int controlSession;
    private String peerSource;
    private long lastControlNs;
    private long sentEntries;
    private long sentBytes;
    private long receivedEntries;
    private long receivedBytes;

    /**
     * @param incarnation  random number of this process
     * @param selector     woken by datagrams from now on; its keys for the link have no attachment. It stays the
     *                     caller's, who closes it after the transport
     * @param idleSleepMs  the longest sleep while nothing is under way, in milliseconds; about the interval of the
     *                     heartbeats
     * @param silenceMs    the peer's present process is heard, and no other one that speaks in its place, until it has
     *                     been silent for so long, in milliseconds
     * @param errorHandler told of what went wrong within Aeron; what the handler of the peer's messages throws comes
     *                     out of {@link #doWork}
     * @throws TransportException when the address or the buffers cannot be had
     */
    public PairTransport(
        final PairEndpoints endpoints,
        final long incarnation,
        final Selector selector,
        final long idleSleepMs,
        final long silenceMs,
        final PairHandler handler,
        final ErrorHandler errorHandler)
    {
        this(endpoints, incarnation, selector, idleSleepMs, silenceMs, handler, errorHandler,
            Configuration.sendChannelEndpointSupplier(), receiversByOption());
    }

    /** Those that Aeron's option names, which lose what passes in a test say; null when it names none. */
    private static ReceiveChannelEndpointSupplier receiversByOption()
    {
        final ReceiveChannelEndpointSupplier named = Configuration.receiveChannelEndpointSupplier();
        return named instanceof DefaultReceiveChannelEndpointSupplier ? null : named;
    }

    /**
     * The same with sockets that may lose what passes.
     *
     * @param receivers null for those that give the reserve to the buffers of a peer that comes
     */
    PairTransport(
        final PairEndpoints endpoints,
        final long incarnation,
        final Selector selector,
        final long idleSleepMs,
        final long silenceMs,
        final PairHandler handler,
        final ErrorHandler errorHandler,
        final SendChannelEndpointSupplier senders,
        final ReceiveChannelEndpointSupplier receivers)
    {
        this.endpoints = endpoints;
        this.handler = handler;
        this.selector = selector;
        this.idleSleepMs = idleSleepMs;
        silenceNs = TimeUnit.MILLISECONDS.toNanos(silenceMs);
        messages = new ControlMessages(endpoints.node(), incarnation);
        controlAssembler = new FragmentAssembler(this::onControlMessage);
        room = new BufferRoom(endpoints.aeronDirectory(), RESERVE_BYTES);
        errors = new LinkErrors(errorHandler);
        final SteadyClock clock = new SteadyClock();
        driver = launch(endpoints, driverContext(endpoints, clock, errors, senders, receivers));
        Aeron client = null;
        try
        {
            client = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(driver.aeronDirectoryName())
                .driverAgentInvoker(driver.sharedAgentInvoker())
                .useConductorAgentInvoker(true)
                .epochClock(clock)
                .driverTimeoutMs(DRIVER_TIMEOUT_MS)
                .errorHandler(errors)
                .subscriberErrorHandler(RethrowingErrorHandler.INSTANCE));
            controlSubscription = subscribe(client, endpoints, CONTROL_STREAM, controlAssembler);
            journalSubscription = subscribe(client, endpoints, JOURNAL_STREAM, journalAssembler);
            probe = new PathProbe(client, endpoints.ownChannel(), endpoints.datagramBytes());
            if (!endpoints.peer().isUnresolved())
            {
                publish(client);
            }
            takeRoom();
        }
        catch (final RuntimeException e)
        {
            CloseHelper.quietCloseAll(client, driver);
            throw e;
        }
        aeron = client;
        errors.opened();
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
        publish(aeron);
    }

    private void publish(final Aeron client)
    {
        control = publish(client, endpoints, CONTROL_STREAM, CONTROL_TERM_BYTES);
        journal = publish(client, endpoints, JOURNAL_STREAM, JOURNAL_TERM_BYTES);
        probe.to(client, endpoints.peerChannel());
    }

    private static MediaDriver launch(final PairEndpoints endpoints, final MediaDriver.Context context)
    {
        try
        {
            BufferRoom.require(endpoints.aeronDirectory(), BUFFERS_MB << 20);
            return MediaDriver.launch(context);
        }
        catch (final RuntimeException | InternalError e)
        {
            throw noBuffers(endpoints, firstLine(e), e);
        }
        catch (final IOException e)
        {
            throw noBuffers(endpoints, e.getMessage(), e);
        }
    }

    private static TransportException noBuffers(
        final PairEndpoints endpoints, final String reason, final Throwable cause)
    {
        return new TransportException(String.format(Locale.ROOT,
            "node %s cannot have the buffers of its link in %s: %s; make room there (%d MiB) and see that it may be written",
            endpoints.node(), endpoints.aeronDirectory(), reason, BUFFERS_MB), cause);
    }

    private void takeRoom()
    {
        try
        {
            room.take();
        }
        catch (final IOException e)
        {
            throw noBuffers(endpoints, e.getMessage(), e);
        }
    }

    /** A process of the peer went: there may be room again for the buffers of the next one. */
    private void onUnavailable(final Image image, final FragmentAssembler assembler)
    {
        assembler.freeSessionBuffer(image.sessionId());
        room.reserve();
    }

    /** A receiver that has room made before the driver looks for the buffers of a stream that begins. */
    private ReceiveChannelEndpoint receiver(
        final UdpChannel channel,
        final DataPacketDispatcher dispatcher,
        final AtomicCounter status,
        final MediaDriver.Context context)
    {
        return new ReceiveChannelEndpoint(channel, dispatcher, status, context)
        {
            @Override
            public void onSetupMessage(
                final SetupFlyweight setup,
                final UnsafeBuffer buffer,
                final int length,
                final InetSocketAddress source,
                final int transportIndex)
            {
                room.release();
                super.onSetupMessage(setup, buffer, length, source, transportIndex);
            }
        };
    }

    private Subscription subscribe(
        final Aeron aeron,
        final PairEndpoints endpoints,
        final int stream,
        final FragmentAssembler assembler)
    {
        try
        {
            return aeron.addSubscription(endpoints.ownChannel(), stream,
                image -> room.reserve(),
                image -> onUnavailable(image, assembler));
        }
        catch (final AeronException e)
        {
            throw new TransportException(("node %s cannot receive on UDP %s: %s; stop what uses that address, or " +
                "give the node one that this host has and that is free").formatted(
                endpoints.node(), endpoints.ownAddress(), firstLine(e)), e);
        }
    }

    private static ExclusivePublication publish(
        final Aeron aeron, final PairEndpoints endpoints, final int stream, final int termBytes)
    {
        try
        {
            return aeron.addExclusivePublication(endpoints.peerChannel() + "|term-length=" + termBytes, stream);
        }
        catch (final AeronException e)
        {
            throw new TransportException(("node %s cannot send to its peer at UDP %s: %s; correct the peer's " +
                "address, or make room for the buffers in %s").formatted(
                endpoints.node(), endpoints.peerAddress(), firstLine(e), endpoints.aeronDirectory()), e);
        }
    }

    private MediaDriver.Context driverContext(
        final PairEndpoints endpoints,
        final SteadyClock clock,
        final ErrorHandler errorHandler,
        final SendChannelEndpointSupplier senders,
        final ReceiveChannelEndpointSupplier receivers)
    {
        return new MediaDriver.Context()
            .aeronDirectoryName(endpoints.aeronDirectory().toString())
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true)
            .threadingMode(ThreadingMode.INVOKER)
            .asyncExecutorEnabled(false)
            .epochClock(clock)
            .errorHandler(errorHandler)
            // Not sparse: the memory is taken when the buffers are made, after a look whether there is room.
            .termBufferSparseFile(false)
            .lowStorageWarningThreshold(0)
            .counterValuesBufferLength(COUNTERS_BYTES)
            .publicationTermBufferLength(CONTROL_TERM_BYTES)
            .clientLivenessTimeoutNs(CLIENT_LIVENESS_TIMEOUT_NS)
            .driverTimeoutMs(DRIVER_TIMEOUT_MS)
            .imageLivenessTimeoutNs(LIVENESS_TIMEOUT_NS)
            .publicationConnectionTimeoutNs(LIVENESS_TIMEOUT_NS)
            .flowControlReceiverTimeoutNs(LIVENESS_TIMEOUT_NS)
            .publicationUnblockTimeoutNs(2 * CLIENT_LIVENESS_TIMEOUT_NS)
            .statusMessageTimeoutNs(STATUS_MESSAGE_TIMEOUT_NS)
            .socketRcvbufLength(receiveBufferBytes())
            .mtuLength(endpoints.datagramBytes())
            .sendChannelEndpointSupplier((channel, status, context) ->
                remember(senders.newInstance(channel, status, context)))
            .receiveChannelEndpointSupplier((channel, dispatcher, status, context) ->
                remember(receivers == null ? receiver(channel, dispatcher, status, context) :
                    receivers.newInstance(channel, dispatcher, status, context)));
    }

    /** As much as is wanted and the host allows. */
    private static int receiveBufferBytes()
    {
        int allowed = Configuration.SOCKET_RCVBUF_LENGTH_DEFAULT;
        try (DatagramChannel channel = DatagramChannel.open())
        {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER_BYTES);
            allowed = Math.max(allowed, channel.getOption(StandardSocketOptions.SO_RCVBUF));
        }
        catch (final IOException e)
        {
            // The driver will say what is wrong with sockets on this host.
        }
        return Math.min(allowed, RECEIVE_BUFFER_BYTES);
    }

    private <T extends UdpChannelTransport> T remember(final T transport)
    {
        unregistered.add(transport);
        return transport;
    }

    /** One duty cycle of everything; returns the work done. Does not block. */
    public int doWork()
    {
        if (errors.lostMemory() != null)
        {
            throw new TransportException("the memory of the link's buffers in " + endpoints.aeronDirectory() +
                " is gone: the file system there is full, or was unmounted; make room there (" + BUFFERS_MB + " MiB)",
                errors.lostMemory());
        }
        int work = 0;
        hasOffered = false;
        // A message may pass conductor, sender and receiver in turn: a few cycles spare it as many sleeps.
        for (int i = 0; i < DRIVER_CYCLES; i++)
        {
            final int driven = driver.sharedAgentInvoker().invoke();
            work += driven;
            if (driven == 0)
            {
                break;
            }
        }
        work += aeron.conductorAgentInvoker().invoke();
        final int received = controlSubscription.poll(controlAssembler, FRAGMENT_LIMIT) +
            journalSubscription.poll(journalAssembler, FRAGMENT_LIMIT) + probe.poll(System.nanoTime());
        if (!unregistered.isEmpty())
        {
            registerSockets();
        }
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

    /**
     * Sends what was offered since the last call or {@link #doWork} at once: a duty cycle of the driver alone, in which
     * the handler is not called.
     */
    public void flush()
    {
        if (hasOffered)
        {
            hasOffered = false;
            drive();
        }
    }

    /** A duty cycle of the driver: what came is stored, and not handed on. */
    void drive()
    {
        driver.sharedAgentInvoker().invoke();
    }

    /**
     * The longest that the caller may sleep before the next {@link #doWork}, in milliseconds: 1 while something is
     * under way, so that losses are repaired soon, else what it was created with.
     *
     * @param nowNs of {@link System#nanoTime}
     */
    public long maxSleepMs(final long nowNs)
    {
        return nowNs - lastActiveNs < ACTIVE_NS ? ACTIVE_SLEEP_MS : idleSleepMs;
    }

    private void registerSockets()
    {
        unregistered.removeIf(transport ->
        {
            final DatagramChannel channel = transport.receiveDatagramChannel();
            if (channel == null)
            {
                // The driver has not opened the endpoint yet.
                return false;
            }
            try
            {
                channel.register(selector, SelectionKey.OP_READ);
            }
            catch (final ClosedChannelException e)
            {
                // The driver has closed the endpoint again: nothing will arrive there.
            }
            return true;
        });
    }

    /** Whether datagrams of full length have arrived at the peer lately. */
    public boolean carriesFullDatagrams()
    {
        return probe.isProven(System.nanoTime());
    }

    /** What is known to be wrong with the path to the peer, which is there, in a sentence; null for nothing. */
    public String trouble()
    {
        return !probe.isSwallowed() ? null : String.format(Locale.ROOT,
            "the path to %s swallows packets of %d bytes, and lets short ones pass; set mtu in the configuration of both " +
            "nodes to what passes, such as 1280", endpoints.peerAddress(), endpoints.packetBytes());
    }

    /**
     * Whether entries can go both ways; true up to {@link #LIVENESS_TIMEOUT_NS} after the peer went, but never on the
     * strength of streams of a process that another one has replaced.
     */
    public boolean isJournalConnected()
    {
        return journal != null && journal.isConnected() && receivesJournal();
    }

    /** Whether entries that the peer's present process offers from now on will arrive here. */
    private boolean receivesJournal()
    {
        // Not for the hot path: a pair has one or two images, and this is asked when a backup joins.
        for (final Image image : journalSubscription.images())
        {
            if (image.sourceIdentity().equals(peerSource))
            {
                return true;
            }
        }
        return false;
    }

    /**
     * Offers one entry. Does not block, and allocates nothing. It is sent in the next {@link #flush} or
     * {@link #doWork}.
     *
     * @param session handed to the peer with the entry; not 0
     * @param length  up to {@link #MAX_ENTRY_BYTES}
     * @return false when it was not taken: the peer is not there or is behind; offer it again
     */
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

    /**
     * Says that this node lives. Like all control messages it is sent in the next {@link #flush} or {@link #doWork}.
     *
     * @param role           a number below 256 that both nodes understand alike
     * @param journalSequence of the newest entry that this node has
     * @param position       of the guest
     * @param releasedOutputs number of outputs that were released
     * @param claimHigh       first half of the claim of the term that this node has, or sees at the arbiter; 0 with the
     *                        second for none
     * @param trouble         what is wrong with the arbiter, in at most 400 characters; empty for nothing
     * @return false when it was not taken: the peer is not there or is behind
     */
    public boolean heartbeat(
        final long generation,
        final int role,
        final boolean solo,
        final long journalSequence,
        final long position,
        final long releasedOutputs,
        final long claimHigh,
        final long claimLow,
        final String trouble)
    {
        return send(messages.heartbeat(
            generation, role, solo, journalSequence, position, releasedOutputs, claimHigh, claimLow, trouble));
    }

    /**
     * Says where this node runs on a machine that it shares with the peer.
     *
     * @param busyPercent 0 to 100
     * @return false when it was not taken
     */
    public boolean placement(final long generation, final boolean upperHalf, final int busyPercent)
    {
        return send(messages.placement(generation, upperHalf, busyPercent));
    }

    /**
     * Asks for the journal after what this node has. Not sent before the journal of the peer's present process can be
     * received: its first entries would be lost.
     *
     * @param haveSequence of the newest entry that this node has, -1 for none; the chain is the hash over it and all
     *                     before
     * @param settings     what must be the same at the peer, in at most 1,000 characters
     * @param reason       why it asks once more, in at most 400 characters; empty at first
     * @return false when it was not taken
     */
    public boolean join(
        final long generation,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String settings,
        final String reason)
    {
        return receivesJournal() &&
            send(messages.join(generation, haveSequence, chainHigh, chainLow, settings, reason));
    }

    /**
     * Says that the peer cannot be this node's backup, and why, in at most 400 characters.
     *
     * @return false when it was not taken
     */
    public boolean refuse(final long generation, final String reason)
    {
        return send(messages.refusal(generation, reason));
    }

    /**
     * Says from which entry on the journal will come, marked with which session.
     *
     * @return false when it was not taken
     */
    public boolean joinReply(final long generation, final long fromSequence, final long session)
    {
        return send(messages.joinReply(generation, fromSequence, session));
    }

    /**
     * Says what of the session is in this node's journal, and what it has replayed. Allocates nothing.
     *
     * @param replayedTimeNs guest time of the last replayed entry, in nanoseconds
     * @return false when it was not taken
     */
    public boolean acknowledge(
        final long generation,
        final long session,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        return send(messages.acknowledge(generation, session, journalSequence, replayedSequence, replayedTimeNs));
    }

    /**
     * Says that this node leaves in order, and why, in at most 400 characters.
     *
     * @return false when it was not taken
     */
    public boolean goodbye(final long generation, final String reason)
    {
        return send(messages.goodbye(generation, reason));
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

    private boolean send(final int length)
    {
        if (control == null)
        {
            return false;
        }
        final long result = control.offer(messages.buffer(), 0, length);
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
            messages.complain(handler,
                "a journal message of " + length + " bytes was dropped: it is none of understudy's");
            return;
        }
        receivedEntries++;
        receivedBytes += length - MARK_BYTES;
        handler.onEntry(buffer.getLong(offset), buffer, offset + MARK_BYTES, length - MARK_BYTES);
    }

    private void onControlMessage(
        final DirectBuffer buffer, final int offset, final int length, final Header header)
    {
        if (isFromPeer(header))
        {
            messages.dispatch(buffer, offset, length, handler);
        }
    }

    /**
     * Whether the peer's present process speaks, or another one after its silence. Two processes that both say they are
     * the peer would else be heard in turn, and neither would get answers to what it asked.
     */
    private boolean isFromPeer(final Header header)
    {
        final long nowNs = System.nanoTime();
        if (header.sessionId() != controlSession || peerSource == null)
        {
            if (peerSource != null && nowNs - lastControlNs < silenceNs)
            {
                return false;
            }
            controlSession = header.sessionId();
            peerSource = ((Image)header.context()).sourceIdentity();
            messages.onNewSpeaker();
        }
        lastControlNs = nowNs;
        return true;
    }

    /** What a person wants to know of Aeron's message, which names classes and methods as well. */
    private static String firstLine(final Throwable e)
    {
        final String message = String.valueOf(e.getMessage());
        final Matcher channelError = CHANNEL_ERROR.matcher(message);
        return channelError.find() ? channelError.group(1) : message.lines().findFirst().orElse(message);
    }

    /** Frees the addresses and deletes the buffers. On the agent thread. */
    @Override
    public void close()
    {
        CloseHelper.quietCloseAll(aeron, driver);
        try
        {
            if (selector.isOpen())
            {
                // A closed socket holds its address until the selector has forgotten it.
                selector.selectNow();
            }
        }
        catch (final IOException e)
        {
            // The address is free when the selector is closed, then.
        }
    }
}
