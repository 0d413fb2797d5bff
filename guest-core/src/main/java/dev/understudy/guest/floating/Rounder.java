package dev.understudy.guest.floating;

/**
 * Turns exact results into numbers of a format: rounds, packs, and raises the flags that the result asks for.
 * <p>
 * Source: IEEE 754-2019, sections 4.3 and 7.4 to 7.6. Tininess is detected after rounding, as RISC-V has it.
 */
final class Rounder
{
    private final ExceptionFlags flags;

    Rounder(final ExceptionFlags flags)
    {
        this.flags = flags;
    }

    /**
     * The number of the format for {@code significand * 2^exponent}.
     *
     * @param significand unsigned and not 0. It may be an exact value that ends in a sticky bit, provided that the
     *     leading one is at least {@code precision + 1} bits above that
     */
    long round(
        final Format format, final boolean isNegative, final int exponent, final long significand, final int mode)
    {
        final int shift = Long.numberOfLeadingZeros(significand);
        final long normal = significand << shift;
        // The magnitude lies in [2^top, 2^(top + 1)).
        final int top = exponent - shift + Long.SIZE - 1;
        if (top > format.bias)
        {
            return overflow(format, isNegative, mode);
        }

        final int unbounded = Long.SIZE - format.precision;
        final int count = unbounded + Math.max(0, format.minExponent - top);
        final long kept = Rounding.kept(normal, count);
        final long dropped = Rounding.dropped(normal, count);
        final boolean isAway = Rounding.isAwayFromZero(mode, isNegative, (kept & 1) != 0, dropped);
        // A carry out of the significand moves on into the exponent, also from subnormal to normal and to infinity.
        final long magnitude =
            ((long)Math.max(0, top - format.minExponent) << format.fractionBits) + kept + (isAway ? 1 : 0);
        if (magnitude >= format.infinity)
        {
            return overflow(format, isNegative, mode);
        }
        if (dropped != 0)
        {
            final boolean isTiny = top < format.minExponent &&
                !(top == format.minExponent - 1 && isRoundedToNextPower(format, isNegative, normal, unbounded, mode));
            flags.raise(isTiny ? ExceptionFlags.UF | ExceptionFlags.NX : ExceptionFlags.NX);
        }
        return format.zero(isNegative) | magnitude;
    }

    /** Whether rounding with unbounded exponent range reaches the next power of two. */
    private static boolean isRoundedToNextPower(
        final Format format, final boolean isNegative, final long normal, final int count, final int mode)
    {
        return normal >>> count == (1L << format.precision) - 1 &&
            Rounding.isAwayFromZero(mode, isNegative, true, Rounding.dropped(normal, count));
    }

    private long overflow(final Format format, final boolean isNegative, final int mode)
    {
        flags.raise(ExceptionFlags.OF | ExceptionFlags.NX);
        final boolean isInfinite = switch (mode)
        {
            case Rounding.RTZ -> false;
            case Rounding.RDN -> isNegative;
            case Rounding.RUP -> !isNegative;
            default -> true;
        };
        return format.zero(isNegative) | (isInfinite ? format.infinity : format.largest);
    }
}
