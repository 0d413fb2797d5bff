package dev.understudy.guest.floating;

/**
 * A binary interchange format, and what its bit patterns mean.
 * <pre>
 *   sign | biased exponent | fraction          SINGLE  1 |  8 | 23      DOUBLE  1 | 11 | 52
 * </pre>
 * A pattern is held in the low bits of a long, the bits above it are 0. Source: IEEE 754-2019, section 3.4.
 */
public final class Format
{
    /** binary32, of the F extension. */
    public static final Format SINGLE = new Format(24, 8);

    /** binary64, of the D extension. */
    public static final Format DOUBLE = new Format(53, 11);

    /** Bits of a significand, the leading one included. */
    final int precision;

    /** Bits of a fraction: the significand without its leading one. */
    final int fractionBits;

    /** The exponent of 1.0 in its biased form; also the largest exponent of a finite number. */
    final int bias;

    /** The exponent of the smallest normal number. */
    final int minExponent;

    /** Mask of the sign. */
    final long sign;

    /** Positive infinity. */
    final long infinity;

    /** The largest finite number. */
    final long largest;

    /** The only NaN that arithmetic results in: positive, quiet, nothing else in it. */
    final long canonicalNaN;

    private final long quiet;
    private final long fractionMask;

    private Format(final int precision, final int exponentBits)
    {
        this.precision = precision;
        fractionBits = precision - 1;
        bias = (1 << exponentBits - 1) - 1;
        minExponent = 1 - bias;
        sign = 1L << fractionBits + exponentBits;
        fractionMask = (1L << fractionBits) - 1;
        infinity = sign - 1 & ~fractionMask;
        largest = infinity - 1;
        quiet = 1L << fractionBits - 1;
        canonicalNaN = infinity | quiet;
    }

    boolean isNegative(final long bits)
    {
        return (bits & sign) != 0;
    }

    /** The pattern without its sign: magnitudes are ordered as their patterns are. */
    long magnitude(final long bits)
    {
        return bits & ~sign;
    }

    boolean isNaN(final long bits)
    {
        return magnitude(bits) > infinity;
    }

    boolean isSignalling(final long bits)
    {
        return isNaN(bits) && (bits & quiet) == 0;
    }

    boolean isInfinite(final long bits)
    {
        return magnitude(bits) == infinity;
    }

    boolean isZero(final long bits)
    {
        return magnitude(bits) == 0;
    }

    boolean isSubnormal(final long bits)
    {
        return (bits & infinity) == 0 && (bits & fractionMask) != 0;
    }

    /** Zero with a sign. */
    long zero(final boolean isNegative)
    {
        return isNegative ? sign : 0;
    }

    /** Infinity with a sign. */
    long infinity(final boolean isNegative)
    {
        return zero(isNegative) | infinity;
    }

    /** The significand of a finite number that is not zero, its leading one in bit 63: unsigned, from 2^63 on. */
    long significand(final long bits)
    {
        final long fraction = bits & fractionMask;
        if ((bits & infinity) == 0)
        {
            return fraction << Long.numberOfLeadingZeros(fraction);
        }
        return (fraction | fractionMask + 1) << Long.SIZE - precision;
    }

    /** The exponent that goes with {@link #significand}: the number is {@code significand * 2^exponent}. */
    int exponent(final long bits)
    {
        final int biased = (int)(magnitude(bits) >>> fractionBits);
        return biased == 0 ?
            minExponent - fractionBits - Long.numberOfLeadingZeros(bits & fractionMask) :
            biased - bias - (Long.SIZE - 1);
    }
}
