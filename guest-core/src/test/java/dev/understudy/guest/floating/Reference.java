package dev.understudy.guest.floating;

import java.math.BigInteger;

/**
 * What an operation results in, by the definition: an exact number, of any size, and then one rounding.
 * <p>
 * Slow and plain, and shares nothing with what it is compared to. A number is {@code significand * 2^exponent}, and
 * more than that, by less than one unit of the significand's last place, if there is a rest.
 */
final class Reference
{
    /** Bits by which dividends and radicands are made longer: far more than any rounding looks at. */
    private static final int EXTRA_BITS = 4_400;

    private final int precision;
    private final int minExponent;
    private final int maxExponent;
    private final int bits;
    private int flags;

    /** A number that is not NaN or infinite, of a magnitude {@code significand * 2^exponent}. */
    record Finite(boolean isNegative, BigInteger significand, int exponent, boolean hasRest)
    {
        boolean isZero()
        {
            return significand.signum() == 0;
        }

        private BigInteger at(final int newExponent)
        {
            final BigInteger magnitude = significand.shiftLeft(exponent - newExponent);
            return isNegative ? magnitude.negate() : magnitude;
        }

        Finite plus(final Finite other)
        {
            final int low = Math.min(exponent, other.exponent);
            final BigInteger sum = at(low).add(other.at(low));
            return new Finite(sum.signum() < 0, sum.abs(), low, false);
        }

        Finite times(final Finite other)
        {
            return new Finite(isNegative != other.isNegative, significand.multiply(other.significand),
                exponent + other.exponent, false);
        }

        Finite dividedBy(final Finite other)
        {
            final BigInteger[] parts = significand.shiftLeft(EXTRA_BITS).divideAndRemainder(other.significand);
            return new Finite(isNegative != other.isNegative, parts[0], exponent - other.exponent - EXTRA_BITS,
                parts[1].signum() != 0);
        }

        Finite squareRoot()
        {
            final int odd = exponent & 1;
            final BigInteger[] parts = significand.shiftLeft(EXTRA_BITS + odd).sqrtAndRemainder();
            return new Finite(false, parts[0], (exponent - odd - EXTRA_BITS) / 2, parts[1].signum() != 0);
        }
    }

    Reference(final Format format)
    {
        precision = format == Format.SINGLE ? 24 : 53;
        bits = format == Format.SINGLE ? 32 : 64;
        maxExponent = format == Format.SINGLE ? 127 : 1023;
        minExponent = 1 - maxExponent;
    }

    int flags()
    {
        return flags;
    }

    Finite read(final long pattern)
    {
        final int exponentBits = bits - precision;
        final int biased = (int)(pattern >>> precision - 1) & (1 << exponentBits) - 1;
        final long fraction = pattern & (1L << precision - 1) - 1;
        final long significand = biased == 0 ? fraction : fraction + (1L << precision - 1);
        return new Finite((pattern >>> bits - 1 & 1) != 0, BigInteger.valueOf(significand),
            Math.max(biased, 1) - maxExponent - (precision - 1), false);
    }

    /** Rounds a number that is not zero to the format, and sets the flags. */
    long round(final Finite number, final int mode)
    {
        final int top = number.significand.bitLength() - 1 + number.exponent;
        final Finite unbounded = toMultiple(number, top - precision + 1, mode);
        final int unboundedTop = unbounded.significand.bitLength() - 1 + unbounded.exponent;
        final Finite rounded = toMultiple(number, Math.max(top, minExponent) - precision + 1, mode);
        final long sign = number.isNegative ? 1L << bits - 1 : 0;
        final int roundedTop = rounded.significand.bitLength() - 1 + rounded.exponent;
        if (!rounded.isZero() && roundedTop > maxExponent)
        {
            flags = ExceptionFlags.OF | ExceptionFlags.NX;
            final boolean isInfinite = mode == Rounding.RNE || mode == Rounding.RMM ||
                mode == (number.isNegative ? Rounding.RDN : Rounding.RUP);
            final long infinity = (2L * maxExponent + 1) << precision - 1;
            return sign | (isInfinite ? infinity : infinity - 1);
        }
        final boolean isExact = !number.hasRest && rounded.at(Math.min(rounded.exponent, number.exponent))
            .equals(number.at(Math.min(rounded.exponent, number.exponent)));
        flags = isExact ? 0 : unboundedTop < minExponent ? ExceptionFlags.UF | ExceptionFlags.NX : ExceptionFlags.NX;
        if (rounded.isZero())
        {
            return sign;
        }
        final int exponent = Math.max(roundedTop, minExponent);
        final long significand = rounded.significand.shiftLeft(rounded.exponent - exponent + precision - 1).longValue();
        // The leading one of a normal number adds one to the biased exponent.
        return sign | (roundedTop < minExponent ? significand :
            significand + ((long)(exponent - minExponent) << precision - 1));
    }

    /** The multiple of {@code 2^exponent} that the mode chooses. */
    static Finite toMultiple(final Finite number, final int exponent, final int mode)
    {
        final int drop = exponent - number.exponent;
        if (drop <= 0)
        {
            if (number.hasRest)
            {
                throw new IllegalArgumentException("too short");
            }
            return new Finite(number.isNegative, number.significand.shiftLeft(-drop), exponent, false);
        }
        final BigInteger below = number.significand.shiftRight(drop);
        final BigInteger rest = number.significand.subtract(below.shiftLeft(drop));
        final int comparison = rest.compareTo(BigInteger.ONE.shiftLeft(drop - 1));
        final boolean isExact = rest.signum() == 0 && !number.hasRest;
        final boolean isAbove = comparison > 0 || (comparison == 0 && number.hasRest);
        final boolean isMiddle = comparison == 0 && !number.hasRest;
        final boolean isUp = switch (mode)
        {
            case Rounding.RNE -> isAbove || (isMiddle && below.testBit(0));
            case Rounding.RTZ -> false;
            case Rounding.RDN -> number.isNegative && !isExact;
            case Rounding.RUP -> !number.isNegative && !isExact;
            default -> isAbove || isMiddle;
        };
        return new Finite(number.isNegative, isUp ? below.add(BigInteger.ONE) : below, exponent, false);
    }
}
