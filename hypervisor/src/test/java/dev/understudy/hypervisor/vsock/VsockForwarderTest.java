package dev.understudy.hypervisor.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.hypervisor.vsock.SimulatedGuest.Conduct;
import dev.understudy.hypervisor.vsock.SimulatedGuest.Connection;
import dev.understudy.hypervisor.vsock.SimulatedGuest.Packet;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Future;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VsockForwarderTest
{
    private static final int NO_WINDOW = 0;

    @ParameterizedTest
    @ValueSource(ints = {1500, 64 * 1024, 1024 * 1024})
    void tenMegabytesComeBackUnchangedThroughAnyWindow(final int window) throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.window = window;
            final byte[] sent = ForwarderRig.bytes(10 << 20, window);
            final Socket client = rig.connect();

            assertThat(rig.runWhile(() -> ForwarderRig.echo(client, sent))).isEqualTo(sent);
        }
    }

    @Test
    void noSocketIsReadBeyondTheCreditOfTheGuest() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.window = 100;
            rig.guest.conduct = Conduct.HOLD;
            final Socket client = rig.connectThrough();
            client.getOutputStream().write(new byte[10_000]);
            rig.runUntilIdle();
            assertThat(rig.guest.only().receivedBytes).isEqualTo(100);

            rig.guest.only().window = 300;
            rig.guest.deliver(rig.guest.only(), VsockHeader.OP_CREDIT_UPDATE, 0, new byte[0], rig.forwarder);
            rig.runUntilIdle();

            assertThat(rig.guest.only().receivedBytes).isEqualTo(300);
            assertThat(rig.guest.violations).isEmpty();
        }
    }

    @Test
    void guestThatClaimsToHaveTakenWhatItNeverGotIsSentNothing() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.conduct = Conduct.HOLD;
            final Socket client = rig.connectThrough();
            rig.guest.only().takenBytes = 1_000_000;
            rig.guest.deliver(rig.guest.only(), VsockHeader.OP_CREDIT_UPDATE, 0, new byte[0], rig.forwarder);
            client.getOutputStream().write(1);
            rig.runUntilIdle();

            assertThat(rig.guest.only().receivedBytes).isZero();
        }
    }

    @Test
    void guestIsHeldToItsWindowWhileTheClientDoesNotRead() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.conduct = Conduct.SINK;
            final Socket client = rig.connectThrough();
            final byte[] sent = ForwarderRig.bytes(32 << 20, 1);
            SimulatedGuest.queue(rig.guest.only(), sent);
            rig.runUntilIdle();

            final Connection connection = rig.guest.only();
            assertThat(connection.credit()).as("credit left").isZero();
            assertThat(connection.toSend).as("what waits in the guest").isNotEmpty();

            final byte[] got = rig.runWhile(() -> client.getInputStream().readNBytes(sent.length));
            assertThat(got).isEqualTo(sent);
        }
    }

    @Test
    void guestLearnsOfItsCreditWithoutOtherTraffic() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.conduct = Conduct.SINK;
            final Socket client = rig.connectThrough();
            final int half = VsockConnection.WINDOW_BYTES / 2;
            SimulatedGuest.queue(rig.guest.only(), new byte[half]);
            rig.runWhile(() -> client.getInputStream().readNBytes(half));
            rig.runUntilIdle();

            assertThat(rig.guest.count(VsockHeader.OP_CREDIT_UPDATE)).isEqualTo(1);
            assertThat(rig.guest.only().hostForwarded).isEqualTo(half);
        }
    }

    @Test
    void creditRequestIsAnswered() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.connectThrough();
            rig.guest.deliver(rig.guest.only(), VsockHeader.OP_CREDIT_REQUEST, 0, new byte[0], rig.forwarder);
            rig.runUntil(() -> rig.guest.count(VsockHeader.OP_CREDIT_UPDATE) == 1);
        }
    }

    @Test
    void guestThatSendsMoreThanItsCreditLosesThatConnection() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            final Connection first = rig.guest.only();
            final byte[] tooMuch = new byte[VsockConnection.WINDOW_BYTES + 1];
            rig.guest.deliver(first, VsockHeader.OP_RW, 0, tooMuch, rig.forwarder);

            assertThat(rig.runWhile(() -> ForwarderRig.readAll(client))).isNull();
            assertThat(first.isReset).isTrue();
            assertThat(rig.forwarder.connections()).isZero();
        }
    }

    @Test
    void clientThatHalfClosesStillGetsItsReplies() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final byte[] sent = ForwarderRig.bytes(300_000, 2);
            final Socket client = rig.connect();
            final byte[] got = rig.runWhile(() ->
            {
                final Future<Void> writer = ForwarderRig.start(() ->
                {
                    client.getOutputStream().write(sent);
                    client.shutdownOutput();
                    return null;
                });
                final byte[] all = ForwarderRig.readAll(client);
                writer.get();
                return all;
            });

            assertThat(got).isEqualTo(sent);
            rig.runUntil(() -> rig.forwarder.connections() == 0);
            rig.runUntil(() -> rig.guest.only().isReset);
            assertThat(rig.guest.only().hostEnded).isTrue();
        }
    }

    @Test
    void guestThatEndsItsStreamStillReceives() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.conduct = Conduct.SINK;
            final Socket client = rig.connectThrough();
            rig.guest.shutdown(rig.guest.only(), VsockHeader.SHUTDOWN_SEND, rig.forwarder);
            assertThat(rig.runWhile(() -> ForwarderRig.readAll(client))).isEmpty();

            final byte[] sent = ForwarderRig.bytes(200_000, 3);
            rig.runWhile(() ->
            {
                client.getOutputStream().write(sent);
                client.shutdownOutput();
                return null;
            });
            rig.runUntil(() -> rig.guest.only().isReset);

            assertThat(rig.guest.only().received.toByteArray()).isEqualTo(sent);
            assertThat(rig.forwarder.connections()).isZero();
        }
    }

    @Test
    void clientGetsEverythingThatTheGuestSentBeforeItClosed() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            final byte[] reply = fillWindow(rig);
            rig.guest.shutdown(
                rig.guest.only(), VsockHeader.SHUTDOWN_SEND | VsockHeader.SHUTDOWN_RECEIVE, rig.forwarder);

            assertThat(rig.runWhile(() -> ForwarderRig.readAll(client))).isEqualTo(reply);
            rig.runUntil(() -> rig.guest.only().isReset);
        }
    }

    @Test
    void clientGetsEverythingAlsoWhenTheGuestDoesNotWaitForIt() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            final byte[] reply = fillWindow(rig);
            rig.guest.shutdown(
                rig.guest.only(), VsockHeader.SHUTDOWN_SEND | VsockHeader.SHUTDOWN_RECEIVE, rig.forwarder);
            rig.guest.reset(rig.guest.only(), rig.forwarder);
            final long resetsBefore = rig.guest.count(VsockHeader.OP_RST);

            assertThat(rig.runWhile(() -> ForwarderRig.readAll(client))).isEqualTo(reply);
            rig.runUntil(() -> rig.forwarder.connections() == 0);
            rig.runUntilIdle();
            assertThat(rig.guest.count(VsockHeader.OP_RST)).isEqualTo(resetsBefore);
        }
    }

    @Test
    void resetByTheGuestResetsTheClient() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            rig.guest.reset(rig.guest.only(), rig.forwarder);

            assertThat(rig.runWhile(() -> ForwarderRig.readAll(client))).isNull();
            assertThat(rig.forwarder.connections()).isZero();
        }
    }

    @Test
    void resetByTheClientResetsTheGuest() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            client.setSoLinger(true, 0);
            client.close();

            rig.runUntil(() -> rig.guest.only().isReset);
            assertThat(rig.forwarder.connections()).isZero();
        }
    }

    @Test
    void clientIsResetWhenTheGuestRefuses() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.conduct = Conduct.REFUSE;
            final Socket client = rig.connect();

            assertThat(rig.runWhile(() -> ForwarderRig.readAll(client))).isNull();
            assertThat(rig.forwarder.connections()).isZero();
        }
    }

    @Test
    void twoHundredConnectionsAtOnceAreKeptApart() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.window = 5_000;
            rig.guest.room = 3;
            final List<Future<byte[]>> echoes = new ArrayList<>();
            for (int i = 0; i < 200; i++)
            {
                final Socket client = rig.connect();
                final byte[] sent = ForwarderRig.bytes(20_000, i);
                echoes.add(ForwarderRig.start(() -> ForwarderRig.echo(client, sent)));
            }
            rig.runUntil(() -> echoes.stream().allMatch(Future::isDone));

            for (int i = 0; i < echoes.size(); i++)
            {
                assertThat(echoes.get(i).resultNow()).isEqualTo(ForwarderRig.bytes(20_000, i));
            }
            assertThat(rig.forwarder.connections()).isEqualTo(200);
            assertThat(rig.guest.violations).isEmpty();
        }
    }

    @Test
    void connectionsAboveTheLimitAreClosedAndTheOthersLiveOn() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            Socket last = null;
            for (int i = 0; i < VsockForwarder.MAX_CONNECTIONS; i++)
            {
                last = rig.connect();
            }
            rig.runUntil(() -> rig.guest.connections.size() == VsockForwarder.MAX_CONNECTIONS);
            final Socket[] excess = {rig.connect(), rig.connect()};
            assertThat(rig.runWhile(() -> ForwarderRig.readAll(excess[0]))).isEmpty();
            assertThat(rig.runWhile(() -> ForwarderRig.readAll(excess[1]))).isEmpty();

            final Socket survivor = last;
            final byte[] sent = ForwarderRig.bytes(1_000, 4);
            assertThat(rig.runWhile(() -> ForwarderRig.echo(survivor, sent))).isEqualTo(sent);
            assertThat(rig.forwarder.connections()).isEqualTo(VsockForwarder.MAX_CONNECTIONS);
            assertThat(rig.notices).singleElement().asString().contains("1024 are open");
        }
    }

    /** A client whose host vanished would keep its connection for ever. Source of the columns: proc(5), /proc/net/tcp. */
    @Test
    void aSilentClientIsAskedForASignOfLife() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.connectThrough();

            final List<String> lines = new ArrayList<>(Files.readAllLines(Path.of("/proc/net/tcp")));
            lines.addAll(Files.readAllLines(Path.of("/proc/net/tcp6")));
            final String port = String.format(Locale.ROOT, ":%04X", rig.tcpPort);
            // Established, and the timer that is running is that of keep-alive.
            assertThat(lines).map(line -> line.strip().split("\\s+"))
                .filteredOn(columns -> columns[1].endsWith(port) && columns[3].equals("01"))
                .singleElement().satisfies(columns -> assertThat(columns[5]).startsWith("02:"));
        }
    }

    @Test
    void hostPortsCountUpFromTheFirst() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.connectThrough().close();
            rig.connectThrough();

            assertThat(rig.guest.connections).containsOnlyKeys(
                ForwarderRig.FIRST_HOST_PORT, ForwarderRig.FIRST_HOST_PORT + 1);
        }
    }

    @Test
    void hostPortsThatMeanSomethingElseAreLeftOut() throws Exception
    {
        try (ForwarderRig rig = new ForwarderRig(0xFFFF_FFFEL))
        {
            rig.forwarder.listen();
            rig.connectThrough();
            rig.connectThrough();

            assertThat(rig.guest.connections).containsOnlyKeys(0xFFFF_FFFE, 1024);
        }
    }

    @Test
    void nothingIsLostWhileTheGuestHasNoRoom() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            rig.guest.room = 0;
            final byte[] sent = ForwarderRig.bytes(50_000, 5);
            final Future<byte[]> echo = ForwarderRig.start(() -> ForwarderRig.echo(client, sent));
            final Socket late = rig.connect();
            rig.runUntilIdle();
            assertThat(rig.guest.only().receivedBytes).isZero();

            rig.guest.room = 1;
            rig.runUntil(echo::isDone);
            assertThat(echo.resultNow()).isEqualTo(sent);
            assertThat(rig.runWhile(() -> ForwarderRig.echo(late, sent))).isEqualTo(sent);
        }
    }

    @Test
    void guestThatFloodsButTakesNothingCannotGrowWhatWaits() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            final Connection connection = rig.guest.only();
            rig.guest.room = 0;
            for (int i = 0; i < 50_000; i++)
            {
                onGuestPacket(rig, SimulatedGuest.packet(
                    i, i, VsockHeader.TYPE_STREAM, VsockHeader.OP_RW, 0, new byte[1], NO_WINDOW, 0));
                rig.guest.deliver(connection, VsockHeader.OP_CREDIT_REQUEST, 0, new byte[0], rig.forwarder);
            }
            final Socket late = rig.connect();
            rig.runUntilIdle();
            assertThat(rig.forwarder.connections()).as("accepted while much waits").isEqualTo(1);

            rig.guest.room = Integer.MAX_VALUE;
            final byte[] sent = ForwarderRig.bytes(1_000, 6);
            assertThat(rig.runWhile(() -> ForwarderRig.echo(client, sent))).isEqualTo(sent);
            assertThat(rig.runWhile(() -> ForwarderRig.echo(late, sent))).isEqualTo(sent);
            assertThat(rig.guest.packets).hasSizeLessThan(2_000);
        }
    }

    @Test
    void creditThatCouldNotBeToldIsToldLater() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.conduct = Conduct.SINK;
            final Socket client = rig.connectThrough();
            final Connection connection = rig.guest.only();
            rig.guest.room = 0;
            for (int i = 0; i < 2_000; i++)
            {
                onGuestPacket(rig, SimulatedGuest.packet(
                    i, i, VsockHeader.TYPE_STREAM, VsockHeader.OP_RW, 0, new byte[0], NO_WINDOW, 0));
            }
            SimulatedGuest.queue(connection, new byte[VsockConnection.WINDOW_BYTES]);
            rig.runWhile(() -> client.getInputStream().readNBytes(VsockConnection.WINDOW_BYTES));
            rig.guest.room = Integer.MAX_VALUE;

            rig.runUntil(() -> connection.hostForwarded == VsockConnection.WINDOW_BYTES);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {
        VsockHeader.OP_REQUEST, VsockHeader.OP_RESPONSE, VsockHeader.OP_SHUTDOWN, VsockHeader.OP_RW,
        VsockHeader.OP_CREDIT_UPDATE, VsockHeader.OP_CREDIT_REQUEST, 0, 8, 255})
    void packetOfAnUnknownConnectionIsReset(final int op) throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            onGuestPacket(rig, SimulatedGuest.packet(77, 88, VsockHeader.TYPE_STREAM, op, 0, new byte[0], 1, 0));
            rig.runUntilIdle();

            assertThat(rig.guest.packets).containsExactly(
                new Packet(VsockHeader.OP_RST, VsockHeader.TYPE_STREAM, 0, 77, 88, 0, 0));
        }
    }

    @Test
    void resetOfAnUnknownConnectionIsNotAnswered() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            onGuestPacket(rig, SimulatedGuest.packet(
                77, 88, VsockHeader.TYPE_STREAM, VsockHeader.OP_RST, 0, new byte[0], 1, 0));
            rig.runUntilIdle();

            assertThat(rig.guest.packets).isEmpty();
        }
    }

    @Test
    void packetOfAnotherSocketTypeIsResetAsThatType() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            onGuestPacket(rig, SimulatedGuest.packet(77, 88, 2, VsockHeader.OP_REQUEST, 0, new byte[0], 1, 0));
            rig.runUntilIdle();

            assertThat(rig.guest.packets).containsExactly(new Packet(VsockHeader.OP_RST, 2, 0, 77, 88, 0, 0));
        }
    }

    @Test
    void malformedPacketsAreDroppedAndSaidOnce() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final byte[] good = SimulatedGuest.packet(
                77, 88, VsockHeader.TYPE_STREAM, VsockHeader.OP_RW, 0, new byte[4], 1, 0);
            final byte[] wrongSource = good.clone();
            wrongSource[VsockHeader.SRC_CID]++;
            final byte[] wrongDestination = good.clone();
            wrongDestination[VsockHeader.DST_CID]++;
            onGuestPacket(rig, new byte[0]);
            onGuestPacket(rig, new byte[VsockHeader.BYTES - 1]);
            onGuestPacket(rig, Arrays.copyOf(good, good.length - 1));
            onGuestPacket(rig, Arrays.copyOf(good, good.length + 1));
            onGuestPacket(rig, wrongSource);
            onGuestPacket(rig, wrongDestination);
            rig.runUntilIdle();

            assertThat(rig.guest.packets).isEmpty();
            assertThat(rig.notices).singleElement().asString().contains("malformed vsock packet");
        }
    }

    @Test
    void dataBeforeTheGuestAcceptedResetsTheConnection() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            rig.guest.room = 0;
            final Socket client = rig.connect();
            rig.runUntil(() -> rig.forwarder.connections() == 1);
            onGuestPacket(rig, SimulatedGuest.packet(ForwarderRig.FIRST_HOST_PORT, SimulatedGuest.PORT,
                VsockHeader.TYPE_STREAM, VsockHeader.OP_RW, 0, new byte[1], 1000, 0));
            rig.runUntilIdle();

            assertThat(rig.forwarder.connections()).isZero();
            assertThat(ForwarderRig.readAll(client)).isNull();
        }
    }

    @Test
    void resetAllResetsEveryClient() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket one = rig.connectThrough();
            final Socket two = rig.connectThrough();
            rig.forwarder.resetAll();

            assertThat(rig.runWhile(() -> ForwarderRig.readAll(one))).isNull();
            assertThat(rig.runWhile(() -> ForwarderRig.readAll(two))).isNull();
            assertThat(rig.forwarder.connections()).isZero();
        }
    }

    @Test
    void portInUseIsTriedAgainUntilItIsFree() throws Exception
    {
        try (ForwarderRig rig = new ForwarderRig())
        {
            try (ServerSocket other = new ServerSocket(rig.tcpPort, 1, InetAddress.getLoopbackAddress()))
            {
                assertThat(other.isBound()).isTrue();
                assertThat(rig.forwarder.tryListen()).isFalse();
                assertThat(rig.forwarder.tryListen()).isFalse();
                assertThatThrownBy(rig.forwarder::listen).isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot listen on TCP port " + rig.tcpPort);
            }
            assertThat(rig.notices).singleElement().asString().contains("TCP port " + rig.tcpPort);

            assertThat(rig.forwarder.tryListen()).isTrue();
            assertThat(rig.forwarder.tryListen()).as("when it listens already").isTrue();
            final Socket client = rig.connect();
            final byte[] sent = ForwarderRig.bytes(100, 7);
            assertThat(rig.runWhile(() -> ForwarderRig.echo(client, sent))).isEqualTo(sent);
        }
    }

    @Test
    void anotherProcessCanListenAtOnceWhenTheForwarderHasClosed() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            rig.forwarder.close();

            try (ServerSocket next = new ServerSocket())
            {
                next.setReuseAddress(true);
                next.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), rig.tcpPort));
                assertThat(next.isBound()).isTrue();
            }
            assertThat(ForwarderRig.readAll(client)).as("what the client of a closed forwarder reads").isNull();
        }
    }

    @Test
    void connectionsGoOnWhenListeningStops() throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket client = rig.connectThrough();
            rig.forwarder.stopListening();

            assertThatThrownBy(rig::connect).isInstanceOf(SocketException.class);
            final byte[] sent = ForwarderRig.bytes(100, 8);
            assertThat(rig.runWhile(() -> ForwarderRig.echo(client, sent))).isEqualTo(sent);
        }
    }

    @Property(tries = 200)
    void whateverTheGuestSendsOtherConnectionsLiveOn(@ForAll("packetSequences") final List<byte[]> packets)
        throws Exception
    {
        try (ForwarderRig rig = ForwarderRig.listening())
        {
            final Socket canary = rig.connectThrough();
            rig.connectThrough();
            rig.connectThrough();
            for (final byte[] packet : packets)
            {
                onGuestPacket(rig, packet);
                rig.forwarder.doWork();
            }

            final byte[] sent = ForwarderRig.bytes(500, 9);
            final Future<byte[]> echo = ForwarderRig.start(() -> ForwarderRig.echo(canary, sent));
            rig.runUntil(echo::isDone);
            assertThat(echo.resultNow()).isEqualTo(sent);
        }
    }

    /** Packets whose fields are all plausible or extreme; none for the connection of the first client. */
    @Provide
    Arbitrary<List<byte[]>> packetSequences()
    {
        final Arbitrary<Integer> hostPorts = Arbitraries.of(
            ForwarderRig.FIRST_HOST_PORT + 1, ForwarderRig.FIRST_HOST_PORT + 2, ForwarderRig.FIRST_HOST_PORT + 3,
            0, -1);
        final Arbitrary<Integer> guestPorts = Arbitraries.of(SimulatedGuest.PORT, SimulatedGuest.PORT, 1, -1);
        final Arbitrary<Integer> types = Arbitraries.of(1, 1, 1, 1, 2, 0xFFFF);
        final Arbitrary<Integer> ops = Arbitraries.integers().between(0, 8);
        final Arbitrary<Integer> flags = Arbitraries.of(0, 1, 2, 3, -1);
        final Arbitrary<byte[]> payloads = Arbitraries.of(0, 1, 17, 4096, 65_536, 300_000).map(byte[]::new);
        final Arbitrary<Integer> windows = Arbitraries.of(0, 1, 4096, Integer.MAX_VALUE, -1);
        final Arbitrary<Integer> forwarded = Arbitraries.of(0, 1, 1_000_000, -1, Integer.MIN_VALUE);
        final Arbitrary<byte[]> wellFormed = Combinators
            .combine(hostPorts, guestPorts, types, ops, flags, payloads, windows, forwarded)
            .as(SimulatedGuest::packet);
        final Arbitrary<byte[]> noise = Arbitraries.bytes().array(byte[].class).ofMaxSize(100);
        return Arbitraries.frequencyOf(
            Tuple.of(9, wellFormed), Tuple.of(1, noise)).list().ofMaxSize(30);
    }

    /** A reply that exceeds what TCP takes without a reader, so that some of it waits in the forwarder. */
    private static byte[] fillWindow(final ForwarderRig rig) throws IOException
    {
        final Connection connection = rig.guest.only();
        connection.conduct = Conduct.SINK;
        final byte[] much = ForwarderRig.bytes(32 << 20, 10);
        SimulatedGuest.queue(connection, much);
        int sentBefore;
        do
        {
            // The selector reports room in TCP's buffer only when there is much: an empty packet has it filled up.
            sentBefore = connection.sentBytes;
            rig.runUntilIdle();
            rig.guest.deliver(connection, VsockHeader.OP_RW, 0, new byte[0], rig.forwarder);
            rig.runUntilIdle();
        }
        while (connection.sentBytes != sentBefore);
        assertThat(connection.credit()).isZero();
        connection.toSend.clear();
        return Arrays.copyOf(much, connection.sentBytes);
    }

    private static void onGuestPacket(final ForwarderRig rig, final byte[] packet)
    {
        rig.forwarder.onGuestPacket(new UnsafeBuffer(packet), 0, packet.length);
    }
}
