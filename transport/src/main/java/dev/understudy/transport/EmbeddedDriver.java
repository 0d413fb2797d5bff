package dev.understudy.transport;

import io.aeron.Aeron;
import io.aeron.RethrowingErrorHandler;
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
import org.agrona.ErrorHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * Aeron's media driver and a client of it, without a thread: both run in {@link #doWork}. It watches its sockets with a
 * selector of the caller's, and takes the memory of its buffers when they are made. Every call on the agent thread.
 */
final class EmbeddedDriver implements AutoCloseable
{
    /** The least that Aeron takes: with its default they are 40 MiB of memory, for some thirty counters. */
    private static final int COUNTERS_BYTES = Configuration.COUNTERS_VALUES_BUFFER_LENGTH_MIN;

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

    private static final int DRIVER_CYCLES = 4;
    /** Buffers for what a peer sends: three terms of each stream; and those of the process that takes its place. */
    private static final int IMAGE_BYTES = 3 * (AeronLink.JOURNAL_TERM_BYTES + 2 * AeronLink.CONTROL_TERM_BYTES) + (64 << 10);
    private static final int RESERVE_BYTES = 2 * IMAGE_BYTES;

    /** The link's buffers at most, in MiB: what is sent, as much as is received from one process; and the driver's. */
    private static final int BUFFERS_MB = 24;

    private static final Pattern CHANNEL_ERROR = Pattern.compile("channel error - (.*?) \\(at ");

    private final PairEndpoints endpoints;
    private final Selector selector;
    private final List<UdpChannelTransport> unregistered = new ArrayList<>();
    private final MediaDriver driver;
    private final Aeron aeron;
    private final BufferRoom room;
    private final LinkErrors errors;

    /**
     * @param selector  woken by datagrams from now on
     * @param receivers null for those that give the reserve to the buffers of a peer that comes
     * @throws TransportException when the buffers cannot be had
     */
    EmbeddedDriver(
        final PairEndpoints endpoints,
        final Selector selector,
        final ErrorHandler errorHandler,
        final SendChannelEndpointSupplier senders,
        final ReceiveChannelEndpointSupplier receivers)
    {
        this.endpoints = endpoints;
        this.selector = selector;
        room = new BufferRoom(endpoints.aeronDirectory(), RESERVE_BYTES);
        errors = new LinkErrors(errorHandler);
        final SteadyClock clock = new SteadyClock();
        driver = launch(endpoints, driverContext(endpoints, clock, errors, senders, receivers));
        try
        {
            aeron = Aeron.connect(new Aeron.Context()
                .aeronDirectoryName(driver.aeronDirectoryName())
                .driverAgentInvoker(driver.sharedAgentInvoker())
                .useConductorAgentInvoker(true)
                .epochClock(clock)
                .driverTimeoutMs(DRIVER_TIMEOUT_MS)
                .errorHandler(errors)
                .subscriberErrorHandler(RethrowingErrorHandler.INSTANCE));
        }
        catch (final RuntimeException e)
        {
            CloseHelper.quietClose(driver);
            throw e;
        }
    }

    /** Those that Aeron's option names, which lose what passes in a test say; null when it names none. */
    static ReceiveChannelEndpointSupplier receiversByOption()
    {
        final ReceiveChannelEndpointSupplier named = Configuration.receiveChannelEndpointSupplier();
        return named instanceof DefaultReceiveChannelEndpointSupplier ? null : named;
    }

    /** The client. */
    Aeron aeron()
    {
        return aeron;
    }

    /** Everything is open: problems that were kept are told, and from now on all are. */
    void opened()
    {
        errors.opened();
    }

    /**
     * A few duty cycles of the driver, and one of the client; returns the work done.
     *
     * @throws TransportException when the memory of the buffers is gone
     */
    int doWork()
    {
        if (errors.lostMemory() != null)
        {
            throw new TransportException("the memory of the link's buffers in " + endpoints.aeronDirectory() +
                " is gone: the file system there is full, or was unmounted; make room there (" + BUFFERS_MB + " MiB)",
                errors.lostMemory());
        }
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
        return work + aeron.conductorAgentInvoker().invoke();
    }

    /** A duty cycle of the driver alone. */
    void drive()
    {
        driver.sharedAgentInvoker().invoke();
    }

    /** Keeps room for the buffers of the peer's next process, if there is any. */
    void reserveRoom()
    {
        room.reserve();
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

    /**
     * Takes the room that is kept for the peer's buffers.
     *
     * @throws TransportException when there is none
     */
    void takeRoom()
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
            .publicationTermBufferLength(AeronLink.CONTROL_TERM_BYTES)
            .clientLivenessTimeoutNs(CLIENT_LIVENESS_TIMEOUT_NS)
            .driverTimeoutMs(DRIVER_TIMEOUT_MS)
            .imageLivenessTimeoutNs(AeronLink.LIVENESS_TIMEOUT_NS)
            .publicationConnectionTimeoutNs(AeronLink.LIVENESS_TIMEOUT_NS)
            .flowControlReceiverTimeoutNs(AeronLink.LIVENESS_TIMEOUT_NS)
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

    /** Has the selector watch the sockets that the driver has opened meanwhile. */
    void registerSockets()
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

    /** What a person wants to know of Aeron's message, which names classes and methods as well. */
    static String firstLine(final Throwable e)
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
