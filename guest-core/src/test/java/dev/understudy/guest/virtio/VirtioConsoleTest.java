package dev.understudy.guest.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The console. */
class VirtioConsoleTest
{
    private static final int RX = VirtioConsole.RECEIVE_QUEUE;
    private static final int TX = VirtioConsole.TRANSMIT_QUEUE;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final Outputs outputs = new Outputs();
    private final VirtioConsole console = new VirtioConsole(memory, outputs, () ->
    {
    });
    private final VirtioMmio transport = new VirtioMmio(0, console, new Plic());
    private GuestDriver driver = new GuestDriver(memory, transport, 2);

    @Test
    void isUsedFromDriverOkToReset()
    {
        assertThat(console.isUsed()).isFalse();
        driver.start(0);
        assertThat(console.isUsed()).isTrue();
        driver.status(0);
        assertThat(console.isUsed()).isFalse();
    }

    @Test
    void sizeIsInTheConfigurationAndAChangeIsTold()
    {
        console.resize(80, 24);
        driver.start(VirtioConsole.FEATURE_SIZE);
        assertThat(driver.load(VirtioMmio.CONFIG)).isEqualTo(24 << 16 | 80);
        assertThat(driver.takeInterrupt()).as("nobody was there to be told").isZero();
        final long generation = driver.load(VirtioMmio.CONFIG_GENERATION);

        console.resize(80, 24);
        assertThat(driver.takeInterrupt()).as("nothing has changed").isZero();
        assertThat(driver.load(VirtioMmio.CONFIG_GENERATION)).isEqualTo(generation);

        console.resize(65_535, 50);
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_CONFIG_CHANGE);
        assertThat(driver.load(VirtioMmio.CONFIG)).isEqualTo(50 << 16 | 65_535);
        assertThat(driver.load(VirtioMmio.CONFIG_GENERATION)).isNotEqualTo(generation);

        driver.store(VirtioMmio.CONFIG, 0);
        assertThat(driver.load(VirtioMmio.CONFIG)).as("not the driver's to change").isEqualTo(50 << 16 | 65_535);
    }

    @Test
    void inputFillsTheBuffersThatWait()
    {
        driver.start(0);
        final GuestDriver.Piece a = driver.writable(3);
        final GuestDriver.Piece b = driver.writable(2);
        final GuestDriver.Piece c = driver.writable(8);
        final int first = driver.add(RX, a, b);
        final int second = driver.add(RX, c);
        driver.notifyDevice(RX);

        assertThat(receive("hello, w")).isEqualTo(8);

        assertThat(driver.used(RX)).containsExactly(
            new GuestDriver.Used(first, 5), new GuestDriver.Used(second, 3));
        assertThat(driver.content(a, 3)).asString().isEqualTo("hel");
        assertThat(driver.content(b, 2)).asString().isEqualTo("lo");
        assertThat(driver.content(c, 3)).asString().isEqualTo(", w");
        assertThat(driver.takeInterrupt()).isEqualTo(VirtioMmio.INTERRUPT_USED_BUFFER);
    }

    @Test
    void inputWaitsForBuffersUpToItsBound()
    {
        assertThat(receive("x".repeat(5000))).isEqualTo(VirtioConsole.INPUT_BYTES);
        assertThat(console.inputRoom()).isZero();
        assertThat(receive("y")).isZero();

        driver.start(0);
        final GuestDriver.Piece piece = driver.writable(5000);
        driver.add(RX, piece);
        driver.notifyDevice(RX);

        assertThat(driver.used(RX)).containsExactly(new GuestDriver.Used(0, VirtioConsole.INPUT_BYTES));
        assertThat(driver.content(piece, 4096)).asString().isEqualTo("x".repeat(4096));
        assertThat(console.inputRoom()).isEqualTo(VirtioConsole.INPUT_BYTES);
    }

    @Test
    void inputKeepsItsOrderWhileTheBufferWrapsAround()
    {
        driver.start(0);
        final StringBuilder sent = new StringBuilder();
        final StringBuilder got = new StringBuilder();
        for (int i = 0; i < 300; i++)
        {
            final String text = String.format(Locale.ROOT, "line %d%n", i).repeat(10);
            assertThat(receive(text)).isEqualTo(text.length());
            sent.append(text);
            while (console.inputRoom() < VirtioConsole.INPUT_BYTES)
            {
                final GuestDriver.Piece piece = driver.writable(33);
                driver.add(RX, piece);
                driver.notifyDevice(RX);
                for (final GuestDriver.Used used : driver.used(RX))
                {
                    got.append(new String(driver.content(piece, used.writtenBytes()), StandardCharsets.US_ASCII));
                }
            }
        }
        assertThat(got).hasToString(sent.toString());
    }

    @Test
    void anInputBufferThatIsReadableNeedsAReset()
    {
        driver.start(0);
        driver.add(RX, driver.readable(new byte[4]));
        driver.notifyDevice(RX);
        assertThat(driver.needsReset()).isFalse();

        receive("x");

        assertThat(driver.needsReset()).isTrue();
        assertThat(console.inputRoom()).isEqualTo(VirtioConsole.INPUT_BYTES - 1);
    }

    @Test
    void anOutputOfAnyLengthIsPrinted()
    {
        driver.start(0);
        driver.add(TX, driver.readable(new byte[1 << 20]));
        driver.notifyDevice(TX);

        assertThat(driver.needsReset()).isFalse();
        assertThat(outputs.bytes).isEqualTo(1 << 20);
    }

    @Test
    void moreThanTheBoundAtOneNotifyNeedsAReset()
    {
        driver = new GuestDriver(memory, transport, 2, 64);
        driver.start(0);
        final GuestDriver.Piece[] pieces = new GuestDriver.Piece[17];
        Arrays.fill(pieces, driver.readable(new byte[VirtioDevice.MAX_NOTIFY_BYTES / 16]));
        driver.add(TX, Arrays.copyOf(pieces, 16));
        driver.notifyDevice(TX);
        assertThat(driver.needsReset()).isFalse();

        driver.add(TX, pieces);
        driver.notifyDevice(TX);

        assertThat(driver.needsReset()).isTrue();
        assertThat(outputs.bytes).isEqualTo(VirtioDevice.MAX_NOTIFY_BYTES);
    }

    private int receive(final String text)
    {
        return console.receive(text.getBytes(StandardCharsets.US_ASCII), 0, text.length());
    }
}
