package dev.understudy.guest.hart;

import dev.understudy.guest.floating.Comparison;
import dev.understudy.guest.floating.DoubleArithmetic;
import dev.understudy.guest.floating.ExceptionFlags;
import dev.understudy.guest.floating.Format;
import dev.understudy.guest.floating.SingleArithmetic;

/**
 * The computations of F and D, from the values of registers to the value of a register; only {@code fflags} changes.
 * <p>
 * The operation is a number of {@link Op}. They come in groups that are small enough for HotSpot to inline where the
 * operation is a constant. A binary32 number in a register is boxed: the high half is all ones. One that is not reads
 * as the canonical NaN. Source: RISC-V unprivileged specification, chapters F and D (NaN boxing). Owned by the hart
 * thread.
 */
public final class FloatingOperations
{
    private static final long BOX = 0xFFFF_FFFF_0000_0000L;
    private static final long CANONICAL_NAN_S = 0x7FC0_0000L;
    private static final long SIGN_S = 1L << 31;
    private static final long SIGN_D = 1L << 63;

    private final SingleArithmetic singles;
    private final DoubleArithmetic doubles;
    private final Comparison comparison;

    public FloatingOperations(final ExceptionFlags flags)
    {
        singles = new SingleArithmetic(flags);
        doubles = new DoubleArithmetic(flags);
        comparison = new Comparison(flags);
    }

    /** {@link Op#FMADD_S} to {@link Op#FNMADD_D}. */
    public long fused(final int op, final long a, final long b, final long c, final int mode)
    {
        return switch (op)
        {
            case Op.FMADD_S -> box(singles.fusedMultiplyAdd(single(a), single(b), single(c), mode));
            case Op.FMADD_D -> doubles.fusedMultiplyAdd(a, b, c, mode);
            case Op.FMSUB_S -> box(singles.fusedMultiplyAdd(single(a), single(b), single(c) ^ SIGN_S, mode));
            case Op.FMSUB_D -> doubles.fusedMultiplyAdd(a, b, c ^ SIGN_D, mode);
            case Op.FNMSUB_S -> box(singles.fusedMultiplyAdd(single(a) ^ SIGN_S, single(b), single(c), mode));
            case Op.FNMSUB_D -> doubles.fusedMultiplyAdd(a ^ SIGN_D, b, c, mode);
            case Op.FNMADD_S -> box(singles.fusedMultiplyAdd(single(a) ^ SIGN_S, single(b), single(c) ^ SIGN_S, mode));
            default -> doubles.fusedMultiplyAdd(a ^ SIGN_D, b, c ^ SIGN_D, mode);
        };
    }

    /** {@link Op#FADD_S} to {@link Op#FSQRT_D}. */
    public long arithmetic(final int op, final long a, final long b, final int mode)
    {
        return switch (op)
        {
            case Op.FADD_S -> box(singles.add(single(a), single(b), mode));
            case Op.FADD_D -> doubles.add(a, b, mode);
            case Op.FSUB_S -> box(singles.add(single(a), single(b) ^ SIGN_S, mode));
            case Op.FSUB_D -> doubles.add(a, b ^ SIGN_D, mode);
            case Op.FMUL_S -> box(singles.multiply(single(a), single(b), mode));
            case Op.FMUL_D -> doubles.multiply(a, b, mode);
            case Op.FDIV_S -> box(singles.divide(single(a), single(b), mode));
            case Op.FDIV_D -> doubles.divide(a, b, mode);
            case Op.FSQRT_S -> box(singles.squareRoot(single(a), mode));
            default -> doubles.squareRoot(a, mode);
        };
    }

    /** {@link Op#FSGNJ_S} to {@link Op#FMAX_D}. */
    public long select(final int op, final long a, final long b)
    {
        return switch (op)
        {
            case Op.FSGNJ_S -> box(single(a) & ~SIGN_S | single(b) & SIGN_S);
            case Op.FSGNJ_D -> a & ~SIGN_D | b & SIGN_D;
            case Op.FSGNJN_S -> box(single(a) & ~SIGN_S | ~single(b) & SIGN_S);
            case Op.FSGNJN_D -> a & ~SIGN_D | ~b & SIGN_D;
            case Op.FSGNJX_S -> box(single(a) ^ single(b) & SIGN_S);
            case Op.FSGNJX_D -> a ^ b & SIGN_D;
            case Op.FMIN_S -> box(comparison.minimum(Format.SINGLE, single(a), single(b)));
            case Op.FMIN_D -> comparison.minimum(Format.DOUBLE, a, b);
            case Op.FMAX_S -> box(comparison.maximum(Format.SINGLE, single(a), single(b)));
            default -> comparison.maximum(Format.DOUBLE, a, b);
        };
    }

    /** {@link Op#FCVT_S_D} to {@link Op#FMV_D_X}; {@code a} is a floating-point or an integer register's, as it says. */
    public long convert(final int op, final long a, final int mode)
    {
        return switch (op)
        {
            case Op.FCVT_S_D -> box(singles.fromDouble(a, mode));
            case Op.FCVT_D_S -> doubles.fromSingle(single(a), mode);
            case Op.FCVT_S_W -> box(singles.fromWord(a, mode));
            case Op.FCVT_D_W -> DoubleArithmetic.fromWord(a);
            case Op.FCVT_S_WU -> box(singles.fromUnsignedWord(a, mode));
            case Op.FCVT_D_WU -> DoubleArithmetic.fromUnsignedWord(a);
            case Op.FCVT_S_L -> box(singles.fromLong(a, mode));
            case Op.FCVT_D_L -> doubles.fromLong(a, mode);
            case Op.FCVT_S_LU -> box(singles.fromUnsignedLong(a, mode));
            case Op.FCVT_D_LU -> doubles.fromUnsignedLong(a, mode);
            case Op.FMV_W_X -> box(a);
            default -> a;
        };
    }

    /** {@link Op#FCVT_W_S} to {@link Op#FMV_X_D}. */
    public long toInteger(final int op, final long a, final int mode)
    {
        return switch (op)
        {
            case Op.FCVT_W_S -> singles.toWord(single(a), mode);
            case Op.FCVT_W_D -> doubles.toWord(a, mode);
            case Op.FCVT_WU_S -> singles.toUnsignedWord(single(a), mode);
            case Op.FCVT_WU_D -> doubles.toUnsignedWord(a, mode);
            case Op.FCVT_L_S -> singles.toLong(single(a), mode);
            case Op.FCVT_L_D -> doubles.toLong(a, mode);
            case Op.FCVT_LU_S -> singles.toUnsignedLong(single(a), mode);
            case Op.FCVT_LU_D -> doubles.toUnsignedLong(a, mode);
            case Op.FMV_X_W -> (int)a;
            default -> a;
        };
    }

    /** {@link Op#FLE_S} to {@link Op#FCLASS_D}. */
    public long compare(final int op, final long a, final long b)
    {
        return switch (op)
        {
            case Op.FLE_S -> bit(comparison.isLessOrEqual(Format.SINGLE, single(a), single(b)));
            case Op.FLE_D -> bit(comparison.isLessOrEqual(Format.DOUBLE, a, b));
            case Op.FLT_S -> bit(comparison.isLess(Format.SINGLE, single(a), single(b)));
            case Op.FLT_D -> bit(comparison.isLess(Format.DOUBLE, a, b));
            case Op.FEQ_S -> bit(comparison.isEqual(Format.SINGLE, single(a), single(b)));
            case Op.FEQ_D -> bit(comparison.isEqual(Format.DOUBLE, a, b));
            case Op.FCLASS_S -> Comparison.classify(Format.SINGLE, single(a));
            default -> Comparison.classify(Format.DOUBLE, a);
        };
    }

    /** The binary32 number in a register. */
    private static long single(final long register)
    {
        return (register & BOX) == BOX ? register & ~BOX : CANONICAL_NAN_S;
    }

    /** A register with a binary32 number; the high half of {@code single} is ignored. */
    static long box(final long single)
    {
        return single | BOX;
    }

    private static long bit(final boolean isSet)
    {
        return isSet ? 1 : 0;
    }
}
