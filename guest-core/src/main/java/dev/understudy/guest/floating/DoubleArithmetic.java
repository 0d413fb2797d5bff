package dev.understudy.guest.floating;

/**
 * Arithmetic on binary64: by the host's processor where that is provably the same, else exact on integers.
 * <p>
 * Java's {@code + - * /}, {@code Math.sqrt} and {@code Math.fma} are those of IEEE 754 in round-to-nearest-even (Java
 * language specification, section 15.4), so in that mode a result differs from RISC-V's only if it is NaN. What Java
 * does not tell is the flags. With NX set already, this is why there are no others:
 * <ul>
 * <li>NV gives NaN, DZ gives infinity, and OF in this mode gives infinity: none when the result is finite. NaN and
 *     infinity as operands give NaN, infinity or, as divisor, zero.
 * <li>UF wants a result that is tiny after rounding and inexact. A result above the smallest normal number is not tiny.
 *     The smallest normal number itself may be the tiny one that was rounded up. A sum is a multiple of the smallest
 *     subnormal number, so a tiny sum is exact; a square root is never tiny.
 * </ul>
 * Owned by the hart thread.
 */
public final class DoubleArithmetic
{
    private static final Format FORMAT = Format.DOUBLE;

    private final ExceptionFlags flags;
    private final ExactArithmetic exact;
    private final ExactConversion conversion;

    public DoubleArithmetic(final ExceptionFlags flags)
    {
        this.flags = flags;
        exact = new ExactArithmetic(flags);
        conversion = new ExactConversion(flags);
    }

    /** FADD.D; with the sign of {@code b} changed, FSUB.D. */
    public long add(final long a, final long b, final int mode)
    {
        if (isFast(mode))
        {
            final double sum = Double.longBitsToDouble(a) + Double.longBitsToDouble(b);
            if (Math.abs(sum) <= Double.MAX_VALUE)
            {
                return Double.doubleToRawLongBits(sum);
            }
        }
        return exact.add(FORMAT, a, b, mode);
    }

    /** FMUL.D. */
    public long multiply(final long a, final long b, final int mode)
    {
        if (isFast(mode))
        {
            final double product = Double.longBitsToDouble(a) * Double.longBitsToDouble(b);
            if (isFarFromTiny(product))
            {
                return Double.doubleToRawLongBits(product);
            }
        }
        return exact.multiply(FORMAT, a, b, mode);
    }

    /** FDIV.D. */
    public long divide(final long a, final long b, final int mode)
    {
        if (isFast(mode))
        {
            final double quotient = Double.longBitsToDouble(a) / Double.longBitsToDouble(b);
            if (isFarFromTiny(quotient))
            {
                return Double.doubleToRawLongBits(quotient);
            }
        }
        return exact.divide(FORMAT, a, b, mode);
    }

    /** FSQRT.D. */
    public long squareRoot(final long a, final int mode)
    {
        if (isFast(mode))
        {
            final double root = Math.sqrt(Double.longBitsToDouble(a));
            if (root <= Double.MAX_VALUE)
            {
                return Double.doubleToRawLongBits(root);
            }
        }
        return exact.squareRoot(FORMAT, a, mode);
    }

    /** FMADD.D; with the signs of {@code a} and {@code c} changed, the other three of its kind. */
    public long fusedMultiplyAdd(final long a, final long b, final long c, final int mode)
    {
        if (isFast(mode))
        {
            final double sum = Math.fma(
                Double.longBitsToDouble(a), Double.longBitsToDouble(b), Double.longBitsToDouble(c));
            if (isFarFromTiny(sum))
            {
                return Double.doubleToRawLongBits(sum);
            }
        }
        return exact.fusedMultiplyAdd(FORMAT, a, b, c, mode);
    }

    /** FCVT.D.S; {@code single} is a binary32 pattern. Every number of binary32 is one of binary64. */
    public long fromSingle(final long single, final int mode)
    {
        final double value = Float.intBitsToFloat((int)single);
        return Double.isNaN(value) ? conversion.convert(Format.SINGLE, FORMAT, single, mode) :
            Double.doubleToRawLongBits(value);
    }

    /** FCVT.D.W: exact, whatever the mode. */
    public static long fromWord(final long value)
    {
        return Double.doubleToRawLongBits((int)value);
    }

    /** FCVT.D.WU: exact, whatever the mode. */
    public static long fromUnsignedWord(final long value)
    {
        return Double.doubleToRawLongBits(value & 0xFFFF_FFFFL);
    }

    /** FCVT.D.L. */
    public long fromLong(final long value, final int mode)
    {
        return isFast(mode) ? Double.doubleToRawLongBits((double)value) : conversion.fromSigned(FORMAT, value, mode);
    }

    /** FCVT.D.LU. */
    public long fromUnsignedLong(final long value, final int mode)
    {
        return conversion.fromUnsigned(FORMAT, value, mode);
    }

    /** FCVT.W.D. */
    public long toWord(final long bits, final int mode)
    {
        final double value = Double.longBitsToDouble(bits);
        final int word = (int)value;
        // The integer is the value: nothing to round. NaN and what lies outside gives an integer that is not.
        return word == value ? word : conversion.toWord(FORMAT, bits, mode);
    }

    /** FCVT.WU.D. */
    public long toUnsignedWord(final long bits, final int mode)
    {
        return conversion.toUnsignedWord(FORMAT, bits, mode);
    }

    /** FCVT.L.D. */
    public long toLong(final long bits, final int mode)
    {
        final double value = Double.longBitsToDouble(bits);
        final long integer = (long)value;
        // As for words; but the largest long is not a double, and compares equal to 2^63, which lies outside.
        return integer == value && integer != Long.MAX_VALUE ? integer : conversion.toLong(FORMAT, bits, mode);
    }

    /** FCVT.LU.D. */
    public long toUnsignedLong(final long bits, final int mode)
    {
        return conversion.toUnsignedLong(FORMAT, bits, mode);
    }

    private boolean isFast(final int mode)
    {
        return mode == Rounding.RNE && flags.isInexact();
    }

    private static boolean isFarFromTiny(final double result)
    {
        final double magnitude = Math.abs(result);
        return magnitude > Double.MIN_NORMAL && magnitude <= Double.MAX_VALUE;
    }
}
