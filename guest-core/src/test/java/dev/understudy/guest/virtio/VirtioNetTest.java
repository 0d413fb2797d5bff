package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.StateHash;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Ethernet frames between guest and world. */
class VirtioNetTest
{
    private static final int RX = VirtioNet.RECEIVE_QUEUE;
    private static final int TX = VirtioNet.TRANSMIT_QUEUE;
    private static final int HEADER = VirtioNet.HEADER_BYTES;
    private static final int BUFFER_BYTES = HEADER + VirtioNet.MAX_FRAME_BYTES;

    private GuestMemory memory;
    private Outputs outputs;
    private VirtioNet network;
    private VirtioMmio transport;
    private GuestDriver driver;

    @BeforeEach
    void start()
    {
        memory = new GuestMemory(GuestMemory.MIN_BYTES);
        outputs = new Outputs();
        network = new VirtioNet(memory, MacAddress.parse("52:54:00:12:34:56"), outputs);
        transport = new VirtioMmio(3, network, new Plic());
        driver = new GuestDriver(memory, transport, 2);
        driver.start(VirtioNet.FEATURE_MAC | VirtioNet.FEATURE_STATUS);
    }

    @Test
    void theDriverFindsTheAddressALinkThatIsUpAndEthernetsMtu()
    {
        assertThat(transport.load(VirtioMmio.DEVICE_ID, 4)).isEqualTo(1);
        assertThat(transport.load(VirtioMmio.CONFIG, 4)).isEqualTo(0x1200_5452);
        assertThat(transport.load(VirtioMmio.CONFIG + 4, 2)).isEqualTo(0x5634);
        assertThat(transport.load(VirtioMmio.CONFIG + 6, 2)).isEqualTo(1);
        assertThat(transport.load(VirtioMmio.CONFIG + 10, 2)).isEqualTo(1500);
        assertThat(transport.load(VirtioMmio.CONFIG + 12, 4)).isZero();
    }

    @Property(tries = 100)
    void aFrameInAnyPiecesArrivesWhole(
        @ForAll final long seed,
        @ForAll @IntRange(min = VirtioNet.MIN_FRAME_BYTES, max = VirtioNet.MAX_FRAME_BYTES) final int length)
    {
        start();
        final byte[] frame = frame(seed, length);
        final byte[] packet = new byte[HEADER + length];
        System.arraycopy(frame, 0, packet, HEADER, length);
        final int first = 1 + new Random(seed).nextInt(packet.length - 1);

        driver.add(TX, driver.readable(Arrays.copyOf(packet, first)),
            driver.readable(Arrays.copyOfRange(packet, first, packet.length)));
        driver.notifyDevice(TX);

        assertThat(outputs.frames).containsExactly(frame);
        assertThat(driver.used(TX)).containsExactly(new GuestDriver.Used(0, 0));
    }

    @Property(tries = 100)
    void theGuestGetsAFrameInOneBufferOfAnyPieces(
        @ForAll final long seed,
        @ForAll @IntRange(min = VirtioNet.MIN_FRAME_BYTES, max = VirtioNet.MAX_FRAME_BYTES) final int length)
    {
        start();
        final byte[] frame = frame(seed, length);
        final int first = 1 + new Random(seed).nextInt(BUFFER_BYTES - 1);
        final GuestDriver.Piece[] pieces = {driver.writable(first), driver.writable(BUFFER_BYTES - first)};
        driver.add(RX, pieces);
        driver.notifyDevice(RX);

        assertThat(network.canReceive()).isTrue();
        assertThat(network.receive(frame, 0, length)).isTrue();

        assertThat(driver.used(RX)).containsExactly(new GuestDriver.Used(0, HEADER + length));
        final byte[] got = new byte[BUFFER_BYTES];
        System.arraycopy(driver.content(pieces[0], first), 0, got, 0, first);
        System.arraycopy(driver.content(pieces[1], BUFFER_BYTES - first), 0, got, first, BUFFER_BYTES - first);
        final byte[] wanted = new byte[BUFFER_BYTES];
        wanted[VirtioNet.HEADER_NUM_BUFFERS] = 1;
        System.arraycopy(frame, 0, wanted, HEADER, length);
        assertThat(got).isEqualTo(wanted);
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_USED_BUFFER);
    }

    @Test
    void aFrameForWhichTheGuestHasNoBufferIsNotTakenAndChangesNothing()
    {
        final long before = digest();

        assertThat(network.canReceive()).isFalse();
        assertThat(network.receive(frame(1, 60), 0, 60)).isFalse();
        assertThat(digest()).isEqualTo(before);

        driver.add(RX, driver.writable(BUFFER_BYTES));
        assertThat(network.canReceive()).as("also before a notify").isTrue();
        network.receive(frame(1, 60), 0, 60);
        assertThat(network.canReceive()).isFalse();
    }

    @Test
    void withoutADriverNothingIsTaken()
    {
        driver.add(RX, driver.writable(BUFFER_BYTES));
        driver.status(0);

        assertThat(network.isUsed()).isFalse();
        assertThat(network.canReceive()).isFalse();
        assertThat(network.receive(frame(1, 60), 0, 60)).isFalse();
    }

    @Test
    void aBufferThatIsTooShortOrNotToBeWrittenNeedsAReset()
    {
        driver.add(RX, driver.writable(HEADER + 59));
        network.receive(frame(1, 60), 0, 60);
        assertThat(driver.needsReset()).isTrue();
        assertThat(network.canReceive()).isFalse();

        driver.start(0);
        driver.add(RX, driver.readable(new byte[20]), driver.writable(BUFFER_BYTES));
        network.receive(frame(1, 60), 0, 60);
        assertThat(driver.needsReset()).isTrue();
    }

    @Test
    void whatIsShorterOrLongerThanAFrameIsNotSent()
    {
        send(HEADER + VirtioNet.MIN_FRAME_BYTES - 1);
        send(HEADER + VirtioNet.MAX_FRAME_BYTES + 1);
        send(HEADER);

        assertThat(outputs.frames).isEmpty();
        assertThat(driver.used(TX)).hasSize(3);
        assertThat(driver.needsReset()).isFalse();
    }

    @Test
    void aChainWithoutAHeaderOrWithAPieceToWriteNeedsAReset()
    {
        send(HEADER - 1);
        assertThat(driver.needsReset()).isTrue();

        driver.start(0);
        driver.add(TX, driver.readable(new byte[HEADER + 60]), driver.writable(4));
        driver.notifyDevice(TX);
        assertThat(driver.needsReset()).isTrue();
        assertThat(outputs.frames).isEmpty();
    }

    @Test
    void framesQueuedBeforeTheDriverIsReadyAreSentThen()
    {
        driver.negotiate(VirtioMmio.FEATURE_VERSION_1);
        driver.startQueue(RX);
        driver.startQueue(TX);
        driver.add(TX, driver.readable(new byte[HEADER + 60]));
        assertThat(outputs.frames).isEmpty();

        driver.status(driver.status() | VirtioMmio.STATUS_DRIVER_OK);

        assertThat(outputs.frames).hasSize(1);
    }

    @Test
    void theHostMustNotOfferWhatIsNoFrame()
    {
        driver.add(RX, driver.writable(2 * BUFFER_BYTES));
        final byte[] bytes = new byte[2 * BUFFER_BYTES];

        assertThatThrownBy(() -> network.receive(bytes, 0, VirtioNet.MAX_FRAME_BYTES + 1))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1515");
        assertThatThrownBy(() -> network.receive(bytes, 0, VirtioNet.MIN_FRAME_BYTES - 1))
            .isInstanceOf(IllegalArgumentException.class);
    }

    private void send(final int length)
    {
        driver.add(TX, driver.readable(new byte[length]));
        driver.notifyDevice(TX);
    }

    private long digest()
    {
        final StateHash hash = new StateHash();
        transport.save(hash);
        hash.write(memory.array(), 0, memory.size());
        return hash.value();
    }

    private static byte[] frame(final long seed, final int length)
    {
        final byte[] frame = new byte[length];
        new Random(seed).nextBytes(frame);
        return frame;
    }
}
