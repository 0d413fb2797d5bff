package dev.understudy.transport;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.ExclusivePublication;
import io.aeron.FragmentAssembler;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.Configuration;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ReceiveChannelEndpointSupplier;
import io.aeron.driver.SendChannelEndpointSupplier;
import io.aeron.driver.ThreadingMode;
import io.aeron.driver.media.UdpChannelTransport;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.Header;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.DirectBuffer;
import org.agrona.ErrorHandler;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The link of a replica to its peer: the journal and the control messages, over Aeron with an embedded media driver.
 * <p>
 * Nothing here has a thread. The driver, the client and the polling all run in {@link #doWork}, on the agent thread,
 * which sleeps in a selector that also watches the driver's sockets: so an idle link costs nothing, and a datagram is
 * taken up at once. Aeron's own timers (status messages, loss, set-up) run in the same calls: the caller sleeps no
 * longer than {@link #maxSleepMs}.
 */
public final class PairTransport implements AutoCloseable
{
    private static final int JOURNAL_STREAM = 1;
    private static final int CONTROL_STREAM = 2;

    /** Room for 100 ms of 80 MB/s that the peer has not taken. */
    private static final int JOURNAL_TERM_BYTES = 8 << 20;
    private static final int CONTROL_TERM_BYTES = 64 << 10;

    /** After this the image of a silent peer is dropped; heartbeats decide long before. */
    private static final long LIVENESS_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(2);
    private static final long CLIENT_LIVENESS_TIMEOUT_NS = TimeUnit.MINUTES.toNanos(10);
    private static final long DRIVER_TIMEOUT_MS = TimeUnit.MINUTES.toMillis(10);

    /** Status messages more often than by default, so that a new peer is found soon. */
    private static final long STATUS_MESSAGE_TIMEOUT_NS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int FRAGMENT_LIMIT = 64;
    private static final int DRIVER_CYCLES = 4;
    private static final int MARK_BYTES = Long.BYTES;

    /** Time after the last traffic for which Aeron's loss detection gets its short timers. */
    private static final long ACTIVE_NS = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long ACTIVE_SLEEP_MS = 1;

    private final PairHandler handler;
    private final Selector selector;
    private final List<UdpChannelTransport> unregistered = new ArrayList<>();
    private final MediaDriver driver;
    private final Aeron aeron;
    private final ExclusivePublication journal;
    private final ExclusivePublication control;
    private final Subscription journalSubscription;
    private final Subscription controlSubscription;
    private final FragmentAssembler journalAssembler = new FragmentAssembler(this::onJournalMessage);
    private final FragmentAssembler controlAssembler;
    private final ControlMessages messages;
    private final UnsafeBuffer mark = new UnsafeBuffer(new byte[MARK_BYTES]);
    private final long idleSleepMs;

    private long lastActiveNs;
    private long sentBytes;
    private long receivedBytes;

    /**
     * @param incarnation random number of this process
     * @param selector    woken by datagrams from now on; its keys for the link have no attachment
     * @param idleSleepMs the longest sleep while nothing is under way
     * @throws TransportException when the address cannot be had
     */
    public PairTransport(
        final PairEndpoints endpoints,
        final long incarnation,
        final Selector selector,
        final long idleSleepMs,
        final PairHandler handler,
        final ErrorHandler errorHandler)
    {
        this.handler = handler;
        this.selector = selector;
        this.idleSleepMs = idleSleepMs;
        messages = new ControlMessages(endpoints.node(), incarnation);
        final FragmentHandler onControl =
            (buffer, offset, length, header) -> messages.dispatch(buffer, offset, length, handler);
        controlAssembler = new FragmentAssembler(onControl);
        driver = MediaDriver.launch(driverContext(endpoints, errorHandler));
        try
        {
            aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(driver.aeronDirectoryName())
                .driverAgentInvoker(driver.sharedAgentInvoker())
                .useConductorAgentInvoker(true)
                .errorHandler(errorHandler));
            controlSubscription = aeron.addSubscription(endpoints.ownChannel(), CONTROL_STREAM);
            journalSubscription = aeron.addSubscription(endpoints.ownChannel(), JOURNAL_STREAM);
            control = aeron.addExclusivePublication(
                endpoints.peerChannel() + "|term-length=" + CONTROL_TERM_BYTES, CONTROL_STREAM);
            journal = aeron.addExclusivePublication(
                endpoints.peerChannel() + "|term-length=" + JOURNAL_TERM_BYTES, JOURNAL_STREAM);
        }
        catch (final RuntimeException e)
        {
            driver.close();
            throw new TransportException(("node %s cannot receive on UDP %s: %s; stop what uses that address, or give " +
                "the node another one").formatted(endpoints.node(), endpoints.own(), firstLine(e)), e);
        }
    }

    private MediaDriver.Context driverContext(final PairEndpoints endpoints, final ErrorHandler errorHandler)
    {
        final SendChannelEndpointSupplier senders = Configuration.sendChannelEndpointSupplier();
        final ReceiveChannelEndpointSupplier receivers = Configuration.receiveChannelEndpointSupplier();
        return new MediaDriver.Context()
            .aeronDirectoryName(endpoints.aeronDirectory().toString())
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true)
            .threadingMode(ThreadingMode.INVOKER)
            .errorHandler(errorHandler)
            .publicationTermBufferLength(CONTROL_TERM_BYTES)
            .clientLivenessTimeoutNs(CLIENT_LIVENESS_TIMEOUT_NS)
            .driverTimeoutMs(DRIVER_TIMEOUT_MS)
            .imageLivenessTimeoutNs(LIVENESS_TIMEOUT_NS)
            .publicationConnectionTimeoutNs(LIVENESS_TIMEOUT_NS)
            .flowControlReceiverTimeoutNs(LIVENESS_TIMEOUT_NS)
            .publicationUnblockTimeoutNs(2 * CLIENT_LIVENESS_TIMEOUT_NS)
            .statusMessageTimeoutNs(STATUS_MESSAGE_TIMEOUT_NS)
            .sendChannelEndpointSupplier((channel, status, context) ->
                remember(senders.newInstance(channel, status, context)))
            .receiveChannelEndpointSupplier((channel, dispatcher, status, context) ->
                remember(receivers.newInstance(channel, dispatcher, status, context)));
    }

    private <T extends UdpChannelTransport> T remember(final T transport)
    {
        unregistered.add(transport);
        return transport;
    }

    /** One duty cycle of everything; returns the work done. Does not block. */
    public int doWork()
    {
        int work = 0;
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
            journalSubscription.poll(journalAssembler, FRAGMENT_LIMIT);
        if (!unregistered.isEmpty())
        {
            registerSockets();
        }
        if (received > 0)
        {
            lastActiveNs = System.nanoTime();
        }
        return work + received;
    }

    /** Sends what was offered, without receiving. */
    public void flush()
    {
        driver.sharedAgentInvoker().invoke();
    }

    /** The longest that the caller may sleep before the next {@link #doWork}. */
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

    /**
     * Offers one entry.
     *
     * @return false when it was not taken: the peer is not there or is behind; offer it again
     */
    public boolean offerEntry(final long session, final DirectBuffer entry, final int offset, final int length)
    {
        mark.putLong(0, session);
        final long result = journal.offer(mark, 0, MARK_BYTES, entry, offset, length);
        if (result > 0)
        {
            sentBytes += length;
            lastActiveNs = System.nanoTime();
            return true;
        }
        failIfClosed(result);
        return false;
    }

    public boolean heartbeat(
        final long generation,
        final int role,
        final boolean solo,
        final long journalSequence,
        final long position,
        final long releasedOutputs)
    {
        return send(messages.heartbeat(generation, role, solo, journalSequence, position, releasedOutputs));
    }

    public boolean join(final long generation, final long haveSequence, final long chainHigh, final long chainLow)
    {
        return send(messages.join(generation, haveSequence, chainHigh, chainLow));
    }

    public boolean joinReply(final long generation, final long fromSequence, final long session)
    {
        return send(messages.joinReply(generation, fromSequence, session));
    }

    public boolean acknowledge(
        final long generation,
        final long session,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        return send(messages.acknowledge(generation, session, journalSequence, replayedSequence, replayedTimeNs));
    }

    public boolean goodbye(final long generation, final String reason)
    {
        return send(messages.goodbye(generation, reason));
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
        final long result = control.offer(messages.buffer(), 0, length);
        failIfClosed(result);
        return result > 0;
    }

    private static void failIfClosed(final long result)
    {
        if (result == Publication.CLOSED || result == Publication.MAX_POSITION_EXCEEDED)
        {
            throw new IllegalStateException("the publication to the peer has ended: " + Publication.errorString(result));
        }
    }

    private void onJournalMessage(
        final DirectBuffer buffer, final int offset, final int length, final Header header)
    {
        if (length <= MARK_BYTES)
        {
            handler.onUnknownMessage("a journal message of " + length + " bytes");
            return;
        }
        receivedBytes += length - MARK_BYTES;
        handler.onEntry(buffer.getLong(offset), buffer, offset + MARK_BYTES, length - MARK_BYTES);
    }

    private static String firstLine(final RuntimeException e)
    {
        final String message = String.valueOf(e.getMessage());
        return message.lines().findFirst().orElse(message);
    }

    @Override
    public void close()
    {
        aeron.close();
        driver.close();
    }

    /**
     * A directory for the buffers of this process; those of processes that have died are deleted.
     *
     * @param name of the node
     */
    public static Path directoryFor(final String name)
    {
        final String prefix = "understudy-" + name.replaceAll("[^A-Za-z0-9_-]", "_") + "-";
        final Path parent = Path.of(CommonContext.getAeronDirectoryName()).toAbsolutePath().getParent();
        try (Stream<Path> entries = Files.list(parent))
        {
            for (final Path entry : entries.filter(it -> it.getFileName().toString().startsWith(prefix)).toList())
            {
                final String pid = entry.getFileName().toString().substring(prefix.length());
                if (pid.matches("\\d{1,18}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty())
                {
                    IoUtil.delete(entry.toFile(), true);
                }
            }
        }
        catch (final IOException e)
        {
            throw new TransportException("the directory " + parent + " cannot be read: " + e.getMessage(), e);
        }
        return parent.resolve(prefix + ProcessHandle.current().pid());
    }
}
