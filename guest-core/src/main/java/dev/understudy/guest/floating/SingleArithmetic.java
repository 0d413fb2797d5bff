package dev.understudy.guest.floating;

/**
 * Arithmetic on binary32, whose patterns are in the low 32 bits, the others 0: by the host's processor where that is
 * provably the same, else exact on integers.
 * <p>
 * The proof is that of {@link DoubleArithmetic}, with operations on {@code float}. Only the square root is computed in
 * {@code double} and rounded again, which gives the same: with at least twice the precision and two bits, the first
 * result is never close enough to the middle of two floats for the second rounding to go astray (S. A. Figueroa, When
 * is double rounding innocuous?, 1995). Owned by the hart thread.
 */
public final class SingleArithmetic
{
    private static final Format FORMAT = Format.SINGLE;

    private final ExceptionFlags flags;
    private final ExactArithmetic exact;
    private final ExactConversion conversion;

    public SingleArithmetic(final ExceptionFlags flags)
    {
        this.flags = flags;
        exact = new ExactArithmetic(flags);
        conversion = new ExactConversion(flags);
    }

    /** FADD.S; with the sign of {@code b} changed, FSUB.S. */
    public long add(final long a, final long b, final int mode)
    {
        if (isFast(mode))
        {
            final float sum = Float.intBitsToFloat((int)a) + Float.intBitsToFloat((int)b);
            if (Math.abs(sum) <= Float.MAX_VALUE)
            {
                return pattern(sum);
            }
        }
        return exact.add(FORMAT, a, b, mode);
    }

    /** FMUL.S. */
    public long multiply(final long a, final long b, final int mode)
    {
        if (isFast(mode))
        {
            final float product = Float.intBitsToFloat((int)a) * Float.intBitsToFloat((int)b);
            if (isFarFromTiny(product))
            {
                return pattern(product);
            }
        }
        return exact.multiply(FORMAT, a, b, mode);
    }

    /** FDIV.S. */
    public long divide(final long a, final long b, final int mode)
    {
        if (isFast(mode))
        {
            final float quotient = Float.intBitsToFloat((int)a) / Float.intBitsToFloat((int)b);
            if (isFarFromTiny(quotient))
            {
                return pattern(quotient);
            }
        }
        return exact.divide(FORMAT, a, b, mode);
    }

    /** FSQRT.S. */
    public long squareRoot(final long a, final int mode)
    {
        if (isFast(mode))
        {
            final float root = (float)Math.sqrt(Float.intBitsToFloat((int)a));
            if (root <= Float.MAX_VALUE)
            {
                return pattern(root);
            }
        }
        return exact.squareRoot(FORMAT, a, mode);
    }

    /** FMADD.S; with the signs of {@code a} and {@code c} changed, the other three of its kind. */
    public long fusedMultiplyAdd(final long a, final long b, final long c, final int mode)
    {
        if (isFast(mode))
        {
            final float sum = Math.fma(
                Float.intBitsToFloat((int)a), Float.intBitsToFloat((int)b), Float.intBitsToFloat((int)c));
            if (isFarFromTiny(sum))
            {
                return pattern(sum);
            }
        }
        return exact.fusedMultiplyAdd(FORMAT, a, b, c, mode);
    }

    /** FCVT.S.D; {@code bits} is a binary64 pattern. */
    public long fromDouble(final long bits, final int mode)
    {
        if (isFast(mode))
        {
            final float value = (float)Double.longBitsToDouble(bits);
            if (isFarFromTiny(value))
            {
                return pattern(value);
            }
        }
        return conversion.convert(Format.DOUBLE, FORMAT, bits, mode);
    }

    /** FCVT.S.W. */
    public long fromWord(final long value, final int mode)
    {
        return fromLong((int)value, mode);
    }

    /** FCVT.S.WU. */
    public long fromUnsignedWord(final long value, final int mode)
    {
        return fromLong(value & 0xFFFF_FFFFL, mode);
    }

    /** FCVT.S.L. */
    public long fromLong(final long value, final int mode)
    {
        return isFast(mode) ? pattern((float)value) : conversion.fromSigned(FORMAT, value, mode);
    }

    /** FCVT.S.LU. */
    public long fromUnsignedLong(final long value, final int mode)
    {
        return conversion.fromUnsigned(FORMAT, value, mode);
    }

    /** FCVT.W.S. */
    public long toWord(final long bits, final int mode)
    {
        final float value = Float.intBitsToFloat((int)bits);
        final int word = (int)value;
        // The integer is the value: nothing to round. In double, since the largest int is not a float.
        return word == (double)value ? word : conversion.toWord(FORMAT, bits, mode);
    }

    /** FCVT.WU.S. */
    public long toUnsignedWord(final long bits, final int mode)
    {
        return conversion.toUnsignedWord(FORMAT, bits, mode);
    }

    /** FCVT.L.S. */
    public long toLong(final long bits, final int mode)
    {
        return conversion.toLong(FORMAT, bits, mode);
    }

    /** FCVT.LU.S. */
    public long toUnsignedLong(final long bits, final int mode)
    {
        return conversion.toUnsignedLong(FORMAT, bits, mode);
    }

    private boolean isFast(final int mode)
    {
        return mode == Rounding.RNE && flags.isInexact();
    }

    private static boolean isFarFromTiny(final float result)
    {
        final float magnitude = Math.abs(result);
        return magnitude > Float.MIN_NORMAL && magnitude <= Float.MAX_VALUE;
    }

    private static long pattern(final float value)
    {
        return Float.floatToRawIntBits(value) & 0xFFFF_FFFFL;
    }
}
