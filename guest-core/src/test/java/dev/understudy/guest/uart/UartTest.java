package dev.understudy.guest.uart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.sbi.FirmwareConsole;
import dev.understudy.guest.state.SavedState;
import dev.understudy.guest.state.StateHash;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The serial port, as the drivers of Linux and U-Boot use it. */
class UartTest implements OutputSink
{
    private static final long PRIORITY = 4L * Uart.SOURCE;
    private static final long ENABLE = 0x2000;
    private static final long CLAIM = 0x20_0004;

    private final FirmwareConsole input = new FirmwareConsole();
    private final Plic plic = new Plic();
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private final Uart uart = new Uart(input, this, plic);

    UartTest()
    {
        plic.store(PRIORITY, 4, 1);
        plic.store(ENABLE, 4, 1 << Uart.SOURCE);
    }

    @Override
    public void sendConsole(final byte[] data, final int offset, final int length)
    {
        console.write(data, offset, length);
    }

    @Override
    public void sendVsock(final byte[] packet, final int offset, final int length)
    {
        throw new AssertionError();
    }

    @Override
    public void sendFrame(final byte[] frame, final int offset, final int length)
    {
        throw new AssertionError();
    }

    @Test
    void registersAfterAReset()
    {
        assertThat(load(Uart.IER)).isZero();
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_NONE);
        assertThat(load(Uart.LCR)).isZero();
        assertThat(load(Uart.MCR)).isZero();
        assertThat(load(Uart.LSR)).isEqualTo(Uart.LSR_EMPTY);
        assertThat(load(Uart.MSR)).isEqualTo(Uart.MSR_READY);
        assertThat(load(Uart.SCR)).isZero();
        assertThat(uart.load(8, 1)).isZero();
        assertThat(uart.load(Uart.WINDOW_BYTES - 1, 1)).isZero();
    }

    @Test
    void whatIsSentIsConsoleOutputAndTheTransmitterIsEmptyAgain()
    {
        store(Uart.DATA, 'h');
        assertThat(load(Uart.LSR)).isEqualTo(Uart.LSR_EMPTY);
        uart.store(Uart.DATA, 4, 0x1234_5600 | 'i');
        assertThat(console.toString(StandardCharsets.US_ASCII)).isEqualTo("hi");
    }

    @Test
    void divisorLiesBehindItsAccessBitAndPrintsNothing()
    {
        store(Uart.LCR, Uart.LCR_DLAB | 3);
        store(Uart.DATA, 0x34);
        store(Uart.IER, 0x12);
        assertThat(load(Uart.DATA)).isEqualTo(0x34);
        assertThat(load(Uart.IER)).isEqualTo(0x12);
        store(Uart.LCR, 3);
        assertThat(load(Uart.LCR)).isEqualTo(3);
        assertThat(load(Uart.IER)).isZero();
        assertThat(load(Uart.DATA)).isZero();
        assertThat(console.size()).isZero();
        store(Uart.SCR, 0xA5);
        assertThat(load(Uart.SCR)).isEqualTo(0xA5);
    }

    @Test
    void whatIsTypedIsReadInOrderAndResetsLoseNone()
    {
        type("ab");
        store(Uart.IIR_FCR, 7);
        assertThat(load(Uart.LSR) & Uart.LSR_RECEIVED).isEqualTo(1);
        assertThat(load(Uart.DATA)).isEqualTo('a');
        assertThat(load(Uart.DATA)).isEqualTo('b');
        assertThat(load(Uart.LSR) & Uart.LSR_RECEIVED).isZero();
        assertThat(load(Uart.DATA)).isZero();
    }

    @Test
    void inputInterruptsAsLongAsThereIsSome()
    {
        type("a");
        assertThat(plic.asserted()).as("not enabled").isFalse();
        store(Uart.IER, Uart.IER_RECEIVED);
        assertThat(claim()).isEqualTo(Uart.SOURCE);
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_RECEIVED);
        load(Uart.DATA);
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_NONE);
        complete();
        assertThat(plic.asserted()).isFalse();
        type("b");
        assertThat(claim()).isEqualTo(Uart.SOURCE);
    }

    /** The queue is the firmware's as well. */
    @Test
    void interruptEndsWhenTheFirmwareTakesTheInput()
    {
        store(Uart.IER, Uart.IER_RECEIVED);
        type("a");
        assertThat(claim()).isEqualTo(Uart.SOURCE);
        input.take();
        complete();
        assertThat(plic.asserted()).isFalse();
    }

    @Test
    void fewerBytesThanTheTriggerAreATimeout()
    {
        store(Uart.IIR_FCR, Uart.FCR_ENABLE | 2 << 6);
        store(Uart.IER, Uart.IER_RECEIVED);
        type("1234567");
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_FIFOS | Uart.IIR_TIMEOUT);
        type("8");
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_FIFOS | Uart.IIR_RECEIVED);
    }

    @Test
    void emptyTransmitterInterruptsOnceForEachReason()
    {
        store(Uart.IER, Uart.IER_EMPTY);
        assertThat(claim()).as("enabled").isEqualTo(Uart.SOURCE);
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_EMPTY);
        assertThat(load(Uart.IIR_FCR)).as("told").isEqualTo(Uart.IIR_NONE);
        complete();
        assertThat(plic.asserted()).isFalse();
        store(Uart.DATA, 'x');
        assertThat(claim()).as("sent").isEqualTo(Uart.SOURCE);
        store(Uart.IER, 0);
        assertThat(load(Uart.IIR_FCR)).as("disabled").isEqualTo(Uart.IIR_NONE);
    }

    @Test
    void inputGoesBeforeAnEmptyTransmitter()
    {
        store(Uart.IER, Uart.IER_EMPTY | Uart.IER_RECEIVED);
        type("a");
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_RECEIVED);
        load(Uart.DATA);
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_EMPTY);
    }

    /** Linux looks for a port so: DCD and CTS follow OUT2 and RTS. */
    @Test
    void loopbackConnectsLinesAndData()
    {
        type("t");
        store(Uart.MCR, Uart.MCR_LOOP | 0xA);
        assertThat(load(Uart.MSR) & 0xF0).isEqualTo(0x90);
        assertThat(load(Uart.LSR) & Uart.LSR_RECEIVED).as("what is typed waits").isZero();
        store(Uart.IIR_FCR, Uart.FCR_ENABLE);
        for (int i = 0; i < Uart.FIFO_BYTES; i++)
        {
            store(Uart.DATA, i);
        }
        assertThat(load(Uart.LSR) & Uart.LSR_OVERRUN).isZero();
        store(Uart.DATA, 99);
        store(Uart.IER, Uart.IER_LINE);
        assertThat(load(Uart.IIR_FCR) & 0xF).isEqualTo(Uart.IIR_LINE);
        assertThat(load(Uart.LSR) & Uart.LSR_OVERRUN).isNotZero();
        assertThat(load(Uart.LSR) & Uart.LSR_OVERRUN).as("told").isZero();
        for (int i = 0; i < Uart.FIFO_BYTES; i++)
        {
            assertThat(load(Uart.DATA)).isEqualTo(i);
        }
        assertThat(console.size()).isZero();
        store(Uart.MCR, 0);
        assertThat(load(Uart.DATA)).isEqualTo('t');
    }

    @Test
    void changedModemLinesInterrupt()
    {
        load(Uart.MSR);
        store(Uart.IER, Uart.IER_MODEM);
        assertThat(plic.asserted()).isFalse();
        store(Uart.MCR, Uart.MCR_LOOP);
        assertThat(claim()).isEqualTo(Uart.SOURCE);
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_MODEM);
        assertThat(load(Uart.MSR)).as("all three fell").isEqualTo(0x0B);
        assertThat(load(Uart.MSR)).isZero();
        assertThat(load(Uart.IIR_FCR)).isEqualTo(Uart.IIR_NONE);
    }

    /** Linux disables interrupts while it prints, and takes OUT2 back when the port is closed. */
    @Test
    void portIsReadFromWhenInterruptsAreEnabledUntilItIsClosed()
    {
        assertThat(uart.isReceiving()).isFalse();
        store(Uart.IER, Uart.IER_RECEIVED);
        store(Uart.IER, 0);
        assertThat(uart.isReceiving()).as("without OUT2").isFalse();
        store(Uart.MCR, Uart.MCR_OUT2);
        assertThat(uart.isReceiving()).isFalse();
        store(Uart.IER, Uart.IER_RECEIVED);
        store(Uart.IER, 0);
        assertThat(uart.isReceiving()).as("while it prints").isTrue();
        store(Uart.MCR, 0);
        assertThat(uart.isReceiving()).as("closed").isFalse();
    }

    @Test
    void stateIsPartOfTheDigest()
    {
        final long before = digest();
        for (final int register : new int[]{Uart.SCR, Uart.IER, Uart.MCR, Uart.IIR_FCR, Uart.LCR})
        {
            final long previous = digest();
            store(register, 1);
            assertThat(digest()).isNotEqualTo(previous).isNotEqualTo(before);
        }
    }

    @Test
    void savedStateIsTakenOverByAnotherPort()
    {
        store(Uart.MCR, Uart.MCR_LOOP | Uart.MCR_OUT2);
        store(Uart.IIR_FCR, Uart.FCR_ENABLE | 1 << 6);
        store(Uart.DATA, 'a');
        store(Uart.DATA, 'b');
        store(Uart.IER, Uart.IER_EMPTY | Uart.IER_RECEIVED);
        store(Uart.LCR, Uart.LCR_DLAB);
        store(Uart.DATA, 1);
        store(Uart.LCR, 3);
        store(Uart.SCR, 9);
        final SavedState saved = SavedState.of(uart);

        final Uart other = new Uart(new FirmwareConsole(), this, new Plic());
        other.load(saved.reader());

        assertThat(SavedState.of(other).isSameAs(saved)).isTrue();
        assertThat(other.isReceiving()).isTrue();
        assertThat(other.load(Uart.IIR_FCR, 1)).isEqualTo(Uart.IIR_FIFOS | Uart.IIR_TIMEOUT);
        assertThat(other.load(Uart.DATA, 1)).isEqualTo('a');
        assertThat(other.load(Uart.DATA, 1)).isEqualTo('b');
    }

    private long digest()
    {
        final StateHash hash = new StateHash();
        uart.save(hash);
        return hash.value();
    }

    private void type(final String text)
    {
        input.offer(text.getBytes(StandardCharsets.US_ASCII), 0, text.length());
    }

    private int load(final int register)
    {
        return (int)uart.load(register, 1);
    }

    private void store(final int register, final int value)
    {
        uart.store(register, 1, value);
    }

    private long claim()
    {
        return plic.load(CLAIM, 4);
    }

    private void complete()
    {
        plic.store(CLAIM, 4, Uart.SOURCE);
    }
}
