package dev.understudy.guest.hart;

import dev.understudy.guest.floating.Comparison;
import dev.understudy.guest.floating.DoubleArithmetic;
import dev.understudy.guest.floating.Format;
import dev.understudy.guest.floating.Rounding;
import dev.understudy.guest.floating.SingleArithmetic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;

/**
 * Executes the instructions of F and D on the hart's registers.
 * <p>
 * A binary32 number in a register is boxed: the high half is all ones. One that is not reads as the canonical NaN,
 * except where only bits are moved (FSW, FMV.X.W). Source: RISC-V unprivileged specification, chapters F and D (NaN
 * boxing); privileged specification, section 3.1.6 (FS). Owned by the hart thread.
 */
final class FloatingPoint
{
    private static final long PAGE_MASK = -GuestMemory.PAGE_BYTES;
    private static final long BOX = 0xFFFF_FFFF_0000_0000L;
    private static final long CANONICAL_NAN_S = 0x7FC0_0000L;
    private static final long SIGN_S = 1L << 31;
    private static final long SIGN_D = 1L << 63;

    private final Hart hart;
    private final Mmu mmu;
    private final GuestMemory memory;
    private final byte[] ram;
    private final SingleArithmetic singles;
    private final DoubleArithmetic doubles;
    private final Comparison comparison;

    FloatingPoint(final Hart hart, final Mmu mmu, final GuestMemory memory)
    {
        this.hart = hart;
        this.mmu = mmu;
        this.memory = memory;
        ram = memory.array();
        singles = new SingleArithmetic(hart.fflags);
        doubles = new DoubleArithmetic(hart.fflags);
        comparison = new Comparison(hart.fflags);
    }

    /**
     * Executes an instruction if that is possible without a trap and without the slow path to memory; moves neither
     * {@code pc} nor {@code instret}.
     *
     * @return whether it was executed; if not, nothing has changed and {@link #executeSlowly} has to do it
     */
    boolean execute(final long instruction)
    {
        if (hart.isFloatingPointOff())
        {
            return false;
        }
        final int op = Op.op(instruction);
        return switch (op)
        {
            case Op.FLW -> loadSingle(instruction);
            case Op.FLD -> loadDouble(instruction);
            case Op.FSW -> storeSingle(instruction);
            case Op.FSD -> storeDouble(instruction);
            default -> compute(instruction, op);
        };
    }

    /**
     * Executes an instruction that {@link #execute} would not: a load or store on the slow path, or one that is illegal
     * now. On entry the hart's {@code pc} is that of the instruction; on return it is that of the next one to execute,
     * and {@code instret} has counted the instruction unless it trapped.
     */
    void executeSlowly(final long instruction)
    {
        final int op = Op.op(instruction);
        if (hart.isFloatingPointOff() || op >= Op.FIRST_FLOATING_COMPUTATION)
        {
            hart.illegalInstruction(bitsAtPc(Op.bytes(instruction)), Op.bytes(instruction));
            return;
        }
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int bytes = op == Op.FLW || op == Op.FSW ? 4 : 8;
        if (op == Op.FLW || op == Op.FLD)
        {
            final long value = mmu.load(address, bytes);
            if (mmu.faultCause() == Mmu.NO_FAULT)
            {
                hart.f[Op.rd(instruction)] = op == Op.FLW ? box(value) : value;
                hart.floatingPointWritten();
            }
        }
        else
        {
            mmu.store(address, bytes, hart.f[Op.rs2(instruction)]);
        }
        if (mmu.faultCause() != Mmu.NO_FAULT)
        {
            hart.exception(mmu.faultCause(), mmu.faultAddress());
            return;
        }
        hart.pc += Op.bytes(instruction);
        hart.instret++;
    }

    /** The bits of the instruction that is being executed, so its pages are there. */
    private int bitsAtPc(final int bytes)
    {
        final int low = halfword(hart.pc);
        return bytes == 2 ? low : halfword(hart.pc + 2) << 16 | low;
    }

    private int halfword(final long address)
    {
        final long page = GuestMemory.BASE + ((long)mmu.fetchPage(address) << GuestMemory.PAGE_SHIFT);
        return memory.readShort(page | (address & ~PAGE_MASK));
    }

    private boolean loadSingle(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.loadTags()[index] != (address & (PAGE_MASK | 3)))
        {
            return false;
        }
        final int place = (int)address + mmu.loadAddends()[index];
        hart.f[Op.rd(instruction)] = box((int)Interpreter.INT.get(ram, place));
        hart.floatingPointWritten();
        return true;
    }

    private boolean loadDouble(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.loadTags()[index] != (address & (PAGE_MASK | 7)))
        {
            return false;
        }
        final int place = (int)address + mmu.loadAddends()[index];
        hart.f[Op.rd(instruction)] = (long)Interpreter.LONG.get(ram, place);
        hart.floatingPointWritten();
        return true;
    }

    private boolean storeSingle(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.storeTags()[index] != (address & (PAGE_MASK | 3)))
        {
            return false;
        }
        final int place = (int)address + mmu.storeAddends()[index];
        Interpreter.INT.set(ram, place, (int)hart.f[Op.rs2(instruction)]);
        return true;
    }

    private boolean storeDouble(final long instruction)
    {
        final long address = hart.x[Op.rs1(instruction)] + Op.immediate(instruction);
        final int index = (int)(address >>> GuestMemory.PAGE_SHIFT) & Mmu.TLB_MASK;
        if (mmu.storeTags()[index] != (address & (PAGE_MASK | 7)))
        {
            return false;
        }
        final int place = (int)address + mmu.storeAddends()[index];
        Interpreter.LONG.set(ram, place, hart.f[Op.rs2(instruction)]);
        return true;
    }

    private boolean compute(final long instruction, final int op)
    {
        final int rounding = Op.rounding(instruction);
        final int mode = rounding == Rounding.DYN ? hart.frm : rounding;
        if (!Rounding.isMode(mode))
        {
            // Reserved, in the instruction or in frm: illegal, even for a conversion that never rounds.
            return false;
        }
        if (op < Op.FIRST_TO_INTEGER)
        {
            hart.f[Op.rd(instruction)] = toFloating(instruction, op, mode);
            hart.floatingPointWritten();
        }
        else
        {
            final int before = hart.fflags.value();
            hart.x[Op.rd(instruction)] = toInteger(instruction, op, mode);
            if (hart.fflags.value() != before)
            {
                hart.floatingPointWritten();
            }
        }
        return true;
    }

    private long toFloating(final long i, final int op, final int mode)
    {
        final long[] f = hart.f;
        return switch (op)
        {
            case Op.FMADD_S -> box(singles.fusedMultiplyAdd(
                single(f[Op.rs1(i)]), single(f[Op.rs2(i)]), single(f[Op.rs3(i)]), mode));
            case Op.FMADD_D -> doubles.fusedMultiplyAdd(
                f[Op.rs1(i)], f[Op.rs2(i)], f[Op.rs3(i)], mode);
            case Op.FMSUB_S -> box(singles.fusedMultiplyAdd(
                single(f[Op.rs1(i)]), single(f[Op.rs2(i)]), single(f[Op.rs3(i)]) ^ SIGN_S, mode));
            case Op.FMSUB_D -> doubles.fusedMultiplyAdd(
                f[Op.rs1(i)], f[Op.rs2(i)], f[Op.rs3(i)] ^ SIGN_D, mode);
            case Op.FNMSUB_S -> box(singles.fusedMultiplyAdd(
                single(f[Op.rs1(i)]) ^ SIGN_S, single(f[Op.rs2(i)]), single(f[Op.rs3(i)]), mode));
            case Op.FNMSUB_D -> doubles.fusedMultiplyAdd(
                f[Op.rs1(i)] ^ SIGN_D, f[Op.rs2(i)], f[Op.rs3(i)], mode);
            case Op.FNMADD_S -> box(singles.fusedMultiplyAdd(
                single(f[Op.rs1(i)]) ^ SIGN_S, single(f[Op.rs2(i)]), single(f[Op.rs3(i)]) ^ SIGN_S, mode));
            case Op.FNMADD_D -> doubles.fusedMultiplyAdd(
                f[Op.rs1(i)] ^ SIGN_D, f[Op.rs2(i)], f[Op.rs3(i)] ^ SIGN_D, mode);
            case Op.FADD_S -> box(singles.add(single(f[Op.rs1(i)]), single(f[Op.rs2(i)]), mode));
            case Op.FADD_D -> doubles.add(f[Op.rs1(i)], f[Op.rs2(i)], mode);
            case Op.FSUB_S -> box(singles.add(single(f[Op.rs1(i)]), single(f[Op.rs2(i)]) ^ SIGN_S, mode));
            case Op.FSUB_D -> doubles.add(f[Op.rs1(i)], f[Op.rs2(i)] ^ SIGN_D, mode);
            case Op.FMUL_S -> box(singles.multiply(single(f[Op.rs1(i)]), single(f[Op.rs2(i)]), mode));
            case Op.FMUL_D -> doubles.multiply(f[Op.rs1(i)], f[Op.rs2(i)], mode);
            case Op.FDIV_S -> box(singles.divide(single(f[Op.rs1(i)]), single(f[Op.rs2(i)]), mode));
            case Op.FDIV_D -> doubles.divide(f[Op.rs1(i)], f[Op.rs2(i)], mode);
            case Op.FSQRT_S -> box(singles.squareRoot(single(f[Op.rs1(i)]), mode));
            case Op.FSQRT_D -> doubles.squareRoot(f[Op.rs1(i)], mode);

            case Op.FSGNJ_S -> box(single(f[Op.rs1(i)]) & ~SIGN_S | single(f[Op.rs2(i)]) & SIGN_S);
            case Op.FSGNJ_D -> f[Op.rs1(i)] & ~SIGN_D | f[Op.rs2(i)] & SIGN_D;
            case Op.FSGNJN_S -> box(single(f[Op.rs1(i)]) & ~SIGN_S | ~single(f[Op.rs2(i)]) & SIGN_S);
            case Op.FSGNJN_D -> f[Op.rs1(i)] & ~SIGN_D | ~f[Op.rs2(i)] & SIGN_D;
            case Op.FSGNJX_S -> box(single(f[Op.rs1(i)]) ^ single(f[Op.rs2(i)]) & SIGN_S);
            case Op.FSGNJX_D -> f[Op.rs1(i)] ^ f[Op.rs2(i)] & SIGN_D;
            case Op.FMIN_S -> box(comparison.minimum(Format.SINGLE, single(f[Op.rs1(i)]), single(f[Op.rs2(i)])));
            case Op.FMIN_D -> comparison.minimum(Format.DOUBLE, f[Op.rs1(i)], f[Op.rs2(i)]);
            case Op.FMAX_S -> box(comparison.maximum(Format.SINGLE, single(f[Op.rs1(i)]), single(f[Op.rs2(i)])));
            case Op.FMAX_D -> comparison.maximum(Format.DOUBLE, f[Op.rs1(i)], f[Op.rs2(i)]);

            case Op.FCVT_S_D -> box(singles.fromDouble(f[Op.rs1(i)], mode));
            case Op.FCVT_D_S -> doubles.fromSingle(single(f[Op.rs1(i)]), mode);
            case Op.FCVT_S_W -> box(singles.fromWord(hart.x[Op.rs1(i)], mode));
            case Op.FCVT_D_W -> DoubleArithmetic.fromWord(hart.x[Op.rs1(i)]);
            case Op.FCVT_S_WU -> box(singles.fromUnsignedWord(hart.x[Op.rs1(i)], mode));
            case Op.FCVT_D_WU -> DoubleArithmetic.fromUnsignedWord(hart.x[Op.rs1(i)]);
            case Op.FCVT_S_L -> box(singles.fromLong(hart.x[Op.rs1(i)], mode));
            case Op.FCVT_D_L -> doubles.fromLong(hart.x[Op.rs1(i)], mode);
            case Op.FCVT_S_LU -> box(singles.fromUnsignedLong(hart.x[Op.rs1(i)], mode));
            case Op.FCVT_D_LU -> doubles.fromUnsignedLong(hart.x[Op.rs1(i)], mode);
            case Op.FMV_W_X -> box(hart.x[Op.rs1(i)]);
            case Op.FMV_D_X -> hart.x[Op.rs1(i)];
            default -> throw new IllegalArgumentException("operation " + op);
        };
    }

    private long toInteger(final long i, final int op, final int mode)
    {
        final long[] f = hart.f;
        return switch (op)
        {
            case Op.FCVT_W_S -> singles.toWord(single(f[Op.rs1(i)]), mode);
            case Op.FCVT_W_D -> doubles.toWord(f[Op.rs1(i)], mode);
            case Op.FCVT_WU_S -> singles.toUnsignedWord(single(f[Op.rs1(i)]), mode);
            case Op.FCVT_WU_D -> doubles.toUnsignedWord(f[Op.rs1(i)], mode);
            case Op.FCVT_L_S -> singles.toLong(single(f[Op.rs1(i)]), mode);
            case Op.FCVT_L_D -> doubles.toLong(f[Op.rs1(i)], mode);
            case Op.FCVT_LU_S -> singles.toUnsignedLong(single(f[Op.rs1(i)]), mode);
            case Op.FCVT_LU_D -> doubles.toUnsignedLong(f[Op.rs1(i)], mode);
            case Op.FMV_X_W -> (int)f[Op.rs1(i)];
            case Op.FMV_X_D -> f[Op.rs1(i)];
            case Op.FLE_S -> bit(comparison.isLessOrEqual(Format.SINGLE, single(f[Op.rs1(i)]), single(f[Op.rs2(i)])));
            case Op.FLE_D -> bit(comparison.isLessOrEqual(Format.DOUBLE, f[Op.rs1(i)], f[Op.rs2(i)]));
            case Op.FLT_S -> bit(comparison.isLess(Format.SINGLE, single(f[Op.rs1(i)]), single(f[Op.rs2(i)])));
            case Op.FLT_D -> bit(comparison.isLess(Format.DOUBLE, f[Op.rs1(i)], f[Op.rs2(i)]));
            case Op.FEQ_S -> bit(comparison.isEqual(Format.SINGLE, single(f[Op.rs1(i)]), single(f[Op.rs2(i)])));
            case Op.FEQ_D -> bit(comparison.isEqual(Format.DOUBLE, f[Op.rs1(i)], f[Op.rs2(i)]));
            case Op.FCLASS_S -> Comparison.classify(Format.SINGLE, single(f[Op.rs1(i)]));
            case Op.FCLASS_D -> Comparison.classify(Format.DOUBLE, f[Op.rs1(i)]);
            default -> throw new IllegalArgumentException("operation " + op);
        };
    }

    /** The binary32 number in a register. */
    private static long single(final long register)
    {
        return (register & BOX) == BOX ? register & ~BOX : CANONICAL_NAN_S;
    }

    /** A register with a binary32 number; the high half of {@code single} is ignored. */
    private static long box(final long single)
    {
        return single | BOX;
    }

    private static long bit(final boolean isSet)
    {
        return isSet ? 1 : 0;
    }
}
