package dev.understudy.guest.floating;

/**
 * Conversions between formats and to and from integers, on integers: every rounding mode, every flag.
 * <p>
 * Source: IEEE 754-2019, sections 5.4.2 and 5.8; RISC-V unprivileged specification, chapter F, table "Domains of
 * float-to-integer conversions and behavior for invalid inputs". Owned by the hart thread.
 */
final class ExactConversion
{
    private final ExceptionFlags flags;
    private final Rounder rounder;

    ExactConversion(final ExceptionFlags flags)
    {
        this.flags = flags;
        rounder = new Rounder(flags);
    }

    /** The number of a format that is nearest to one of another in the direction that the mode gives. */
    long convert(final Format from, final Format to, final long bits, final int mode)
    {
        if (from.isNaN(bits))
        {
            if (from.isSignalling(bits))
            {
                flags.raise(ExceptionFlags.NV);
            }
            return to.canonicalNaN;
        }
        final boolean isNegative = from.isNegative(bits);
        if (from.isInfinite(bits))
        {
            return to.infinity(isNegative);
        }
        if (from.isZero(bits))
        {
            return to.zero(isNegative);
        }
        return rounder.round(to, isNegative, from.exponent(bits), from.significand(bits), mode);
    }

    /** The number of the format for a signed integer. */
    long fromSigned(final Format to, final long value, final int mode)
    {
        return value == 0 ? 0 : rounder.round(to, value < 0, 0, Math.abs(value), mode);
    }

    /** The number of the format for an unsigned integer. */
    long fromUnsigned(final Format to, final long value, final int mode)
    {
        return value == 0 ? 0 : rounder.round(to, false, 0, value, mode);
    }

    /** FCVT.W: a signed integer of 32 bits, sign-extended. */
    long toWord(final Format from, final long bits, final int mode)
    {
        return toInteger(from, bits, mode, Integer.MAX_VALUE, 1L << 31);
    }

    /** FCVT.WU: an unsigned integer of 32 bits, sign-extended all the same. */
    long toUnsignedWord(final Format from, final long bits, final int mode)
    {
        return (int)toInteger(from, bits, mode, 0xFFFF_FFFFL, 0);
    }

    /** FCVT.L: a signed integer of 64 bits. */
    long toLong(final Format from, final long bits, final int mode)
    {
        return toInteger(from, bits, mode, Long.MAX_VALUE, Long.MIN_VALUE);
    }

    /** FCVT.LU: an unsigned integer of 64 bits. */
    long toUnsignedLong(final Format from, final long bits, final int mode)
    {
        return toInteger(from, bits, mode, -1, 0);
    }

    /**
     * Rounds to an integer; what lies outside the range gives the end of the range and is invalid, not inexact.
     *
     * @param max         the largest integer, unsigned; also the result for NaN
     * @param minMagnitude the magnitude of the smallest integer, unsigned
     */
    private long toInteger(
        final Format from, final long bits, final int mode, final long max, final long minMagnitude)
    {
        if (from.isNaN(bits))
        {
            return invalid(max);
        }
        if (from.isZero(bits))
        {
            return 0;
        }
        final boolean isNegative = from.isNegative(bits);
        final long limit = isNegative ? minMagnitude : max;
        final int exponent = from.exponent(bits);
        if (from.isInfinite(bits) || exponent > 0)
        {
            return invalid(isNegative ? -limit : limit);
        }
        final long significand = from.significand(bits);
        final long kept = Rounding.kept(significand, -exponent);
        final long dropped = Rounding.dropped(significand, -exponent);
        final long magnitude = kept + (Rounding.isAwayFromZero(mode, isNegative, (kept & 1) != 0, dropped) ? 1 : 0);
        if (Long.compareUnsigned(magnitude, limit) > 0)
        {
            return invalid(isNegative ? -limit : limit);
        }
        if (dropped != 0)
        {
            flags.raise(ExceptionFlags.NX);
        }
        return isNegative ? -magnitude : magnitude;
    }

    private long invalid(final long result)
    {
        flags.raise(ExceptionFlags.NV);
        return result;
    }
}
