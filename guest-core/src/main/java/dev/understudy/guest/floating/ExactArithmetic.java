package dev.understudy.guest.floating;

/**
 * Addition, multiplication, division, square root and fused multiply-add on integers: every format, every rounding
 * mode, every flag.
 * <p>
 * Each operation computes a significand that is exact, or exact up to a sticky bit far below the last place, and lets
 * {@link Rounder} do the rest. Results that are NaN are the canonical one. Source: IEEE 754-2019, sections 5.4.1, 6 and
 * 7; RISC-V unprivileged specification, chapters F and D. Owned by the hart thread.
 */
final class ExactArithmetic
{
    /** Bits of a quotient that one step of the long division gives: a remainder of 53 bits and these fit in a long. */
    private static final int QUOTIENT_STEP_BITS = 10;
    private static final int QUOTIENT_STEPS = 6;

    /** Bits of a square root: 55 are needed, and a remainder of two bits more, shifted by two, must fit in a long. */
    private static final int ROOT_BITS = 58;

    /** The operands' significands in division and square root are moved down to where those of binary64 end. */
    private static final int WORD_SHIFT = Long.SIZE - 53;

    private final ExceptionFlags flags;
    private final Rounder rounder;

    ExactArithmetic(final ExceptionFlags flags)
    {
        this.flags = flags;
        rounder = new Rounder(flags);
    }

    /** {@code a + b}; for a difference, change the sign of {@code b}. */
    long add(final Format format, final long a, final long b, final int mode)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            return nan(format, a, b);
        }
        final boolean isNegative = format.isNegative(a);
        final boolean isDifference = isNegative != format.isNegative(b);
        if (format.isInfinite(a))
        {
            return isDifference && format.isInfinite(b) ? invalid(format) : a;
        }
        if (format.isInfinite(b) || format.isZero(a))
        {
            return format.isZero(b) && isDifference ? cancelled(format, mode) : b;
        }
        if (format.isZero(b))
        {
            return a;
        }
        // Two bits of room above for the sum. Below, 9 zeros or more: what is shifted out is only ever sticky when the
        // exponents differ by more than that, and then a difference loses one leading bit at most.
        final int exponentA = format.exponent(a);
        final int exponentB = format.exponent(b);
        final int exponent = Math.max(exponentA, exponentB);
        final long first = Rounding.shiftRightSticky(format.significand(a) >>> 2, exponent - exponentA);
        final long second = Rounding.shiftRightSticky(format.significand(b) >>> 2, exponent - exponentB);
        if (!isDifference)
        {
            return rounder.round(format, isNegative, exponent + 2, first + second, mode);
        }
        if (first == second)
        {
            return cancelled(format, mode);
        }
        return rounder.round(
            format, isNegative == first > second, exponent + 2, Math.abs(first - second), mode);
    }

    /** {@code a * b}. */
    long multiply(final Format format, final long a, final long b, final int mode)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            return nan(format, a, b);
        }
        final boolean isNegative = format.isNegative(a ^ b);
        final boolean isZero = format.isZero(a) || format.isZero(b);
        if (format.isInfinite(a) || format.isInfinite(b))
        {
            return isZero ? invalid(format) : format.infinity(isNegative);
        }
        if (isZero)
        {
            return format.zero(isNegative);
        }
        final long first = format.significand(a);
        final long second = format.significand(b);
        final long product = Math.unsignedMultiplyHigh(first, second) | Rounding.sticky(first * second);
        return rounder.round(
            format, isNegative, format.exponent(a) + format.exponent(b) + Long.SIZE, product, mode);
    }

    /** {@code a / b}. */
    long divide(final Format format, final long a, final long b, final int mode)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            return nan(format, a, b);
        }
        final boolean isNegative = format.isNegative(a ^ b);
        if (format.isInfinite(a))
        {
            return format.isInfinite(b) ? invalid(format) : format.infinity(isNegative);
        }
        if (format.isZero(b))
        {
            if (format.isZero(a))
            {
                return invalid(format);
            }
            flags.raise(ExceptionFlags.DZ);
            return format.infinity(isNegative);
        }
        if (format.isZero(a) || format.isInfinite(b))
        {
            return format.zero(isNegative);
        }
        final long divisor = format.significand(b) >>> WORD_SHIFT;
        final long dividend = format.significand(a) >>> WORD_SHIFT;
        long quotient = dividend / divisor;
        long remainder = dividend % divisor;
        for (int i = 0; i < QUOTIENT_STEPS; i++)
        {
            remainder <<= QUOTIENT_STEP_BITS;
            quotient = quotient << QUOTIENT_STEP_BITS | remainder / divisor;
            remainder %= divisor;
        }
        return rounder.round(format, isNegative,
            format.exponent(a) - format.exponent(b) - QUOTIENT_STEPS * QUOTIENT_STEP_BITS,
            quotient | Rounding.sticky(remainder), mode);
    }

    /** The square root of {@code a}. */
    long squareRoot(final Format format, final long a, final int mode)
    {
        if (format.isNaN(a))
        {
            return nan(format, a, a);
        }
        if (format.isZero(a))
        {
            return a;
        }
        if (format.isNegative(a))
        {
            return invalid(format);
        }
        if (format.isInfinite(a))
        {
            return a;
        }
        // 53 bits times an even power of two, or 54.
        final int exponent = format.exponent(a) + WORD_SHIFT;
        final long radicand = format.significand(a) >>> WORD_SHIFT << (exponent & 1);
        final int evenExponent = exponent & ~1;
        // Digit by digit: two bits of the radicand give one of the root, and zeros follow the radicand.
        long root = 0;
        long remainder = 0;
        for (int i = 1; i <= ROOT_BITS; i++)
        {
            final int place = 54 - 2 * i;
            remainder = remainder << 2 | (place < 0 ? 0 : radicand >>> place & 3);
            final long trial = root << 2 | 1;
            root <<= 1;
            if (remainder >= trial)
            {
                remainder -= trial;
                root |= 1;
            }
        }
        return rounder.round(
            format, false, evenExponent / 2 - (ROOT_BITS - 27), root | Rounding.sticky(remainder), mode);
    }

    /** {@code a * b + c} with one rounding; for the other three of its kind, change the signs of a and c. */
    long fusedMultiplyAdd(final Format format, final long a, final long b, final long c, final int mode)
    {
        final boolean hasZero = format.isZero(a) || format.isZero(b);
        final boolean hasInfinity = format.isInfinite(a) || format.isInfinite(b);
        if (format.isNaN(a) || format.isNaN(b) || format.isNaN(c))
        {
            if (hasZero && hasInfinity)
            {
                // Also when c is a quiet NaN: IEEE 754-2019 leaves it open (7.2), RISC-V decides.
                return invalid(format);
            }
            nan(format, a, b);
            return nan(format, c, c);
        }
        final boolean isNegative = format.isNegative(a ^ b);
        final boolean isDifference = isNegative != format.isNegative(c);
        if (hasInfinity)
        {
            return hasZero || (isDifference && format.isInfinite(c)) ? invalid(format) : format.infinity(isNegative);
        }
        if (hasZero || format.isInfinite(c))
        {
            return hasZero && isDifference && format.isZero(c) ? cancelled(format, mode) : c;
        }

        final long first = format.significand(a);
        final long second = format.significand(b);
        final long high = Math.unsignedMultiplyHigh(first, second);
        final long low = first * second;
        final int exponent = format.exponent(a) + format.exponent(b);
        if (format.isZero(c))
        {
            return rounder.round(
                format, isNegative, exponent + Long.SIZE, high | Rounding.sticky(low), mode);
        }
        // The product and c as 128 bits each, with two bits of room above for the sum; what goes below is zeros.
        final long addend = format.significand(c);
        return addWide(format, isDifference, mode,
            isNegative, high >>> 2, high << 62 | low >>> 2, exponent + 2,
            addend >>> 2, addend << 62, format.exponent(c) - Long.SIZE + 2);
    }

    /**
     * The sum or difference of two magnitudes of 128 bits, whose leading ones are in bit 124 or 125.
     * <p>
     * The product has 20 zeros below, c has 73. Only when the exponents differ by more than that is anything but zeros
     * shifted out; the other one is larger by far then, and keeps its leading one but for one place.
     */
    private long addWide(
        final Format format, final boolean isDifference, final int mode,
        final boolean isNegative, final long productHigh, final long productLow, final int productExponent,
        final long addendHigh, final long addendLow, final int addendExponent)
    {
        final boolean isProductFirst = productExponent >= addendExponent;
        final int exponent = isProductFirst ? productExponent : addendExponent;
        final int distance = Math.abs(productExponent - addendExponent);
        final long firstHigh = isProductFirst ? productHigh : addendHigh;
        final long firstLow = isProductFirst ? productLow : addendLow;
        final long unshiftedHigh = isProductFirst ? addendHigh : productHigh;
        final long unshiftedLow = isProductFirst ? addendLow : productLow;
        final long secondHigh = Rounding.kept(unshiftedHigh, distance);
        final long secondLow;
        if (distance < Long.SIZE)
        {
            secondLow = Rounding.shiftRightSticky(unshiftedLow, distance) | Rounding.dropped(unshiftedHigh, distance);
        }
        else
        {
            secondLow = Rounding.shiftRightSticky(unshiftedHigh, distance - Long.SIZE) | Rounding.sticky(unshiftedLow);
        }

        final boolean isFirstNegative = isNegative == (isProductFirst || !isDifference);
        long low;
        long high;
        boolean isResultNegative = isFirstNegative;
        if (isDifference)
        {
            low = firstLow - secondLow;
            high = firstHigh - secondHigh - (Long.compareUnsigned(firstLow, secondLow) < 0 ? 1 : 0);
            if (high < 0)
            {
                isResultNegative = !isFirstNegative;
                high = ~high + (low == 0 ? 1 : 0);
                low = -low;
            }
            if ((high | low) == 0)
            {
                return cancelled(format, mode);
            }
        }
        else
        {
            low = firstLow + secondLow;
            high = firstHigh + secondHigh + (Long.compareUnsigned(low, firstLow) < 0 ? 1 : 0);
        }
        if (high == 0)
        {
            return rounder.round(format, isResultNegative, exponent, low, mode);
        }
        final int shift = Long.numberOfLeadingZeros(high);
        final long significand = high << shift | Rounding.kept(low, Long.SIZE - shift);
        return rounder.round(format, isResultNegative, exponent + Long.SIZE - shift,
            significand | Rounding.sticky(low << shift), mode);
    }

    /** A sum that is exactly zero, of operands that were not zeros of the same sign. */
    private static long cancelled(final Format format, final int mode)
    {
        return format.zero(mode == Rounding.RDN);
    }

    private long nan(final Format format, final long a, final long b)
    {
        return format.isSignalling(a) || format.isSignalling(b) ? invalid(format) : format.canonicalNaN;
    }

    private long invalid(final Format format)
    {
        flags.raise(ExceptionFlags.NV);
        return format.canonicalNaN;
    }
}
