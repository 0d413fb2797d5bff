package dev.understudy.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aeron.driver.Configuration;
import io.aeron.driver.ReceiveChannelEndpointSupplier;
import io.aeron.driver.SendChannelEndpointSupplier;
import io.aeron.driver.ext.DebugReceiveChannelEndpoint;
import io.aeron.driver.ext.DebugSendChannelEndpoint;
import io.aeron.driver.ext.LossGenerator;
import io.aeron.protocol.DataHeaderFlyweight;
import io.aeron.protocol.HeaderFlyweight;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class AeronLinkTest
{
    /** The journal's longest entry: a frame of 64 KiB and what describes it. */
    private static final int LONGEST_ENTRY_BYTES = 64 * 1024 + 200;

    private static final long SESSION = 77;

    /** Aeron's number of the stream that carries the journal. */
    private static final int JOURNAL_STREAM = 1;
    private static final long WAIT_NS = TimeUnit.SECONDS.toNanos(30);

    private int portA;
    private int portB;

    @BeforeEach
    void choosePorts() throws IOException
    {
        final int[] ports = LinkEnd.freePorts(2);
        portA = ports[0];
        portB = ports[1];
    }

    @Test
    void entriesOfAllLengthsArriveWholeAndInOrderBothWays() throws IOException
    {
        try (LinkEnd a = endA(); LinkEnd b = endB())
        {
            connect(a, b);
            final int[] lengths = {8, 9, 100, 1375, 1376, 1377, 1408, 4096, 65_535, 65_536, LONGEST_ENTRY_BYTES};
            a.listener = (session, entry, offset, length) -> checkPattern(entry, offset, length);
            b.listener = a.listener;
            for (final int length : lengths)
            {
                final UnsafeBuffer entry = pattern(length);
                await(() -> a.link.offerEntry(SESSION, entry, 0, length), a, b);
                await(() -> b.link.offerEntry(SESSION + 1, entry, 0, length), a, b);
            }
            await(() -> a.entries.size() == lengths.length && b.entries.size() == lengths.length, a, b);
            final List<Long> expected = LongStream.of(LongStream.range(0, lengths.length)
                .map(i -> lengths[(int)i]).toArray()).boxed().toList();
            assertThat(a.entries).isEqualTo(expected);
            assertThat(b.entries).isEqualTo(expected);
            assertThat(a.sessions).containsOnly(SESSION + 1);
            assertThat(b.sessions).containsOnly(SESSION);
            assertThat(b.link.receivedEntries()).isEqualTo(a.link.sentEntries()).isEqualTo(lengths.length);
            assertThat(b.link.receivedBytes()).isEqualTo(a.link.sentBytes());
            assertNothingOdd(a, b);
        }
    }

    @Test
    void pathThatSwallowsLongDatagramsIsFoundWhileShortOnesPass() throws IOException
    {
        final boolean[] swallows = {true};
        final SendChannelEndpointSupplier senders = (channel, status, context) -> new DebugSendChannelEndpoint(
            channel, status, context, (address, buffer, length) -> swallows[0] && length > 1_272, none());
        try (LinkEnd b = endB();
            LinkEnd a = new LinkEnd("a", portA, portB, 1, LinkEnd.IDLE_SLEEP_MS, senders,
                Configuration.receiveChannelEndpointSupplier()))
        {
            connect(a, b);
            await(() -> a.link.trouble() != null, a, b);
            assertThat(a.link.trouble()).contains("127.0.0.1:" + portB + " swallows packets of 8240 bytes", "mtu");
            assertThat(a.link.carriesFullDatagrams()).isFalse();
            await(b.link::carriesFullDatagrams, a, b);
            assertThat(b.link.trouble()).isNull();
            await(() -> a.offer(SESSION, 1), a, b);
            await(() -> b.entries.size() == 1, a, b);

            swallows[0] = false;
            await(a.link::carriesFullDatagrams, a, b);
            assertThat(a.link.trouble()).isNull();
            assertNothingOdd(a, b);
        }
    }

    @Test
    void entriesArriveInOrderWhenATenthOfAllDatagramsIsLostBothWays() throws IOException
    {
        final int count = 20_000;
        try (LinkEnd a = lossy("a", portA, portB, 1); LinkEnd b = lossy("b", portB, portA, 2))
        {
            connect(a, b);
            long next = 0;
            final long untilNs = System.nanoTime() + WAIT_NS;
            while (a.entries.size() < count || b.entries.size() < count)
            {
                if (next < count && a.offer(SESSION, next))
                {
                    while (!b.offer(SESSION, next))
                    {
                        b.turn();
                        a.turn();
                    }
                    next++;
                }
                else
                {
                    a.turn();
                    b.turn();
                }
                assertThat(System.nanoTime()).as("arrived: %d, %d", a.entries.size(), b.entries.size())
                    .isLessThan(untilNs);
            }
            final List<Long> expected = LongStream.range(0, count).boxed().toList();
            assertThat(a.entries).isEqualTo(expected);
            assertThat(b.entries).isEqualTo(expected);
            assertNothingOdd(a, b);
        }
    }

    @Test
    void receiverThatStopsReadingHoldsTheSenderBackAndNothingIsLost() throws IOException
    {
        final int length = 16 * 1024;
        final UnsafeBuffer entry = new UnsafeBuffer(new byte[length]);
        try (LinkEnd a = endA(); LinkEnd b = endB())
        {
            connect(a, b);
            long taken = 0;
            entry.putLong(0, taken);
            // Far less than twice the buffers of either side is taken in all.
            while (taken < 10_000 && offerOrWork(a, entry, length))
            {
                entry.putLong(0, ++taken);
            }
            assertThat(taken).isBetween(1L, 1_000L);
            final long last = taken + 100;
            while (taken < last)
            {
                if (a.link.offerEntry(SESSION, entry, 0, length))
                {
                    entry.putLong(0, ++taken);
                }
                a.turn();
                b.turn();
            }
            await(() -> b.entries.size() == last, a, b);
            assertThat(b.entries).isEqualTo(LongStream.range(0, last).boxed().toList());
        }
    }

    /** Offers while only the sender works; false when it is held back although it got some time. */
    private static boolean offerOrWork(final LinkEnd a, final DirectBuffer entry, final int length)
    {
        for (int i = 0; i < 100; i++)
        {
            if (a.link.offerEntry(SESSION, entry, 0, length))
            {
                return true;
            }
            a.work();
        }
        return false;
    }

    /** Without the wake-up each message would take the whole sleep of 10 s, and the test its limit of time. */
    @Test
    void datagramEndsTheSleepInTheSelector() throws Exception
    {
        final long sleepMs = 10_000;
        final SendChannelEndpointSupplier senders = Configuration.sendChannelEndpointSupplier();
        final ReceiveChannelEndpointSupplier receivers = Configuration.receiveChannelEndpointSupplier();
        try (LinkEnd a = new LinkEnd("a", portA, portB, 1, sleepMs, senders, receivers);
            LinkEnd b = new LinkEnd("b", portB, portA, 2, sleepMs, senders, receivers))
        {
            connect(a, b);
            for (long i = 0; i < 20; i++)
            {
                final long value = i;
                await(() -> a.offer(SESSION, value), a, b);
                while (a.protocol.doWork() > 0)
                {
                    // Until it is sent.
                }
                while (b.entries.size() <= i)
                {
                    if (b.protocol.doWork() == 0)
                    {
                        b.selector.select(sleepMs);
                        b.selector.selectedKeys().clear();
                    }
                }
                // Status messages and nudges of the other end come meanwhile: its sockets are watched as well.
                assertThat(a.selector.keys()).isNotEmpty();
            }
            assertThat(b.entries).hasSize(20);
        }
    }

    @Test
    void sleepIsShortWhileSomethingIsUnderWayAndLongOtherwise() throws IOException
    {
        try (LinkEnd a = endA(); LinkEnd b = endB())
        {
            connect(a, b);
            await(() -> a.offer(SESSION, 0), a, b);
            final long nowNs = System.nanoTime();
            assertThat(a.link.maxSleepMs(nowNs)).isEqualTo(1);
            assertThat(a.link.maxSleepMs(nowNs + TimeUnit.SECONDS.toNanos(1))).isEqualTo(LinkEnd.IDLE_SLEEP_MS);
        }
    }

    /** The datagram with the entry, and every heartbeat of Aeron's, are lost: only what follows the entry tells. */
    @Test
    void lossOfTheLastEntryIsSeenByTheEmptyMessageThatFollowsIt() throws IOException
    {
        final boolean[] isArmed = {false};
        final int[] dropped = {0};
        final LossGenerator loss = (address, buffer, length) ->
        {
            final int frameBytes = buffer.getInt(HeaderFlyweight.FRAME_LENGTH_FIELD_OFFSET);
            final boolean isData = isArmed[0] &&
                buffer.getShort(HeaderFlyweight.TYPE_FIELD_OFFSET) == HeaderFlyweight.HDR_TYPE_DATA;
            final boolean isHeartbeat = isData && frameBytes == 0;
            final boolean isEntry = isData && frameBytes == DataHeaderFlyweight.HEADER_LENGTH + 2 * Long.BYTES &&
                dropped[0]++ == 0;
            return isHeartbeat || isEntry;
        };
        final SendChannelEndpointSupplier senders = (channel, status, context) ->
            new DebugSendChannelEndpoint(channel, status, context, loss, (address, buffer, length) -> false);
        try (LinkEnd a = new LinkEnd("a", portA, portB, 1, LinkEnd.IDLE_SLEEP_MS, senders,
            Configuration.receiveChannelEndpointSupplier()); LinkEnd b = endB())
        {
            connect(a, b);
            isArmed[0] = true;
            await(() -> a.offer(SESSION, 42), a, b);
            await(() -> !b.entries.isEmpty(), a, b);
            assertThat(b.entries).containsExactly(42L);
            assertThat(dropped[0]).as("the entry was dropped and sent again").isGreaterThan(1);
        }
    }

    @Test
    void controlMessagesArriveBothWays() throws IOException
    {
        try (LinkEnd a = endA(); LinkEnd b = endB())
        {
            connect(a, b);
            await(() -> a.protocol.heartbeat(3, 4, true, 99, 1000, 5, 6, 7, ""), a, b);
            await(() -> b.protocol.acknowledge(3, SESSION, 98, 97, 1), a, b);
            await(() -> a.protocol.goodbye(3, "it was stopped"), a, b);
            await(() -> b.peerJournalSequence == 99 && a.acknowledged == 98 && !b.goodbyes.isEmpty(), a, b);
            assertThat(b.goodbyes).containsExactly("it was stopped");
            assertThat(b.speakers).containsOnly(a.incarnation);
            assertThat(a.speakers).containsOnly(b.incarnation);
        }
    }

    @Test
    void entriesReachAPeerThatJoinedInAnotherProcessFromTheFirstOn() throws IOException
    {
        try (LinkEnd a = endA())
        {
            LinkEnd b = endB();
            for (long i = 3; i < 9; i++)
            {
                final long life = i;
                final LinkEnd present = b;
                // As a backup that starts anew does it: it asks to join until it is heard.
                await(() ->
                {
                    a.sayHeartbeat();
                    present.protocol.join(1, -1, 0, 0, "", "");
                    return a.joined == present.incarnation;
                }, a, present);
                await(() -> a.offer(life, life), a, present);
                await(() -> present.entries.contains(life), a, present);
                assertThat(present.sessions).as("entries of the session before").containsOnly(life);
                present.close();
                b = new LinkEnd("b", portB, portA, life);
            }
            b.close();
        }
    }

    /** The survivor still has the journal stream of the process that died, and nothing will come through it. */
    @Test
    void joinIsNotSentBeforeTheJournalOfThePeersPresentProcessCanArrive() throws IOException
    {
        final boolean[] isCut = {true};
        final SendChannelEndpointSupplier senders = (channel, status, context) ->
            new DebugSendChannelEndpoint(channel, status, context, (address, buffer, length) ->
                isCut[0] && buffer.getInt(DataHeaderFlyweight.STREAM_ID_FIELD_OFFSET) == JOURNAL_STREAM, none());
        try (LinkEnd a = endA())
        {
            final LinkEnd old = endB();
            connect(a, old);
            old.close();
            try (LinkEnd successor = new LinkEnd("b", portB, portA, 3, LinkEnd.IDLE_SLEEP_MS, senders,
                Configuration.receiveChannelEndpointSupplier()))
            {
                await(() -> successor.sayHeartbeat() && a.speakers.contains(successor.incarnation), a, successor);
                for (int i = 0; i < 100; i++)
                {
                    assertThat(a.protocol.join(1, -1, 0, 0, "", "")).isFalse();
                    a.work();
                    successor.work();
                }
                isCut[0] = false;
                await(() -> successor.sayHeartbeat() && a.protocol.join(1, -1, 0, 0, "", ""), a, successor);
                await(() -> successor.joined == a.incarnation, a, successor);
                await(() -> successor.offer(SESSION, 5), a, successor);
                await(() -> a.entries.contains(5L), a, successor);
            }
        }
    }

    @Test
    void nothingIsHeardOfAProcessAfterItsSuccessorSpoke() throws IOException
    {
        try (LinkEnd a = endA())
        {
            final LinkEnd old = endB();
            connect(a, old);
            // The survivor stands still while its sockets and its driver's buffers take what comes.
            for (int word = 0; word < 10; word++)
            {
                old.sayHeartbeat();
                old.work();
                a.link.drive();
            }
            old.close();
            try (LinkEnd successor = new LinkEnd("b", portB, portA, 3))
            {
                int said = 0;
                final long untilNs = System.nanoTime() + WAIT_NS;
                while (said < 10)
                {
                    said += successor.sayHeartbeat() ? 1 : 0;
                    successor.work();
                    a.link.drive();
                    assertThat(System.nanoTime()).as("did not connect in time").isLessThan(untilNs);
                }
                a.speakers.clear();
                await(() -> successor.sayHeartbeat() && a.speakers.contains(successor.incarnation), a, successor);
                await(() -> successor.sayHeartbeat() && a.speakers.getLast() == successor.incarnation &&
                    a.speakers.size() - a.speakers.indexOf(successor.incarnation) >= 10, a, successor);
                assertThat(a.speakers.subList(a.speakers.indexOf(successor.incarnation), a.speakers.size()))
                    .containsOnly(successor.incarnation);
            }
        }
    }

    @Test
    void strangerUnderThePeersNameIsNotHeardBesideIt() throws IOException
    {
        try (LinkEnd a = endA(); LinkEnd b = endB();
            LinkEnd stranger = new LinkEnd("b", LinkEnd.freePorts(1)[0], portA, 4))
        {
            connect(a, b);
            int saidByStranger = 0;
            a.speakers.clear();
            while (saidByStranger < 50)
            {
                b.sayHeartbeat();
                saidByStranger += stranger.sayHeartbeat() ? 1 : 0;
                a.turn();
                b.work();
                stranger.work();
            }
            assertThat(a.speakers).contains(b.incarnation).doesNotContain(stranger.incarnation);
            assertThat(a.protocol.isConnected()).isTrue();
            b.close();
            await(() -> stranger.sayHeartbeat() && a.speakers.contains(stranger.incarnation), a, stranger);
        }
    }

    @Test
    void entryIsNotTakenWithoutAPeer() throws IOException
    {
        try (LinkEnd a = endA())
        {
            for (int i = 0; i < 10; i++)
            {
                a.turn();
                assertThat(a.offer(SESSION, 1)).isFalse();
                assertThat(a.sayHeartbeat()).isFalse();
            }
            assertThat(a.protocol.isConnected()).isFalse();
            assertThat(a.link.sentEntries()).isZero();
        }
    }

    @Test
    void addressInUseIsNamedAndNothingIsLeftBehind() throws IOException
    {
        try (DatagramSocket taken = new DatagramSocket(0, InetAddress.getLoopbackAddress());
            Selector selector = Selector.open())
        {
            final InetSocketAddress own = LinkEnd.loopback(taken.getLocalPort());
            final Path directory = LinkEnd.aeronDirectory("taken");
            final List<Throwable> problems = new ArrayList<>();
            assertThatThrownBy(() -> new AeronLink(
                new PairEndpoints("alpha", own, LinkEnd.loopback(portB), directory), selector, 20,
                problems::add))
                .isInstanceOf(TransportException.class)
                .hasMessage("node alpha cannot receive on UDP 127.0.0.1:" + taken.getLocalPort() + ": Address already " +
                    "in use; stop what uses that address, or give the node one that this host has and that is free");
            assertThat(problems).as("said once").isEmpty();
            assertThat(directory).doesNotExist();
        }
    }

    @Test
    void addressOfAnotherHostIsNamed() throws IOException
    {
        // An address of the range for documentation: no host has it.
        assertThatThrownBy(() -> transport(new InetSocketAddress("192.0.2.1", portA), LinkEnd.loopback(portB)))
            .isInstanceOf(TransportException.class)
            .hasMessageContaining("node alpha cannot receive on UDP 192.0.2.1:" + portA);
    }

    @Test
    void peerWhoseAddressBecomesKnownOrAnotherOneIsHeardThere() throws IOException
    {
        try (LinkEnd a = new LinkEnd("a", portA, InetSocketAddress.createUnresolved("b.example", portB), 1))
        {
            assertThat(a.sayHeartbeat()).isFalse();
            assertThat(a.offer(SESSION, 1)).isFalse();
            assertThat(a.protocol.isConnected()).isFalse();
            a.turn();
            try (LinkEnd b = endB())
            {
                a.link.connect(LinkEnd.loopback(portB));
                connect(a, b);
            }
            final int elsewhere = LinkEnd.freePorts(1)[0];
            try (LinkEnd b = new LinkEnd("b", elsewhere, portA, 3))
            {
                a.link.connect(LinkEnd.loopback(elsewhere));
                await(() -> b.sayHeartbeat() && a.speakers.contains(b.incarnation), a, b);
                await(() -> a.sayHeartbeat() && b.speakers.contains(a.incarnation), a, b);
                await(a.protocol::isConnected, a, b);
            }
        }
    }

    @Test
    void directoryThatCannotBeMadeIsNamed() throws IOException
    {
        final Path file = Files.createTempFile("understudy", "file");
        try (Selector selector = Selector.open())
        {
            final Path directory = file.resolve("aeron");
            assertThatThrownBy(() -> new AeronLink(
                new PairEndpoints("alpha", LinkEnd.loopback(portA), LinkEnd.loopback(portB), directory), selector, 20,
                problem ->
                {
                }))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("node alpha cannot have the buffers of its link in " + directory);
        }
        finally
        {
            Files.delete(file);
        }
    }

    @Test
    void bothEndsNeedAddressesOfTheirOwn()
    {
        assertThatThrownBy(() -> new PairEndpoints(
            "alpha", LinkEnd.loopback(portA), LinkEnd.loopback(portA), Path.of("/tmp/none")))
            .isInstanceOf(TransportException.class).hasMessageContaining("127.0.0.1:" + portA);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1, true",
        "127.0.0.1, 127.0.0.2, true",
        "127.0.0.1, ::1, true",
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.2, false",
        "192.0.2.1, 127.0.0.1, false",
    })
    void nodesShareAHostWhenTheyHaveItsAddress(final String own, final String peer, final boolean shared)
    {
        assertThat(new PairEndpoints("alpha", new InetSocketAddress(own, 1), new InetSocketAddress(peer, 2),
            Path.of("/tmp/none")).isWithinHost()).isEqualTo(shared);
        assertThat(new PairEndpoints("alpha", new InetSocketAddress(own, 1), InetSocketAddress.createUnresolved(peer, 2),
            Path.of("/tmp/none")).isWithinHost()).isFalse();
    }

    @Test
    void closingFreesTheAddressAndDeletesTheBuffers() throws IOException
    {
        final Path directory = LinkEnd.aeronDirectory("closing");
        try (Selector selector = Selector.open())
        {
            for (int i = 0; i < 3; i++)
            {
                final AeronLink link = new AeronLink(
                new PairEndpoints("alpha", LinkEnd.loopback(portA), LinkEnd.loopback(portB), directory), selector, 20,
                problem ->
                    {
                    });
                link.doWork(null);
                assertThat(directory).exists();
                assertThat(selector.keys()).isNotEmpty();
                link.close();
                assertThat(directory).doesNotExist();
                assertThat(selector.keys()).isEmpty();
            }
        }
    }

    @Test
    void whatTheHandlerThrowsComesOutOfTheDutyCycle() throws IOException
    {
        try (LinkEnd a = endA(); LinkEnd b = endB())
        {
            connect(a, b);
            b.listener = (session, entry, offset, length) ->
            {
                throw new IllegalStateException("the journal is full");
            };
            await(() -> a.offer(SESSION, 1), a, b);
            assertThatThrownBy(() -> await(() -> false, a, b))
                .isInstanceOf(IllegalStateException.class).hasMessage("the journal is full");
        }
    }

    private LinkEnd endA() throws IOException
    {
        return new LinkEnd("a", portA, portB, 1);
    }

    private LinkEnd endB() throws IOException
    {
        return new LinkEnd("b", portB, portA, 2);
    }

    private static LinkEnd lossy(final String node, final int port, final int peerPort, final long seed)
        throws IOException
    {
        return new LinkEnd(node, port, peerPort, seed, LinkEnd.IDLE_SLEEP_MS,
            (channel, status, context) -> new DebugSendChannelEndpoint(
                channel, status, context, none(), tenth(seed)),
            (channel, dispatcher, status, context) -> new DebugReceiveChannelEndpoint(
                channel, dispatcher, status, context, tenth(seed + 10), none()));
    }

    private static LossGenerator none()
    {
        return (address, buffer, length) -> false;
    }

    private static LossGenerator tenth(final long seed)
    {
        final SplittableRandom random = new SplittableRandom(seed);
        return (address, buffer, length) -> random.nextInt(10) == 0;
    }

    private static void transport(final InetSocketAddress own, final InetSocketAddress peer) throws IOException
    {
        try (Selector selector = Selector.open();
            AeronLink link = new AeronLink(
                new PairEndpoints("alpha", own, peer, LinkEnd.aeronDirectory("wrong")), selector, 20,
                problem ->
                {
                }))
        {
            link.doWork(null);
        }
    }

    private static void connect(final LinkEnd a, final LinkEnd b) throws IOException
    {
        await(() ->
        {
            a.sayHeartbeat();
            b.sayHeartbeat();
            return a.protocol.isConnected() && b.protocol.isConnected() &&
                a.speakers.contains(b.incarnation) && b.speakers.contains(a.incarnation);
        }, a, b);
    }

    private static void await(final BooleanSupplier condition, final LinkEnd... ends) throws IOException
    {
        final long untilNs = System.nanoTime() + WAIT_NS;
        while (!condition.getAsBoolean())
        {
            assertThat(System.nanoTime()).as("did not happen in time").isLessThan(untilNs);
            for (final LinkEnd end : ends)
            {
                end.work();
            }
            Thread.onSpinWait();
        }
    }

    private static void assertNothingOdd(final LinkEnd... ends)
    {
        for (final LinkEnd end : ends)
        {
            assertThat(end.errors).isEmpty();
            assertThat(end.unknown).isEmpty();
        }
    }

    /** An entry that begins with its length. */
    private static UnsafeBuffer pattern(final int length)
    {
        final UnsafeBuffer entry = new UnsafeBuffer(new byte[length]);
        for (int i = 0; i < length; i++)
        {
            entry.putByte(i, (byte)(i * 31 + length));
        }
        entry.putLong(0, length);
        return entry;
    }

    private static void checkPattern(final DirectBuffer entry, final int offset, final int length)
    {
        assertThat(entry.getLong(offset)).isEqualTo(length);
        for (int i = Long.BYTES; i < length; i++)
        {
            if (entry.getByte(offset + i) != (byte)(i * 31 + length))
            {
                throw new AssertionError("byte " + i + " of an entry of " + length + " differs");
            }
        }
    }
}
