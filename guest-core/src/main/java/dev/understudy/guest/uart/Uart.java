package dev.understudy.guest.uart;

import dev.understudy.guest.bus.Device;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.sbi.FirmwareConsole;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import java.util.Arrays;

/**
 * A serial port, {@code ns16550a}: what the guest sends is console output at once, what it receives is console input.
 * <p>
 * There is no line: the divisor can be set and changes nothing, the transmitter is always empty, the other end is always
 * ready. Input waits in the queue that the firmware's console reads as well, until the guest reads it here; so a reset of
 * the FIFOs loses none of it. In loopback mode the port hears itself alone.
 * <pre>
 *   offset        load                              store
 *   0             RBR received byte                 THR byte to send         DLL with DLAB
 *   1             IER interrupt enables             IER                      DLM with DLAB
 *   2             IIR interrupt identification      FCR FIFO control
 *   3             LCR line control, bit 7 is DLAB   LCR
 *   4             MCR modem control                 MCR
 *   5             LSR line status                   -
 *   6             MSR modem status                  -
 *   7             SCR scratch                       SCR
 * </pre>
 * Registers are one byte wide and one byte apart; a wider access is one of its first byte. Owned by the hart thread.
 * Source: Texas Instruments, PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs (SNLS378B), chapter 8.
 */
public final class Uart implements Device
{
    /** Physical address of the window, as on QEMU's {@code virt} machine. */
    public static final long BASE = 0x1000_0000L;

    /** Size of the window in bytes, as on QEMU's {@code virt} machine. */
    public static final long WINDOW_BYTES = 0x100;

    /** The interrupt source, as on QEMU's {@code virt} machine. */
    public static final int SOURCE = 10;

    /** Frequency that the divisor divides, in hertz, as on QEMU's {@code virt} machine. */
    public static final int CLOCK_FREQUENCY = 3_686_400;

    static final int DATA = 0;
    static final int IER = 1;
    static final int IIR_FCR = 2;
    static final int LCR = 3;
    static final int MCR = 4;
    static final int LSR = 5;
    static final int MSR = 6;
    static final int SCR = 7;

    static final int IER_RECEIVED = 1;
    static final int IER_EMPTY = 1 << 1;
    static final int IER_LINE = 1 << 2;
    static final int IER_MODEM = 1 << 3;

    static final int IIR_NONE = 1;
    static final int IIR_MODEM = 0;
    static final int IIR_EMPTY = 2;
    static final int IIR_RECEIVED = 4;
    static final int IIR_LINE = 6;
    static final int IIR_TIMEOUT = 0xC;
    static final int IIR_FIFOS = 0xC0;

    static final int FCR_ENABLE = 1;
    static final int FCR_RESET_RECEIVER = 1 << 1;

    static final int LCR_DLAB = 1 << 7;

    static final int MCR_OUT2 = 1 << 3;
    static final int MCR_LOOP = 1 << 4;

    static final int LSR_RECEIVED = 1;
    static final int LSR_OVERRUN = 1 << 1;
    static final int LSR_EMPTY = 1 << 5 | 1 << 6;

    /** Clear to send, data set ready, carrier. */
    static final int MSR_READY = 0xB0;

    /** Bytes of the FIFO; one while it is not enabled. */
    static final int FIFO_BYTES = 16;

    private static final int IER_WRITABLE = 0x0F;
    private static final int MCR_WRITABLE = 0x1F;
    private static final int TRIGGER_SHIFT = 6;
    private static final int[] TRIGGERS = {1, 4, 8, 14};
    private static final int MSR_LINES = 0xF0;
    private static final int MSR_RING = 1 << 6;
    private static final int MSR_RING_ENDED = 1 << 2;
    private static final int BYTE = 0xFF;

    private final FirmwareConsole input;
    private final OutputSink output;
    private final Plic plic;
    @Derived("scratch for what is sent at once")
    private final byte[] sent = new byte[1];

    /** What the port has sent to itself. */
    private final byte[] looped = new byte[FIFO_BYTES];
    private int loopedCount;

    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int scratch;
    private int divisor;
    private boolean isOverrun;

    /** The transmitter became empty, and the guest was not told yet. */
    private boolean isEmptyPending;

    /** Lines of {@link #MSR} as the guest saw them last, and which have changed since. */
    private int modemLines = MSR_READY;
    private int modemChanges;

    /** See {@link #isReceiving}. */
    private boolean receiving;

    /**
     * @param input  what the port receives
     * @param output called during the guest's store to THR
     */
    public Uart(final FirmwareConsole input, final OutputSink output, final Plic plic)
    {
        this.input = input;
        this.output = output;
        this.plic = plic;
        input.onChange(this::updateLine);
    }

    /**
     * Whether the guest reads the port by interrupts: it has enabled that of received bytes, and since then not disabled it
     * for longer than while it prints. A driver that closes the port takes OUT2 back, which on a PC lets interrupts through.
     */
    public boolean isReceiving()
    {
        return receiving;
    }

    private void updateLine()
    {
        plic.setLevel(SOURCE, cause() != IIR_NONE);
    }

    @Override
    public long base()
    {
        return BASE;
    }

    @Override
    public long size()
    {
        return WINDOW_BYTES;
    }

    @Override
    public long load(final long offset, final int bytes)
    {
        final int value = load((int)offset);
        updateLine();
        return value;
    }

    private int load(final int register)
    {
        final boolean isDivisor = (lcr & LCR_DLAB) != 0;
        return switch (register)
        {
            case DATA -> isDivisor ? divisor & BYTE : receive();
            case IER -> isDivisor ? divisor >> Byte.SIZE : ier;
            case IIR_FCR -> identify();
            case LCR -> lcr;
            case MCR -> mcr;
            case LSR ->
            {
                final int status = lineStatus();
                isOverrun = false;
                yield status;
            }
            case MSR ->
            {
                final int status = modemLines | modemChanges;
                modemChanges = 0;
                yield status;
            }
            case SCR -> scratch;
            default -> 0;
        };
    }

    @Override
    public void store(final long offset, final int bytes, final long value)
    {
        store((int)offset, (int)value & BYTE);
        updateLine();
    }

    private void store(final int register, final int value)
    {
        final boolean isDivisor = (lcr & LCR_DLAB) != 0;
        switch (register)
        {
            case DATA ->
            {
                if (isDivisor)
                {
                    divisor = divisor & ~BYTE | value;
                }
                else
                {
                    send(value);
                }
            }
            case IER ->
            {
                if (isDivisor)
                {
                    divisor = divisor & BYTE | value << Byte.SIZE;
                }
                else
                {
                    enable(value & IER_WRITABLE);
                }
            }
            case IIR_FCR -> control(value);
            case LCR -> lcr = value;
            case MCR ->
            {
                mcr = value & MCR_WRITABLE;
                receiving &= (mcr & MCR_OUT2) != 0 || (ier & IER_RECEIVED) != 0;
                modem();
            }
            case SCR -> scratch = value;
            default ->
            {
                // LSR and MSR can only be read here, and there is nothing behind SCR.
            }
        }
    }

    private void enable(final int value)
    {
        // The transmitter is empty: to be told of it is to be told at once.
        isEmptyPending |= (value & ~ier & IER_EMPTY) != 0;
        ier = value;
        receiving = (value & IER_RECEIVED) != 0 || receiving && (mcr & MCR_OUT2) != 0;
    }

    private void control(final int value)
    {
        if ((value & FCR_RESET_RECEIVER) != 0 || ((value ^ fcr) & FCR_ENABLE) != 0)
        {
            loopedCount = 0;
        }
        // Without the enable bit no other can be written.
        fcr = (value & FCR_ENABLE) != 0 ? value : 0;
    }

    private void send(final int value)
    {
        isEmptyPending = true;
        if ((mcr & MCR_LOOP) == 0)
        {
            sent[0] = (byte)value;
            output.sendConsole(sent, 0, 1);
            return;
        }
        final boolean hasFifo = (fcr & FCR_ENABLE) != 0;
        if (loopedCount < (hasFifo ? FIFO_BYTES : 1))
        {
            looped[loopedCount++] = (byte)value;
            return;
        }
        isOverrun = true;
        if (!hasFifo)
        {
            // Without a FIFO the newer byte takes the place of the older.
            looped[0] = (byte)value;
        }
    }

    private int receive()
    {
        if (loopedCount > 0)
        {
            final int value = looped[0] & BYTE;
            loopedCount--;
            System.arraycopy(looped, 1, looped, 0, loopedCount);
            return value;
        }
        return hasInput() ? input.take() : 0;
    }

    private boolean hasInput()
    {
        return (mcr & MCR_LOOP) == 0 && input.count() > 0;
    }

    private int received()
    {
        return loopedCount + (hasInput() ? input.count() : 0);
    }

    private int lineStatus()
    {
        return LSR_EMPTY | (received() > 0 ? LSR_RECEIVED : 0) | (isOverrun ? LSR_OVERRUN : 0);
    }

    /** The most urgent cause that is enabled; that of an empty transmitter ends when the guest is told it. */
    private int identify()
    {
        final int cause = cause();
        isEmptyPending &= cause != IIR_EMPTY;
        return cause | ((fcr & FCR_ENABLE) != 0 ? IIR_FIFOS : 0);
    }

    /** Fewer bytes than the guest wants to be interrupted for are as old at once as if it had waited for more in vain. */
    private int cause()
    {
        if ((ier & IER_LINE) != 0 && isOverrun)
        {
            return IIR_LINE;
        }
        if ((ier & IER_RECEIVED) != 0 && received() > 0)
        {
            return received() >= TRIGGERS[fcr >> TRIGGER_SHIFT] ? IIR_RECEIVED : IIR_TIMEOUT;
        }
        if ((ier & IER_EMPTY) != 0 && isEmptyPending)
        {
            return IIR_EMPTY;
        }
        return (ier & IER_MODEM) != 0 && modemChanges != 0 ? IIR_MODEM : IIR_NONE;
    }

    /** In loopback mode the lines that the port drives are those that it sees: DTR, RTS, OUT1 and OUT2. */
    private void modem()
    {
        final int lines = (mcr & MCR_LOOP) == 0 ? MSR_READY :
            (mcr & 1) << 5 | (mcr & 2) << 3 | (mcr & 4) << 4 | (mcr & 8) << 4;
        final int changed = (lines ^ modemLines) & (MSR_LINES & ~MSR_RING);
        final boolean isRingEnded = (modemLines & ~lines & MSR_RING) != 0;
        modemChanges |= changed >> 4 | (isRingEnded ? MSR_RING_ENDED : 0);
        modemLines = lines;
    }

    @Override
    public void reset()
    {
        loopedCount = 0;
        Arrays.fill(looped, (byte)0);
        ier = 0;
        fcr = 0;
        lcr = 0;
        mcr = 0;
        scratch = 0;
        divisor = 0;
        isOverrun = false;
        isEmptyPending = false;
        modemLines = MSR_READY;
        modemChanges = 0;
        receiving = false;
        updateLine();
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(ier);
        to.write(fcr);
        to.write(lcr);
        to.write(mcr);
        to.write(scratch);
        to.write(divisor);
        to.write(isOverrun);
        to.write(isEmptyPending);
        to.write(modemLines);
        to.write(modemChanges);
        to.write(receiving);
        to.write(loopedCount);
        to.write(looped, 0, FIFO_BYTES);
    }

    /** The level of the interrupt is the interrupt controller's to load. */
    @Override
    public void load(final StateReader from)
    {
        ier = from.readInt(0, IER_WRITABLE);
        fcr = from.readInt(0, BYTE);
        lcr = from.readInt(0, BYTE);
        mcr = from.readInt(0, MCR_WRITABLE);
        scratch = from.readInt(0, BYTE);
        divisor = from.readInt(0, 0xFFFF);
        isOverrun = from.readBoolean();
        isEmptyPending = from.readBoolean();
        modemLines = from.readInt(0, BYTE);
        modemChanges = from.readInt(0, BYTE);
        receiving = from.readBoolean();
        loopedCount = from.readInt(0, FIFO_BYTES);
        from.read(looped, 0, FIFO_BYTES);
    }
}
