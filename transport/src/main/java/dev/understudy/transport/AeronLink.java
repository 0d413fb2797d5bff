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
    private final UnsafeBuffer mark = new UnsafeBuffer(new byte[MARK_BYTES]);
    private final long idleSleepMs;

    private long lastActiveNs = System.nanoTime();
    private long lastOfferNs;
    private boolean needsNudge;
    private boolean hasOffered;

    /** Takes what arrives; null outside of {@link #doWork}. */
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
    AeronLink(
        final PairEndpoints endpoints,
        final Selector selector,
        final long idleSleepMs,
        final ErrorHandler errorHandler,
        final SendChannelEndpointSupplier senders,
        final ReceiveChannelEndpointSupplier receivers)
    {
        this.endpoints = endpoints;
        this.selector = selector;
        this.idleSleepMs = idleSleepMs;
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

    @Override
    public int doWork(final Receiver to)
    {
        receiver = to;
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

    /** A duty cycle of the driver alone. */
    @Override
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

    /** 1 while something is under way, so that losses are repaired soon, else what it was created with. */
    @Override
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
