package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.floating.ExceptionFlags;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.state.StateHash;
import dev.understudy.guest.time.GuestClock;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * What of F and D a user-level program under QEMU does not show: {@code sstatus.FS}, illegal instructions and traps; and
 * the boxes of NaN.
 */
class FloatingPointTest
{
    private static final long CODE = 0x8020_0000L;
    private static final long HANDLER = 0x8010_0000L;
    private static final long DATA = 0x8030_0000L;
    private static final int NOP = 0x13;

    private static final int SSTATUS = 0x100;
    private static final long SD = 1L << 63;
    private static final long OFF = 0;
    private static final long INITIAL = 1L << 13;
    private static final long CLEAN = 2L << 13;
    private static final long DIRTY = 3L << 13;

    private static final long BOX = 0xFFFF_FFFF_0000_0000L;
    private static final long ONE_S = BOX | 0x3F80_0000L;
    private static final long THREE_S = BOX | 0x4040_0000L;
    private static final long NAN_S = BOX | 0x7FC0_0000L;
    private static final long ONE_D = 0x3FF0_0000_0000_0000L;
    private static final long THREE_D = 0x4008_0000_0000_0000L;

    private static final int FADD_D = 0x01;
    private static final int FDIV_D = 0x0D;
    private static final int DYN = 7;

    /** One of each format and kind: instructions of four bytes, of which none traps when FS is on. */
    private static final int[] LONG_INSTRUCTIONS = {
        0x0005_2087, // flw f1, 0(a0)
        0x0005_3087, // fld f1, 0(a0)
        0x0015_2027, // fsw f1, 0(a0)
        0x0015_3027, // fsd f1, 0(a0)
        0x1820_80C3, // fmadd.s f1, f1, f2, f3, rne
        0x1A20_80CF, // fnmadd.d f1, f1, f2, f3, rne
        0x0220_F0D3, // fadd.d f1, f1, f2, dyn
        0x5800_F0D3, // fsqrt.s f1, f1, dyn
        0x2220_80D3, // fsgnj.d f1, f1, f2
        0x2A20_90D3, // fmax.d f1, f1, f2
        0x4010_F0D3, // fcvt.s.d f1, f1
        0xC220_95D3, // fcvt.l.d a1, f1, rtz
        0xD220_F0D3, // fcvt.d.l f1, ra
        0xE000_85D3, // fmv.x.w a1, f1
        0xE200_95D3, // fclass.d a1, f1
        0xF200_00D3, // fmv.d.x f1, x0
        0xA220_A5D3, // feq.d a1, f1, f2
        0x0030_25F3, // frcsr a1
        0x0010_1073, // fsflags x0
        0x0022_5073, // fsrmi 4
    };
    private static final int[] SHORT_INSTRUCTIONS = {
        0x2108, // c.fld fa0, 0(a0)
        0xA108, // c.fsd fa0, 0(a0)
        0x2082, // c.fldsp f1, 0(sp)
        0xA006, // c.fsdsp f1, 0(sp)
    };

    private final GuestMemory memory = new GuestMemory(8 << 20);
    private final Hart hart;
    private final Engine engine;

    FloatingPointTest()
    {
        final Plic plic = new Plic();
        final Mmu mmu = new Mmu(memory, new Bus(plic));
        hart = new Hart(mmu, new GuestClock(), plic::asserted);
        engine = Engine.of(EngineKind.MIXED, hart, mmu, memory, BareHart.END, TranslationHost.NONE);
        hart.writeCsr(0x105, HANDLER);
        for (int i = 0; i < 64; i += 4)
        {
            memory.writeInt(HANDLER + i, NOP);
        }
        hart.x(2, DATA);
        hart.x(10, DATA);
    }

    @Test
    void startsAsTheFirmwareLeavesIt()
    {
        assertThat(hart.readCsr(SSTATUS)).isEqualTo(0x8000_0002_0000_6000L);
        assertThat(hart.readCsr(Assembler.FCSR)).isZero();
    }

    @Test
    void everyInstructionIsIllegalWhileOff()
    {
        for (final int bits : LONG_INSTRUCTIONS)
        {
            setFs(OFF);
            executeWord(CODE, bits);
            assertIllegal(bits & 0xFFFF_FFFFL, CODE);
        }
        for (final int bits : SHORT_INSTRUCTIONS)
        {
            setFs(OFF);
            at(CODE, to -> to.half(bits));
            assertIllegal(bits, CODE);
        }
        assertThat(hart.f).containsOnly(0);
        assertThat(fs()).isEqualTo(OFF);
    }

    @Test
    void everyInstructionRetiresWhileOn()
    {
        for (final long state : new long[]{INITIAL, CLEAN, DIRTY})
        {
            for (final int bits : LONG_INSTRUCTIONS)
            {
                setFs(state);
                executeWord(CODE, bits);
                assertThat(hart.pc()).as(Integer.toHexString(bits)).isEqualTo(CODE + 4);
            }
            for (final int bits : SHORT_INSTRUCTIONS)
            {
                setFs(state);
                at(CODE, to -> to.half(bits));
                assertThat(hart.pc()).as(Integer.toHexString(bits)).isEqualTo(CODE + 2);
            }
        }
    }

    @Test
    void instructionAcrossPagesIsExecutedAndReportedWhole()
    {
        final long across = CODE + 4096 - 2;
        hart.f[1] = ONE_D;
        hart.f[2] = ONE_D;
        executeWord(across, 0x0220_F0D3);
        assertThat(hart.f[1]).isEqualTo(0x4000_0000_0000_0000L);
        assertThat(hart.pc()).isEqualTo(across + 4);

        setFs(OFF);
        executeWord(across, 0x0220_F0D3);
        assertIllegal(0x0220_F0D3L, across);
    }

    @Test
    void summaryBitFollowsFsAndCannotBeWritten()
    {
        for (final long state : new long[]{OFF, INITIAL, CLEAN})
        {
            setFs(state | SD);
            assertThat(hart.readCsr(SSTATUS) & (SD | DIRTY)).isEqualTo(state);
        }
        setFs(DIRTY);
        assertThat(hart.readCsr(SSTATUS) & (SD | DIRTY)).isEqualTo(SD | DIRTY);
    }

    @Test
    void readingLeavesTheStateClean()
    {
        hart.f[1] = ONE_D;
        hart.f[2] = ONE_D;
        // Stores, moves, comparisons and conversions to integers that raise nothing, reads of the CSRs.
        for (final int bits : new int[]{0x0015_2027, 0x0015_3027, 0xC220_95D3, 0xE000_85D3, 0xE200_95D3, 0xA220_A5D3,
            0x0030_25F3, 0x0020_25F3, 0x0010_25F3, 0x0010_6073})
        {
            setFs(CLEAN);
            executeWord(CODE, bits);
            assertThat(hart.pc()).isEqualTo(CODE + 4);
            assertThat(fs()).as(Integer.toHexString(bits)).isEqualTo(CLEAN);
        }
    }

    @Test
    void writingMakesTheStateDirty()
    {
        // Also where the value stays the same: loads, computations, writes of the CSRs.
        for (final int bits : new int[]{0x0005_2087, 0x0005_3087, 0x0220_F0D3, 0x2210_80D3, 0xF200_00D3, 0xD220_F0D3,
            0x0010_1073, 0x0020_1073, 0x0030_1073, 0x0010_E073})
        {
            setFs(INITIAL);
            executeWord(CODE, bits);
            assertThat(fs()).as(Integer.toHexString(bits)).isEqualTo(DIRTY);
        }
        setFs(CLEAN);
        at(CODE, to -> to.half(0x2108));
        assertThat(fs()).isEqualTo(DIRTY);
    }

    @Test
    void integerResultMakesTheStateDirtyWhenItAddsAFlag()
    {
        final long half = 0x3FE0_0000_0000_0000L;
        hart.f[1] = half;
        setFs(CLEAN);
        executeWord(CODE, 0xC220_95D3);
        assertThat(hart.readCsr(Assembler.FFLAGS)).isEqualTo(ExceptionFlags.NX);
        assertThat(fs()).isEqualTo(DIRTY);

        setFs(CLEAN);
        executeWord(CODE, 0xC220_95D3);
        assertThat(fs()).isEqualTo(CLEAN);
    }

    @Test
    void loadThatTrapsWritesNothing()
    {
        hart.f[1] = ONE_D;
        hart.x(10, 0x4000_0000L);
        setFs(CLEAN);
        executeWord(CODE, 0x0005_3087);
        assertThat(hart.readCsr(0x142)).isEqualTo(5);
        assertThat(hart.readCsr(0x143)).isEqualTo(0x4000_0000L);
        assertThat(hart.f[1]).isEqualTo(ONE_D);
        assertThat(fs()).isEqualTo(CLEAN);
    }

    @Test
    void misalignedLoadsAndStoresWorkLikeThoseOfIntegers()
    {
        final long address = DATA + 4096 - 3;
        hart.x(10, address);
        hart.f[1] = 0x0123_4567_89AB_CDEFL;
        executeWord(CODE, 0x0015_3027);
        executeWord(CODE, 0x0005_2107);
        assertThat(hart.f[2]).isEqualTo(BOX | 0x89AB_CDEFL);
        executeWord(CODE, 0x0005_3107);
        assertThat(hart.f[2]).isEqualTo(0x0123_4567_89AB_CDEFL);
        assertThat(memory.readByte(address + 7)).isEqualTo(1);
    }

    @Test
    void reservedRoundingModesAreIllegal()
    {
        for (final int mode : new int[]{5, 6})
        {
            at(CODE, to -> to.r(Assembler.OP_FP, mode, FADD_D, 1, 1, 1));
            assertIllegal((FADD_D << 25 | 1 << 20 | 1 << 15 | mode << 12 | 1 << 7 | 0x53) & 0xFFFF_FFFFL, CODE);
            at(CODE, to -> to.fused(Assembler.FMADD, 1, mode, 1, 1, 1, 1));
            assertThat(hart.readCsr(0x142)).isEqualTo(2);
            // fcvt.d.w never rounds; its mode is reserved all the same.
            at(CODE, to -> to.r(Assembler.OP_FP, mode, 0x69, 1, 1, 0));
            assertThat(hart.readCsr(0x141)).isEqualTo(CODE);
            assertThat(hart.pc()).isEqualTo(HANDLER + 4);
        }
    }

    @Test
    void dynamicRoundingWithAReservedModeIsIllegal()
    {
        for (int mode = 5; mode <= 7; mode++)
        {
            hart.writeCsr(Assembler.FRM, mode);
            assertThat(hart.readCsr(Assembler.FCSR)).isEqualTo((long)mode << 5);
            executeWord(CODE, 0x0220_F0D3);
            assertIllegal(0x0220_F0D3L, CODE);
            // A mode of its own, or none at all.
            executeWord(CODE, 0x0220_80D3);
            assertThat(hart.pc()).isEqualTo(CODE + 4);
            executeWord(CODE, 0xE200_95D3);
            assertThat(hart.pc()).isEqualTo(CODE + 4);
        }
    }

    @Test
    void dynamicRoundingTakesTheModeFromFrm()
    {
        hart.f[1] = ONE_D;
        hart.f[2] = THREE_D;
        final long down = 0x3FD5_5555_5555_5555L;
        final long[] expected = {down, down, down, down + 1, down};
        for (int mode = 0; mode < expected.length; mode++)
        {
            hart.writeCsr(Assembler.FRM, mode);
            at(CODE, to -> to.r(Assembler.OP_FP, DYN, FDIV_D, 3, 1, 2));
            assertThat(hart.f[3]).isEqualTo(expected[mode]);
        }
    }

    @Test
    void formatsThatAreNotThereAreIllegal()
    {
        // Half and quad precision; fli and fround of Zfa; fmvh of Zfa.
        for (final int bits : new int[]{0x0420_80D3, 0x0620_80D3, 0x0005_1087, 0x0005_4087, 0xF210_00D3, 0x4240_80D3,
            0xE210_85D3, 0x1C20_80C3})
        {
            executeWord(CODE, bits);
            assertIllegal(bits & 0xFFFF_FFFFL, CODE);
        }
    }

    @Test
    void unboxedSingleReadsAsTheCanonicalNaN()
    {
        final long unboxed = 0xFFFF_FFFE_3F80_0000L;
        hart.f[1] = unboxed;
        hart.f[2] = THREE_S;
        at(CODE, to -> to.r(Assembler.OP_FP, 0, 0x00, 3, 1, 2)); // fadd.s
        assertThat(hart.f[3]).isEqualTo(NAN_S);
        at(CODE, to -> to.r(Assembler.OP_FP, 0, 0x14, 3, 1, 2)); // fmin.s
        assertThat(hart.f[3]).isEqualTo(THREE_S);
        at(CODE, to -> to.r(Assembler.OP_FP, 1, 0x10, 3, 1, 1)); // fneg.s
        assertThat(hart.f[3]).isEqualTo(NAN_S | 1L << 31);
        at(CODE, to -> to.r(Assembler.OP_FP, 1, 0x70, 11, 1, 0)); // fclass.s
        assertThat(hart.x(11)).isEqualTo(1 << 9);
        assertThat(hart.readCsr(Assembler.FFLAGS)).isZero();

        // Moves and stores take the bits as they are.
        at(CODE, to -> to.r(Assembler.OP_FP, 0, 0x70, 11, 1, 0)); // fmv.x.w
        assertThat(hart.x(11)).isEqualTo(0x3F80_0000);
        executeWord(CODE, 0x0015_2027); // fsw
        assertThat(memory.readInt(DATA)).isEqualTo(0x3F80_0000);
    }

    @Test
    void resultsOfSinglePrecisionAreBoxed()
    {
        memory.writeInt(DATA, 0x3F80_0000);
        executeWord(CODE, 0x0005_2087); // flw
        assertThat(hart.f[1]).isEqualTo(ONE_S);
        hart.x(11, 0x1234_5678_C040_0000L);
        at(CODE, to -> to.r(Assembler.OP_FP, 0, 0x78, 1, 11, 0)); // fmv.w.x
        assertThat(hart.f[1]).isEqualTo(BOX | 0xC040_0000L);
        at(CODE, to -> to.r(Assembler.OP_FP, 0, 0x70, 11, 1, 0)); // fmv.x.w
        assertThat(hart.x(11)).isEqualTo((int)0xC040_0000L);
        hart.x(11, 3);
        at(CODE, to -> to.r(Assembler.OP_FP, 0, 0x68, 1, 11, 0)); // fcvt.s.w
        assertThat(hart.f[1]).isEqualTo(THREE_S);
    }

    @Test
    void f0IsARegisterLikeTheOthersAndX0IsNot()
    {
        hart.f[1] = ONE_D;
        at(CODE, to -> to.r(Assembler.OP_FP, 0, FADD_D, 0, 1, 1));
        assertThat(hart.f[0]).isEqualTo(0x4000_0000_0000_0000L);
        at(CODE, to -> to.r(Assembler.OP_FP, 0, 0x71, 0, 1, 0)); // fmv.x.d x0, f1
        assertThat(hart.x(0)).isZero();
    }

    @Test
    void digestCoversEveryRegister()
    {
        final long before = digest();
        for (int i = 0; i < 32; i++)
        {
            hart.f[i] ^= 1;
            assertThat(digest()).as("f" + i).isNotEqualTo(before);
            hart.f[i] ^= 1;
        }
        assertThat(digest()).isEqualTo(before);
        hart.writeCsr(Assembler.FRM, 1);
        final long rounding = digest();
        assertThat(rounding).isNotEqualTo(before);
        hart.writeCsr(Assembler.FFLAGS, 1);
        assertThat(digest()).isNotIn(before, rounding);
        hart.writeCsr(Assembler.FCSR, 0);
        setFs(CLEAN);
        assertThat(digest()).isNotEqualTo(before);
    }

    private long digest()
    {
        final StateHash hash = new StateHash();
        hart.save(hash);
        return hash.value();
    }

    private void setFs(final long state)
    {
        hart.writeCsr(SSTATUS, state);
    }

    private long fs()
    {
        return hart.readCsr(SSTATUS) & DIRTY;
    }

    private void executeWord(final long address, final int bits)
    {
        at(address, to -> to.word(bits));
    }

    /** Puts one instruction at an address and executes it, or the first one of the handler when it traps. */
    private void at(final long address, final Consumer<Assembler> instruction)
    {
        final ByteBuffer code = ByteBuffer.allocate(8);
        instruction.accept(new Assembler(code, address));
        memory.write(address, code.array(), 0, code.position());
        hart.pc = address;
        engine.run(hart.instret() + 1);
    }

    private void assertIllegal(final long bits, final long address)
    {
        final String name = Long.toHexString(bits);
        assertThat(hart.pc()).as(name).isEqualTo(HANDLER + 4);
        assertThat(hart.readCsr(0x142)).as(name).isEqualTo(2);
        assertThat(hart.readCsr(0x143)).as(name).isEqualTo(bits);
        assertThat(hart.readCsr(0x141)).as(name).isEqualTo(address);
    }
}
