package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.hart.HartState;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A user program in a loop of calls to its kernel, under each engine: the state is equal wherever the engines stop.
 * <p>
 * The kernel's handler does what Linux does for a call: CSRs of the trap, a window with interrupts enabled in which the
 * timer fires, a read with SUM, a page table's entry changed behind the program's back, fences, {@code sstatus.FS} made
 * Clean as when registers were saved, and a return from the trap. The program reads and writes that page, aligned or not,
 * and adds in floating point.
 */
class TrapLoopsTest
{
    private static final long BASE = RandomProgram.BASE;
    private static final int USER_CODE = 0x4000;
    private static final int DATA = 0x8000;
    private static final int OTHER_DATA = 0x9000;
    private static final int ROOT = 0x1_0000;
    private static final int MIDDLE = 0x1_1000;
    private static final int LEAF = 0x1_2000;
    private static final int IMAGE_BYTES = 0x1_3000;

    private static final long USER = 0x4000_0000L;
    private static final long USER_DATA = USER + 0x1000;
    private static final int DATA_ENTRY = LEAF + 8;

    private static final int SSTATUS = 0x100;
    private static final int SIE = 0x104;
    private static final int STVEC = 0x105;
    private static final int SSCRATCH = 0x140;
    private static final int SEPC = 0x141;
    private static final int SCAUSE = 0x142;
    private static final int STVAL = 0x143;
    private static final int STIMECMP = 0x14D;
    private static final int SATP = 0x180;
    private static final int TIME = 0xC01;

    private static final int WRITE = 1;
    private static final int SET = 2;
    private static final int CLEAR = 3;
    private static final int SET_IMMEDIATE = 6;
    private static final int CLEAR_IMMEDIATE = 7;

    private static final int SFENCE_VMA = 0x1200_0073;
    private static final int FENCE_I = 0x100F;
    private static final int SRET = 0x1020_0073;

    private static final int DYNAMIC = 7;
    private static final int FADD_D = 0x01;
    private static final int FCVT_D_L = 0x69;
    private static final int SAVED = 0x2000;

    private static final int CALLS = 2_500;
    private static final int TICKS = 37;
    private static final int MAX_STRETCH = 5_000;

    /** Offsets in the handler's save area; a nested trap has the next one. */
    private static final int SAVED_SP = 24;
    private static final int SAVED_SEPC = 32;
    private static final int SAVED_SSTATUS = 40;
    private static final int SAVE_AREA_BYTES = 64;

    @Tag("slow")
    @Test
    void enginesAgreeWhereverTheyStop()
    {
        final byte[] image = image();
        final BareHart interpreted = new BareHart(EngineKind.INTERPRETER, image);
        final BareHart translator = new BareHart(EngineKind.TRANSLATOR, image);
        final BareHart mixed = new BareHart(EngineKind.MIXED, image);
        final Random random = new Random(1);
        int stops = 0;
        while (interpreted.hart.state() == HartState.RUNNING)
        {
            final int stretch = 1 + random.nextInt(random.nextInt(3) == 0 ? 20 : MAX_STRETCH);
            final long until = interpreted.hart.instret() + stretch;
            interpreted.run(until);
            stops++;
            for (final BareHart other : new BareHart[]{translator, mixed})
            {
                other.run(until - random.nextInt(stretch));
                other.run(until);
                assertThat(other.hart.instret()).isEqualTo(interpreted.hart.instret());
                assertThat(other.hart.pc()).as("pc at %d", until).isEqualTo(interpreted.hart.pc());
                assertThat(other.digest()).as("the state at %d", until).isEqualTo(interpreted.digest());
            }
        }
        assertThat(interpreted.hart.crash()).isNull();
        assertThat(stops).isGreaterThan(50);
        assertThat(interpreted.memory.readLong(BASE + DATA + 64)).as("calls left").isZero();
        assertThat(Double.longBitsToDouble(interpreted.hart.f[2])).as("one added before each call").isEqualTo(CALLS);
        final TranslationStatistics statistics = translator.engine.statistics();
        assertThat(statistics.translatedInstructions()).as("translated").isGreaterThan(interpreted.hart.instret() / 2);
        assertThat(statistics.exits(ExitCause.PRIVILEGED)).as("exits before a privileged instruction").isGreaterThan(CALLS);
    }

    private static byte[] image()
    {
        final ByteBuffer image = ByteBuffer.allocate(IMAGE_BYTES);
        final Assembler to = new Assembler(image, BASE);
        final int start = image.position();
        to.word(0);
        final long handler = to.address();
        handler(to, image);
        image.putInt(start, Assembler.jal(0, image.position() - start));
        boot(to, handler);
        image.position(USER_CODE);
        program(to, image);
        image.putLong(DATA + 64, CALLS);
        image.putLong(ROOT + 8, pointer(MIDDLE));
        image.putLong(ROOT + 16, 0x8000_0000L >> 12 << 10 | 0xCF);
        image.putLong(MIDDLE, pointer(LEAF));
        image.putLong(LEAF, pointer(USER_CODE) | 0x5A);
        image.putLong(DATA_ENTRY, pointer(DATA) | 0xD6);
        return image.array();
    }

    private static long pointer(final int offset)
    {
        return BASE + offset >> 12 << 10 | 1;
    }

    private static void boot(final Assembler to, final long handler)
    {
        csrValue(to, STVEC, handler);
        csrValue(to, SSCRATCH, BASE + DATA + 128);
        csrValue(to, SEPC, USER);
        csrValue(to, SIE, 1 << 5);
        to.li(5, BASE + ROOT >> 12);
        to.addi(6, 0, 8);
        to.i(Assembler.OP_IMM, 1, 6, 6, 60);
        to.r(Assembler.OP, 6, 0, 5, 5, 6);
        to.csr(WRITE, 0, SATP, 5);
        to.addi(5, 0, 0x100);
        to.csr(CLEAR, 0, SSTATUS, 5);
        to.csr(SET_IMMEDIATE, 0, SSTATUS, 0);
        nextTimer(to);
        to.word(SRET);
    }

    private static void csrValue(final Assembler to, final int csr, final long value)
    {
        to.li(5, value);
        to.csr(WRITE, 0, csr, 5);
    }

    private static void nextTimer(final Assembler to)
    {
        to.csr(SET, 6, TIME, 0);
        to.addi(6, 6, TICKS);
        to.csr(WRITE, 0, STIMECMP, 6);
    }

    /** Uses x5 to x7, and x2 for the save area. */
    private static void handler(final Assembler to, final ByteBuffer image)
    {
        to.csr(WRITE, 2, SSCRATCH, 2);
        to.sd(5, 2, 0);
        to.sd(6, 2, 8);
        to.sd(7, 2, 16);
        to.csr(SET, 5, SCAUSE, 0);
        final int toTimer = image.position();
        to.word(0);

        to.csr(SET, 6, SEPC, 0);
        to.addi(6, 6, 4);
        to.csr(WRITE, 0, SEPC, 6);
        to.csr(SET, 7, STVAL, 0);
        window(to);
        // The other page of data from now on.
        to.li(5, BASE + DATA_ENTRY);
        to.ld(6, 5, 0);
        to.li(7, pointer(DATA) ^ pointer(OTHER_DATA));
        to.r(Assembler.OP, 4, 0, 6, 6, 7);
        to.sd(6, 5, 0);
        to.word(SFENCE_VMA);
        to.word(FENCE_I);
        to.li(5, SAVED);
        to.csr(CLEAR, 0, SSTATUS, 5);
        // As the program sees it.
        to.li(5, 1 << 18);
        to.csr(SET, 0, SSTATUS, 5);
        to.li(6, USER_DATA);
        to.ld(7, 6, 5);
        to.csr(CLEAR, 0, SSTATUS, 5);
        to.csr(CLEAR_IMMEDIATE, 6, SSTATUS, 2);
        to.csr(SET, 0, SSTATUS, 0);
        to.li(5, BASE + DATA + 64);
        to.ld(6, 5, 0);
        to.addi(6, 6, -1);
        to.sd(6, 5, 0);
        final int toReturn = image.position();
        to.word(0);
        to.ecall();

        image.putInt(toTimer, Assembler.branch(4, 5, 0, image.position() - toTimer));
        nextTimer(to);
        image.putInt(toReturn, Assembler.branch(1, 6, 0, image.position() - toReturn));
        to.ld(5, 2, 0);
        to.ld(6, 2, 8);
        to.ld(7, 2, 16);
        to.csr(WRITE, 2, SSCRATCH, 2);
        to.word(SRET);
    }

    /** Lets the timer interrupt the handler. */
    private static void window(final Assembler to)
    {
        to.csr(SET, 5, SSCRATCH, 0);
        to.sd(5, 2, SAVED_SP);
        to.sd(6, 2, SAVED_SEPC);
        to.csr(SET, 5, SSTATUS, 0);
        to.sd(5, 2, SAVED_SSTATUS);
        to.addi(5, 2, SAVE_AREA_BYTES);
        to.csr(WRITE, 0, SSCRATCH, 5);
        to.csr(SET_IMMEDIATE, 0, SSTATUS, 2);
        to.addi(5, 5, 1);
        to.csr(CLEAR_IMMEDIATE, 5, SSTATUS, 2);
        to.ld(5, 2, SAVED_SSTATUS);
        to.csr(WRITE, 0, SSTATUS, 5);
        to.ld(5, 2, SAVED_SEPC);
        to.csr(WRITE, 0, SEPC, 5);
        to.ld(5, 2, SAVED_SP);
        to.csr(WRITE, 0, SSCRATCH, 5);
    }

    private static void program(final Assembler to, final ByteBuffer image)
    {
        to.li(8, USER_DATA);
        to.addi(2, 0, 77);
        to.addi(9, 0, 1);
        to.r(Assembler.OP_FP, DYNAMIC, FCVT_D_L, 1, 9, 2);
        to.r(Assembler.OP_FP, DYNAMIC, FCVT_D_L, 2, 0, 2);
        final int loop = image.position();
        to.addi(9, 0, 5);
        to.r(Assembler.OP_FP, DYNAMIC, FADD_D, 2, 2, 1);
        final int inner = image.position();
        to.ld(12, 8, 0);
        to.r(Assembler.OP, 0, 0, 13, 13, 12);
        to.ld(14, 8, 3);
        to.r(Assembler.OP, 4, 0, 13, 13, 14);
        to.sd(13, 8, 13);
        to.addi(12, 12, 1);
        to.sd(12, 8, 0);
        to.addi(9, 9, -1);
        to.word(Assembler.branch(1, 9, 0, inner - image.position()));
        to.ecall();
        to.word(Assembler.jal(0, loop - image.position()));
    }
}
