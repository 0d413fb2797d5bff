package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.StateHash;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Stream sockets between guest and host. */
class VirtioVsockTest
{
    private static final int RX = VirtioVsock.RECEIVE_QUEUE;
    private static final int TX = VirtioVsock.TRANSMIT_QUEUE;
    private static final long CID = 5;

    private GuestMemory memory;
    private Outputs outputs;
    private VirtioVsock vsock;
    private VirtioMmio transport;
    private GuestDriver driver;

    @BeforeEach
    void start()
    {
        start(GuestDriver.QUEUE_SIZE);
    }

    private void start(final int queueSize)
    {
        memory = new GuestMemory(GuestMemory.MIN_BYTES);
        outputs = new Outputs();
        vsock = new VirtioVsock(memory, CID, outputs);
        transport = new VirtioMmio(0, vsock, new Plic());
        driver = new GuestDriver(memory, transport, 3, queueSize);
        driver.start(0);
    }

    @Test
    void thePacketThatTheGuestSendsArrivesWhole()
    {
        final byte[] sent = fromGuest(1000, 80, VsockHeader.OP_RW, new byte[]{1, 2, 3});

        driver.add(TX, driver.readable(Arrays.copyOf(sent, 10)),
            driver.readable(Arrays.copyOfRange(sent, 10, sent.length)));
        driver.notifyDevice(TX);

        assertThat(outputs.packets).hasSize(1);
        assertThat(outputs.packets.getFirst()).isEqualTo(sent);
        assertThat(driver.used(TX)).containsExactly(new GuestDriver.Used(0, 0));
    }

    @Test
    void theLargestPacketPassesAndALargerOneBecomesSeveral()
    {
        send(fromGuest(1, 2, VsockHeader.OP_RW, new byte[VsockHeader.MAX_PAYLOAD_BYTES]));
        assertThat(outputs.packets).hasSize(1);

        final byte[] payload = new byte[2 * VsockHeader.MAX_PAYLOAD_BYTES + 1];
        new Random(1).nextBytes(payload);
        send(fromGuest(1, 2, VsockHeader.OP_RW, payload));

        assertThat(outputs.packets).hasSize(4);
        int done = 0;
        for (final byte[] packet : outputs.packets.subList(1, 4))
        {
            final int count = Math.min(payload.length - done, VsockHeader.MAX_PAYLOAD_BYTES);
            assertThat(packet).isEqualTo(
                fromGuest(1, 2, VsockHeader.OP_RW, Arrays.copyOfRange(payload, done, done + count)));
            done += count;
        }
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void aPacketWithAWrongSenderLengthOrOperationIsDropped()
    {
        final byte[] wrongSender = fromGuest(1, 2, VsockHeader.OP_REQUEST, new byte[0]);
        wrongSender[VsockHeader.SRC_CID] = 6;
        send(wrongSender);
        final byte[] wrongLength = fromGuest(1, 2, VsockHeader.OP_RW, new byte[4]);
        VsockHeader.len(wrongLength, 0, 5);
        send(wrongLength);
        VsockHeader.len(wrongLength, 0, 3);
        send(wrongLength);
        VsockHeader.len(wrongLength, 0, -1);
        send(wrongLength);
        send(fromGuest(1, 2, 0, new byte[0]));
        send(fromGuest(1, 2, 8, new byte[0]));
        send(fromGuest(1, 2, VsockHeader.OP_REQUEST, new byte[1]));

        assertThat(outputs.packets).isEmpty();
        assertThat(vsock.connections()).isZero();
        assertThat(driver.needsReset()).isFalse();
        assertThat(driver.used(TX)).hasSize(7);
    }

    @Test
    void aChainThatIsNoPacketNeedsAReset()
    {
        send(new byte[VsockHeader.BYTES - 1]);
        assertThat(driver.needsReset()).isTrue();

        driver.start(0);
        driver.add(TX, driver.readable(fromGuest(1, 2, VsockHeader.OP_REQUEST, new byte[0])), driver.writable(4));
        driver.notifyDevice(TX);
        assertThat(driver.needsReset()).isTrue();
        assertThat(outputs.packets).isEmpty();
    }

    @Test
    void anUnknownSocketTypeIsAnsweredWithRst()
    {
        final byte[] request = fromGuest(1000, 80, VsockHeader.OP_REQUEST, new byte[0]);
        VsockHeader.type(request, 0, 2);
        send(request);

        final byte[] reply = receivePackets().getFirst();

        assertThat(outputs.packets).isEmpty();
        assertThat(VsockHeader.op(reply, 0)).isEqualTo(VsockHeader.OP_RST);
        assertThat(VsockHeader.type(reply, 0)).isEqualTo(2);
        assertThat(VsockHeader.srcCid(reply, 0)).isEqualTo(VsockHeader.HOST_CID);
        assertThat(VsockHeader.dstCid(reply, 0)).isEqualTo(CID);
        assertThat(VsockHeader.srcPort(reply, 0)).isEqualTo(80);
        assertThat(VsockHeader.dstPort(reply, 0)).isEqualTo(1000);
    }

    @Test
    void aContextWhereNobodyIsAnswersWithRstToAllButRst()
    {
        final byte[] request = fromGuest(1000, 80, VsockHeader.OP_REQUEST, new byte[0]);
        request[VsockHeader.DST_CID] = 9;
        send(request);
        final byte[] rst = fromGuest(1000, 80, VsockHeader.OP_RST, new byte[0]);
        rst[VsockHeader.DST_CID] = 9;
        send(rst);

        final List<byte[]> replies = receivePackets();

        assertThat(replies).hasSize(1);
        assertThat(VsockHeader.srcCid(replies.getFirst(), 0)).isEqualTo(9);
        assertThat(outputs.packets).isEmpty();
    }

    @Test
    void repliesThatNobodyTakesAreBounded()
    {
        for (int i = 0; i < 10_000; i++)
        {
            final byte[] request = fromGuest(i, 80, VsockHeader.OP_REQUEST, new byte[0]);
            VsockHeader.type(request, 0, 2);
            send(request);
        }
        assertThat(driver.needsReset()).isFalse();
        assertThat(vsock.canReceive(VsockHeader.BYTES)).isFalse();

        assertThat(receivePackets()).hasSize(VirtioVsock.MAX_CONNECTIONS + VirtioVsock.MAX_REPLIES);
        assertThat(vsock.canReceive(VsockHeader.BYTES)).isTrue();
    }

    @Test
    void aPacketFromTheHostIsSplitOverTheGuestsBuffers()
    {
        final byte[] payload = new byte[1000];
        new Random(1).nextBytes(payload);
        final byte[] packet = fromHost(80, 1000, VsockHeader.OP_RW, payload);
        assertThat(vsock.receive(packet, 0, packet.length)).isTrue();

        final List<byte[]> pieces = receivePackets();

        assertThat(pieces).hasSize(3);
        assertThat(pieces.get(0)).hasSize(400);
        final byte[] joined = new byte[1000];
        int at = 0;
        for (final byte[] piece : pieces)
        {
            final int bytes = VsockHeader.len(piece, 0);
            assertThat(piece).hasSize(VsockHeader.BYTES + bytes);
            assertThat(VsockHeader.op(piece, 0)).isEqualTo(VsockHeader.OP_RW);
            assertThat(VsockHeader.srcPort(piece, 0)).isEqualTo(1000);
            assertThat(VsockHeader.dstPort(piece, 0)).isEqualTo(80);
            assertThat(VsockHeader.bufAlloc(piece, 0)).isEqualTo(0x1_0000);
            assertThat(VsockHeader.fwdCnt(piece, 0)).isEqualTo(77);
            System.arraycopy(piece, VsockHeader.BYTES, joined, at, bytes);
            at += bytes;
        }
        assertThat(joined).isEqualTo(payload);
    }

    @Test
    void aHeaderMayBeSpreadOverSeveralPieces()
    {
        final byte[] packet = fromHost(80, 1000, VsockHeader.OP_RW, new byte[]{7, 8});
        final GuestDriver.Piece a = driver.writable(20);
        final GuestDriver.Piece b = driver.writable(40);
        driver.add(RX, a, b);
        driver.notifyDevice(RX);

        vsock.receive(packet, 0, packet.length);

        assertThat(driver.used(RX)).containsExactly(new GuestDriver.Used(0, 46));
        assertThat(driver.content(a, 20)).isEqualTo(Arrays.copyOf(packet, 20));
        assertThat(driver.content(b, 26)).isEqualTo(Arrays.copyOfRange(packet, 20, 46));
    }

    @Test
    void aReceiveBufferWithoutRoomForPayloadNeedsAReset()
    {
        driver.add(RX, driver.writable(VsockHeader.BYTES));
        driver.notifyDevice(RX);
        final byte[] packet = fromHost(80, 1000, VsockHeader.OP_RW, new byte[1]);

        vsock.receive(packet, 0, packet.length);

        assertThat(driver.needsReset()).isTrue();
        assertThat(driver.used(RX)).isEmpty();
    }

    @Test
    void theBacklogIsBoundedAndARefusalChangesNothing()
    {
        final byte[] packet = fromHost(80, 1000, VsockHeader.OP_RW, new byte[VsockHeader.MAX_PAYLOAD_BYTES]);
        int taken = 0;
        while (vsock.receive(packet, 0, packet.length))
        {
            taken++;
        }
        assertThat(taken).isEqualTo(VsockBacklog.MAX_HOST_BYTES / packet.length);
        assertThat(vsock.canReceive(packet.length)).isFalse();
        final long digest = digest();

        assertThat(vsock.receive(packet, 0, packet.length)).isFalse();

        assertThat(digest()).isEqualTo(digest);
        final byte[] small = fromHost(80, 1000, VsockHeader.OP_CREDIT_UPDATE, new byte[0]);
        assertThat(vsock.receive(small, 0, small.length)).isTrue();
        assertThat(digest()).isNotEqualTo(digest);
    }

    @Test
    void nothingIsTakenWithoutADriver()
    {
        driver.status(0);
        final byte[] packet = fromHost(80, 1000, VsockHeader.OP_REQUEST, new byte[0]);

        assertThat(vsock.canReceive(packet.length)).isFalse();
        assertThat(vsock.receive(packet, 0, packet.length)).isFalse();
        assertThat(vsock.connections()).isZero();
    }

    @Test
    void whatIsNoPacketFromTheHostIsRefusedByName()
    {
        assertThatThrownBy(() -> vsock.receive(new byte[43], 0, 43)).hasMessageContaining("43 bytes");
        final byte[] notForGuest = fromHost(80, 1000, VsockHeader.OP_REQUEST, new byte[0]);
        notForGuest[VsockHeader.DST_CID] = 4;
        assertThatThrownBy(() -> vsock.receive(notForGuest, 0, 44)).hasMessageContaining("to 4");
        final byte[] wrongLength = fromHost(80, 1000, VsockHeader.OP_RW, new byte[4]);
        assertThatThrownBy(() -> vsock.receive(wrongLength, 0, 47)).hasMessageContaining("with len 4");
    }

    @Test
    void resetConnectionsResetsWhatBothSidesOpenedInOrderAndForgetsTheirBacklog()
    {
        request(true, 2000, 80);
        request(true, 1000, 90);
        request(false, 1000, 80);
        request(false, 0x8000_0000, 5);
        send(fromGuest(2000, 80, VsockHeader.OP_RST, new byte[0]));
        final byte[] data = fromHost(1000, 90, VsockHeader.OP_RW, new byte[100]);
        vsock.receive(data, 0, data.length);
        assertThat(vsock.connections()).isEqualTo(3);

        vsock.resetConnections();

        final List<byte[]> packets = receivePackets();
        assertThat(packets).extracting(p -> VsockHeader.op(p, 0)).containsOnly(VsockHeader.OP_RST);
        assertThat(packets).extracting(p -> ports(VsockHeader.dstPort(p, 0), VsockHeader.srcPort(p, 0)))
            .containsExactly(ports(1000, 80), ports(1000, 90), ports(0x8000_0000, 5));
        assertThat(vsock.connections()).isZero();
        vsock.resetConnections();
        assertThat(receivePackets()).isEmpty();
    }

    @Test
    void resetConnectionsKeepsWhatTheGuestHasNotHeardOfConnectionsThatEnded()
    {
        request(false, 1000, 80);
        receivePackets();
        final byte[] end = fromHost(1000, 80, VsockHeader.OP_RST, new byte[0]);
        vsock.receive(end, 0, end.length);

        vsock.resetConnections();

        assertThat(receivePackets()).containsExactly(end);
    }

    @Test
    void aPacketThatWasHalfDeliveredIsForgottenWithItsConnection()
    {
        request(false, 1000, 80);
        receivePackets();
        final byte[] data = fromHost(1000, 80, VsockHeader.OP_RW, new byte[600]);
        driver.add(RX, driver.writable(144));
        vsock.receive(data, 0, data.length);
        assertThat(driver.used(RX)).hasSize(1);

        vsock.resetConnections();
        request(false, 1001, 80);

        assertThat(receivePackets()).extracting(p -> VsockHeader.op(p, 0))
            .containsExactly(VsockHeader.OP_RST, VsockHeader.OP_REQUEST);
    }

    @Test
    void aConnectionLivesThroughShutdownUntilRst()
    {
        request(true, 1000, 80);
        send(fromGuest(1000, 80, VsockHeader.OP_SHUTDOWN, new byte[0]));
        assertThat(vsock.connections()).isEqualTo(1);

        final byte[] end = fromHost(1000, 80, VsockHeader.OP_RST, new byte[0]);
        vsock.receive(end, 0, end.length);

        assertThat(vsock.connections()).isZero();
    }

    @Test
    void aDriverThatStartsOverResetsItsConnectionsTowardsTheHost()
    {
        request(true, 2000, 80);
        request(false, 1000, 90);
        outputs.packets.clear();

        driver.start(0);

        assertThat(outputs.packets).extracting(p -> VsockHeader.op(p, 0)).containsOnly(VsockHeader.OP_RST);
        assertThat(outputs.packets).extracting(p -> ports(VsockHeader.srcPort(p, 0), VsockHeader.dstPort(p, 0)))
            .containsExactly(ports(1000, 90), ports(2000, 80));
        assertThat(receivePackets()).isEmpty();
    }

    @Test
    void oneConnectionTooManyIsRefusedOnTheSideThatAsks()
    {
        for (int i = 0; i < VirtioVsock.MAX_CONNECTIONS; i++)
        {
            send(fromGuest(i, 80, VsockHeader.OP_REQUEST, new byte[0]));
        }
        assertThat(outputs.packets).hasSize(VirtioVsock.MAX_CONNECTIONS);
        outputs.packets.clear();

        send(fromGuest(-1, 80, VsockHeader.OP_REQUEST, new byte[0]));
        assertThat(outputs.packets).isEmpty();
        final List<byte[]> toGuest = receivePackets();
        assertThat(toGuest).hasSize(1);
        assertThat(VsockHeader.op(toGuest.getFirst(), 0)).isEqualTo(VsockHeader.OP_RST);
        assertThat(VsockHeader.dstPort(toGuest.getFirst(), 0)).isEqualTo(-1);

        request(false, 1, 99);
        assertThat(outputs.packets).hasSize(1);
        assertThat(VsockHeader.op(outputs.packets.getFirst(), 0)).isEqualTo(VsockHeader.OP_RST);
        assertThat(VsockHeader.dstPort(outputs.packets.getFirst(), 0)).isEqualTo(99);
        assertThat(receivePackets()).isEmpty();

        // The RST of every connection fits, however often they are opened anew.
        vsock.resetConnections();
        for (int i = 0; i < VirtioVsock.MAX_CONNECTIONS; i++)
        {
            send(fromGuest(i, 80, VsockHeader.OP_REQUEST, new byte[0]));
        }
        final int again = vsock.connections();
        assertThat(again).isEqualTo(VirtioVsock.MAX_REPLIES);
        vsock.resetConnections();
        assertThat(receivePackets()).hasSize(VirtioVsock.MAX_CONNECTIONS);
    }

    @Property(tries = 100)
    void connectionsAreThoseOpenedAndNotReset(
        @ForAll final List<@IntRange(min = 0, max = 63) Integer> steps)
    {
        start();
        final Set<Long> model = new HashSet<>();
        for (final int step : steps)
        {
            final int guestPort = step % 4 - 2;
            final int hostPort = step / 4 % 2;
            final boolean isGuest = (step & 8) == 0;
            final int op = (step & 48) == 0 ? VsockHeader.OP_RST : (step & 48) == 16 ? VsockHeader.OP_SHUTDOWN :
                VsockHeader.OP_REQUEST;
            if (isGuest)
            {
                send(fromGuest(guestPort, hostPort, op, new byte[0]));
            }
            else
            {
                final byte[] packet = fromHost(guestPort, hostPort, op, new byte[0]);
                assertThat(vsock.receive(packet, 0, packet.length)).isTrue();
            }
            if (op == VsockHeader.OP_REQUEST)
            {
                model.add(ports(guestPort, hostPort));
            }
            else if (op == VsockHeader.OP_RST)
            {
                model.remove(ports(guestPort, hostPort));
            }
        }
        assertThat(vsock.connections()).isEqualTo(model.size());
        receivePackets();

        vsock.resetConnections();

        final List<Long> expected = new ArrayList<>(model);
        expected.sort(Long::compareUnsigned);
        assertThat(receivePackets()).extracting(p -> ports(VsockHeader.dstPort(p, 0), VsockHeader.srcPort(p, 0)))
            .containsExactlyElementsOf(expected);
    }

    @Property(tries = 50)
    void theSameEventsGiveTheSameDigestAndBytes(@ForAll final List<@IntRange(min = 0, max = 700) Integer> sizes)
    {
        long firstDigest = 0;
        List<byte[]> firstPackets = List.of();
        for (int run = 0; run < 2; run++)
        {
            start();
            int port = 0;
            for (final int size : sizes)
            {
                final byte[] packet = fromHost(port % 3, port, VsockHeader.OP_RW, new byte[size]);
                Arrays.fill(packet, VsockHeader.BYTES, packet.length, (byte)port);
                vsock.receive(packet, 0, packet.length);
                port++;
            }
            final long digest = digest();
            final List<byte[]> packets = receivePackets();
            if (run == 0)
            {
                firstDigest = digest;
                firstPackets = packets;
            }
            else
            {
                assertThat(digest).isEqualTo(firstDigest);
                assertThat(packets).usingElementComparator(Arrays::compare).containsExactlyElementsOf(firstPackets);
            }
        }
    }

    /** Offers buffers of 400 bytes until nothing more comes. */
    private List<byte[]> receivePackets()
    {
        final List<byte[]> packets = new ArrayList<>();
        while (true)
        {
            final GuestDriver.Piece piece = driver.writable(400);
            driver.add(RX, piece);
            driver.notifyDevice(RX);
            final List<GuestDriver.Used> used = driver.used(RX);
            if (used.isEmpty())
            {
                // The buffer stays with the device; a fresh queue for the next call.
                driver.store(VirtioMmio.QUEUE_SEL, RX);
                driver.store(VirtioMmio.QUEUE_READY, 0);
                driver.startQueue(RX);
                return packets;
            }
            assertThat(used).hasSize(1);
            packets.add(driver.content(piece, used.getFirst().writtenBytes()));
        }
    }

    private void request(final boolean isByGuest, final int guestPort, final int hostPort)
    {
        if (isByGuest)
        {
            send(fromGuest(guestPort, hostPort, VsockHeader.OP_REQUEST, new byte[0]));
        }
        else
        {
            final byte[] packet = fromHost(guestPort, hostPort, VsockHeader.OP_REQUEST, new byte[0]);
            assertThat(vsock.receive(packet, 0, packet.length)).isTrue();
        }
    }

    private void send(final byte[] packet)
    {
        driver.add(TX, driver.readable(packet));
        driver.notifyDevice(TX);
    }

    private long digest()
    {
        final StateHash hash = new StateHash();
        transport.save(hash);
        return hash.value();
    }

    private static long ports(final int guestPort, final int hostPort)
    {
        return (long)guestPort << 32 | (hostPort & 0xFFFF_FFFFL);
    }

    private static byte[] fromGuest(final int guestPort, final int hostPort, final int op, final byte[] payload)
    {
        return packet(CID, guestPort, VsockHeader.HOST_CID, hostPort, op, payload);
    }

    private static byte[] fromHost(final int guestPort, final int hostPort, final int op, final byte[] payload)
    {
        return packet(VsockHeader.HOST_CID, hostPort, CID, guestPort, op, payload);
    }

    private static byte[] packet(
        final long srcCid, final int srcPort, final long dstCid, final int dstPort, final int op, final byte[] payload)
    {
        final byte[] packet = new byte[VsockHeader.BYTES + payload.length];
        VsockHeader.put(packet, 0, srcCid, srcPort, dstCid, dstPort, op, 0, payload.length, 0x1_0000, 77);
        System.arraycopy(payload, 0, packet, VsockHeader.BYTES, payload.length);
        return packet;
    }
}
