package dev.understudy.guest.sbi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.HartState;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.translate.Engine;
import dev.understudy.guest.translate.Interpreter;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What single calls do; guests/tests/sbi.c holds the same on QEMU where firmware agrees. */
class SbiTest implements OutputSink
{
    private static final long CODE = GuestMemory.BASE + 0x20_0000;
    private static final long DATA = CODE + 0x1000;
    private static final int ECALL = 0x73;
    private static final int CSRRS_T0_SIP = 0x1440_22F3;
    private static final int CSRRW_SIE_A1 = 0x1045_9073;
    private static final int CSRRW_STVEC_A1 = 0x1055_9073;
    private static final int CSRRS_T0_SEPC = 0x1410_22F3;
    private static final int CSRRS_A0_SCAUSE = 0x1420_2573;
    private static final int LOAD_ACCESS_FAULT = 5;
    private static final int SOFTWARE_PENDING = 2;

    private static final int T0 = 5;
    private static final int A0 = 10;
    private static final int A1 = 11;
    private static final int A2 = 12;
    private static final int A6 = 16;
    private static final int A7 = 17;

    private static final int BASE = 0x10;
    private static final int PROBE = 3;
    private static final int HSM = 0x48_534D;
    private static final int DBCN = 0x4442_434E;
    private static final long ERR_NOT_SUPPORTED = -2;
    private static final long ERR_INVALID_PARAM = -3;
    private static final long ERR_INVALID_ADDRESS = -5;
    private static final long ERR_ALREADY_AVAILABLE = -6;

    private final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
    private final FirmwareConsole input = new FirmwareConsole();
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private final Hart hart;
    private final Engine engine;
    private SystemReset reset;

    SbiTest()
    {
        final Plic plic = new Plic();
        final Mmu mmu = new Mmu(memory, new Bus(plic));
        hart = new Hart(mmu, new GuestClock(), plic::asserted);
        engine = new Interpreter(hart, mmu, memory, new Sbi(memory, this, input, how -> reset = how));
        memory.writeInt(CODE, CSRRW_SIE_A1);
        hart.start(CODE, 0, -1);
        engine.run(1);
        memory.writeInt(CODE, ECALL);
        memory.writeInt(CODE + Integer.BYTES, CSRRS_T0_SIP);
    }

    @ParameterizedTest
    @ValueSource(ints = {BASE, 0x5449_4D45, 0x0073_5049, 0x5246_4E43, 0x0048_534D, 0x5352_5354, DBCN,
        0, 1, 2, 3, 4, 5, 6, 7, 8})
    void everyExtensionIsFound(final int extension)
    {
        call(BASE, PROBE, extension, 0, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(hart.x(A1)).isEqualTo(1);
    }

    /** Those between and behind them, PMU, SUSP, NACL, STA, CPPC, and numbers of more than 32 bits. */
    @ParameterizedTest
    @ValueSource(longs = {9, 0xF, 0x11, 0x50_4D55, 0x5355_5350, 0x4E41_434C, 0x53_5441, 0x4350_5043, 0x1_0000_0010L, -1})
    void noOtherExtensionIsFound(final long extension)
    {
        call(BASE, PROBE, extension, 0, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(hart.x(A1)).isZero();
    }

    /** PMU, SUSP, CPPC, NACL, STA. */
    @ParameterizedTest
    @ValueSource(ints = {0x50_4D55, 0x5355_5350, 0x4350_5043, 0x4E41_434C, 0x53_5441})
    void aCallOfAnExtensionThatIsNotThereSaysSoAndDoesNothing(final int extension)
    {
        for (int function = 0; function < 10; function++)
        {
            call(extension, function, 0, CODE, 0x1234);
            assertThat(hart.x(A0)).isEqualTo(ERR_NOT_SUPPORTED);
            assertThat(hart.x(A1)).isZero();
            assertThat(hart.x(A2)).isEqualTo(0x1234);
            assertThat(hart.state()).isEqualTo(HartState.RUNNING);
        }
    }

    @Test
    void debugConsoleWritesFromMemoryAndSingleBytes()
    {
        write("some text");

        call(DBCN, 0, 4, DATA + 5, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(hart.x(A1)).as("bytes written").isEqualTo(4);
        call(DBCN, 2, '!', 0, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(console()).isEqualTo("text!");
    }

    @Test
    void debugConsoleReadsWhatIsThereUpToTheRoomForIt()
    {
        offer("typed");
        write("........");

        call(DBCN, 1, 3, DATA, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(hart.x(A1)).isEqualTo(3);
        call(DBCN, 1, 4, DATA + 3, 0);
        assertThat(hart.x(A1)).isEqualTo(2);
        assertThat(read(8)).isEqualTo("typed...");
        call(DBCN, 1, 4, DATA, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(hart.x(A1)).isZero();
    }

    /** Both ways: no memory there, more than there is, and the upper half of the address. */
    @ParameterizedTest
    @CsvSource({"0, 0, 1", "1, 0, 1", "0, 0x80200000, 0x7FFFFFFF", "1, 0x80200000, 0x7FFFFFFF"})
    void debugConsoleStaysWithinMemory(final int function, final String address, final String length)
    {
        offer("typed");
        call(DBCN, function, Long.decode(length), Long.decode(address), 0);
        assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
        call(DBCN, function, 1, DATA, 1);
        assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
        assertThat(console()).isEmpty();
        assertThat(input.poll()).isEqualTo('t');
    }

    @Test
    void legacyPutcharWritesAByte()
    {
        callLegacy(1, 'x' | 0x100);
        assertThat(hart.x(A0)).isZero();
        assertThat(console()).isEqualTo("x");
    }

    @Test
    void legacyGetcharReadsAByteOrSaysThatThereIsNone()
    {
        input.offer(new byte[]{'y', (byte)0xFF}, 0, 2);
        callLegacy(2, 0);
        assertThat(hart.x(A0)).isEqualTo('y');
        callLegacy(2, 0);
        assertThat(hart.x(A0)).isEqualTo(0xFF);
        callLegacy(2, 0);
        assertThat(hart.x(A0)).isEqualTo(-1);
    }

    @Test
    void legacyTimerIsThatOfTheTimeExtension()
    {
        callLegacy(0, 5_000);
        assertThat(hart.x(A0)).isZero();
        final long legacyNs = hart.timerNs();
        call(0x5449_4D45, 0, 7_000, 0, 0);
        assertThat(hart.timerNs()).isEqualTo(legacyNs + 2_000 * GuestClock.TICK_NS);
        assertThat(legacyNs).isEqualTo(5_000 * GuestClock.TICK_NS);
    }

    @Test
    void legacyInterruptToItselfIsPendingUntilItIsCleared()
    {
        assertThat(isSoftwarePending()).isFalse();
        callLegacy(4, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(isSoftwarePending()).as("sent to all").isTrue();
        callLegacy(3, 0);
        assertThat(hart.x(A0)).as("there was one").isPositive();
        assertThat(isSoftwarePending()).as("cleared").isFalse();
        callLegacy(3, 0);
        assertThat(hart.x(A0)).as("there was none").isZero();
        memory.writeLong(DATA, 1);
        callLegacy(4, DATA);
        assertThat(isSoftwarePending()).as("sent to this one").isTrue();
        callLegacy(3, 0);
        memory.writeLong(DATA, 2);
        callLegacy(4, DATA);
        assertThat(hart.x(A0)).isZero();
        assertThat(isSoftwarePending()).as("sent to another one").isFalse();
    }

    /** Section 9.4: what is reserved, and what a platform could have and this one has not. */
    @ParameterizedTest
    @ValueSource(longs = {1, 0x0FFF_FFFF, 0x1000_0000, 0x7FFF_FFFF, 0x8000_0001L, 0x8FFF_FFFFL, 0x9000_0000L, 0xFFFF_FFFFL})
    void suspendOfAnyOtherTypeIsAnInvalidParameter(final long type)
    {
        call(HSM, 3, type, CODE, 0);
        assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
        assertThat(hart.state()).isEqualTo(HartState.RUNNING);
    }

    /** Chapter 10: reserved, specific to a platform, and reasons of either kind. */
    @Test
    void resetOfAnyOtherTypeOrReasonIsAnInvalidParameter()
    {
        for (final long type : new long[]{3, 0xEFFF_FFFFL, 0xF000_0000L, 0xFFFF_FFFFL})
        {
            call(0x5352_5354, 0, type, 0, 0);
            assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
        }
        for (final long reason : new long[]{2, 0xE000_0000L, 0xF000_0000L})
        {
            call(0x5352_5354, 0, 0, reason, 0);
            assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
        }
        assertThat(reset).isNull();
    }

    /** Section 3.1, for IPI and RFENCE. */
    @Test
    void hartsThatAreNotThereAreAnInvalidParameter()
    {
        for (final int extension : new int[]{0x0073_5049, 0x5246_4E43})
        {
            for (final long[] harts : new long[][]{{1, 0}, {0, 0}, {0, -1}, {6, -1}})
            {
                call(extension, 0, harts[0], harts[1], 0);
                assertThat(hart.x(A0)).isZero();
            }
            for (final long[] harts : new long[][]{{2, 0}, {3, 0}, {1, 1}, {0, 1}, {0, -2}})
            {
                call(extension, 0, harts[0], harts[1], 0);
                assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
            }
        }
    }

    /** Chapter 9: hart 0 runs, and there is no other. */
    @Test
    void hartStateIsThatOfTheOnlyHart()
    {
        call(HSM, 0, 0, CODE, 0);
        assertThat(hart.x(A0)).isEqualTo(ERR_ALREADY_AVAILABLE);
        call(HSM, 0, 1, CODE, 0);
        assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
        call(HSM, 2, 1, 0, 0);
        assertThat(hart.x(A0)).isEqualTo(ERR_INVALID_PARAM);
        call(HSM, 2, 0, 0, 0);
        assertThat(hart.x(A0)).isZero();
        assertThat(hart.x(A1)).isZero();
        call(HSM, 3, 0x8000_0000L, 8, 0);
        assertThat(hart.x(A0)).as("nowhere to resume").isEqualTo(ERR_INVALID_ADDRESS);
        call(HSM, 4, 0, 0, 0);
        assertThat(hart.x(A0)).isEqualTo(ERR_NOT_SUPPORTED);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 7})
    void legacyFencesSucceedForAnyHarts(final int extension)
    {
        callLegacy(extension, 0);
        assertThat(hart.x(A0)).isZero();
        memory.writeLong(DATA, 1);
        callLegacy(extension, DATA);
        assertThat(hart.x(A0)).isZero();
        assertThat(isSoftwarePending()).isFalse();
    }

    /** Chapter 5: the fault is the guest's, at its call, which does not retire. */
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7})
    void legacyCallWhoseMaskCannotBeReadTraps(final int extension)
    {
        memory.writeInt(CODE, CSRRW_STVEC_A1);
        hart.start(CODE, 0, DATA);
        engine.run(hart.instret() + 1);
        memory.writeInt(CODE, ECALL);
        memory.writeInt(DATA, CSRRS_T0_SEPC);
        memory.writeInt(DATA + Integer.BYTES, CSRRS_A0_SCAUSE);

        hart.start(CODE, 8, 0x1234);
        hart.x(A7, extension);
        engine.run(hart.instret() + 2);

        assertThat(hart.pc()).isEqualTo(DATA + 2 * Integer.BYTES);
        assertThat(hart.x(T0)).isEqualTo(CODE);
        assertThat(hart.x(A0)).isEqualTo(LOAD_ACCESS_FAULT);
        assertThat(hart.x(A1)).isEqualTo(0x1234);
    }

    @Test
    void legacyShutdownEndsTheGuest()
    {
        callLegacy(8, 0);
        assertThat(hart.state()).isEqualTo(HartState.STOPPED);
        assertThat(reset).isEqualTo(SystemReset.SHUTDOWN);
    }

    /** Calls answer in a0 alone, and leave a1. */
    private void callLegacy(final int extension, final long argument)
    {
        call(extension, 0x55, argument, 0x1234, 0);
        assertThat(hart.x(A1)).isEqualTo(0x1234);
    }

    private void call(final long extension, final long function, final long a0, final long a1, final long a2)
    {
        hart.start(CODE, a0, a1);
        hart.x(A2, a2);
        hart.x(A6, function);
        hart.x(A7, extension);
        engine.run(hart.instret() + 1);
    }

    private boolean isSoftwarePending()
    {
        hart.start(CODE + Integer.BYTES, 0, 0);
        engine.run(hart.instret() + 1);
        return (hart.x(T0) & SOFTWARE_PENDING) != 0;
    }

    private void offer(final String text)
    {
        final byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        input.offer(bytes, 0, bytes.length);
    }

    private void write(final String text)
    {
        final byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        memory.write(DATA, bytes, 0, bytes.length);
    }

    private String read(final int length)
    {
        return new String(memory.array(), (int)(DATA - GuestMemory.BASE), length, StandardCharsets.US_ASCII);
    }

    private String console()
    {
        return console.toString(StandardCharsets.US_ASCII);
    }

    @Override
    public void sendConsole(final byte[] data, final int offset, final int length)
    {
        console.write(data, offset, length);
    }

    @Override
    public void sendVsock(final byte[] packet, final int offset, final int length)
    {
        throw new AssertionError("a call of the firmware sent a packet");
    }

    @Override
    public void sendFrame(final byte[] frame, final int offset, final int length)
    {
        throw new AssertionError("a call of the firmware sent a frame");
    }
}
