package dev.understudy.guest.floating;

/**
 * Comparisons, minimum and maximum, and the class of a number.
 * <p>
 * Nothing here rounds: patterns are compared as the integers that they are. Source: IEEE 754-2019, sections 5.11 and
 * 9.6 (minimumNumber, maximumNumber); RISC-V unprivileged specification, chapters F and D. Owned by the hart thread.
 */
public final class Comparison
{
    private static final int CLASS_NEGATIVE_INFINITY = 0;
    private static final int CLASS_NEGATIVE_NORMAL = 1;
    private static final int CLASS_NEGATIVE_SUBNORMAL = 2;
    private static final int CLASS_NEGATIVE_ZERO = 3;
    private static final int CLASS_SIGNALLING_NAN = 8;
    private static final int CLASS_QUIET_NAN = 9;

    /** The classes of positive numbers are those of negative ones, mirrored: 7 is positive infinity. */
    private static final int CLASS_MIRROR = 7;

    private final ExceptionFlags flags;

    public Comparison(final ExceptionFlags flags)
    {
        this.flags = flags;
    }

    /** FEQ, quiet: whether the numbers are equal; NaN equals nothing, and only a signalling one is invalid. */
    public boolean isEqual(final Format format, final long a, final long b)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            raiseIfSignalling(format, a, b);
            return false;
        }
        return order(format, a) == order(format, b);
    }

    /** FLT, signalling: any NaN is invalid. */
    public boolean isLess(final Format format, final long a, final long b)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            flags.raise(ExceptionFlags.NV);
            return false;
        }
        return order(format, a) < order(format, b);
    }

    /** FLE, signalling: any NaN is invalid. */
    public boolean isLessOrEqual(final Format format, final long a, final long b)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            flags.raise(ExceptionFlags.NV);
            return false;
        }
        return order(format, a) <= order(format, b);
    }

    /** FMIN: the smaller number; -0 is smaller than +0; a NaN gives way to a number. */
    public long minimum(final Format format, final long a, final long b)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            return notNaN(format, a, b);
        }
        final long orderA = order(format, a);
        final long orderB = order(format, b);
        return orderA < orderB || (orderA == orderB && format.isNegative(a)) ? a : b;
    }

    /** FMAX: the larger number; +0 is larger than -0; a NaN gives way to a number. */
    public long maximum(final Format format, final long a, final long b)
    {
        if (format.isNaN(a) || format.isNaN(b))
        {
            return notNaN(format, a, b);
        }
        final long orderA = order(format, a);
        final long orderB = order(format, b);
        return orderA > orderB || (orderA == orderB && !format.isNegative(a)) ? a : b;
    }

    /** FCLASS: a mask in which one of ten bits is set. */
    public static long classify(final Format format, final long bits)
    {
        if (format.isNaN(bits))
        {
            return 1L << (format.isSignalling(bits) ? CLASS_SIGNALLING_NAN : CLASS_QUIET_NAN);
        }
        final int negative = format.isInfinite(bits) ? CLASS_NEGATIVE_INFINITY :
            format.isZero(bits) ? CLASS_NEGATIVE_ZERO :
                format.isSubnormal(bits) ? CLASS_NEGATIVE_SUBNORMAL : CLASS_NEGATIVE_NORMAL;
        return 1L << (format.isNegative(bits) ? negative : CLASS_MIRROR - negative);
    }

    /** A number that is ordered as the floating-point numbers are; both zeros give 0. */
    private static long order(final Format format, final long bits)
    {
        final long magnitude = format.magnitude(bits);
        return format.isNegative(bits) ? -magnitude : magnitude;
    }

    private long notNaN(final Format format, final long a, final long b)
    {
        raiseIfSignalling(format, a, b);
        return !format.isNaN(a) ? a : !format.isNaN(b) ? b : format.canonicalNaN;
    }

    private void raiseIfSignalling(final Format format, final long a, final long b)
    {
        if (format.isSignalling(a) || format.isSignalling(b))
        {
            flags.raise(ExceptionFlags.NV);
        }
    }
}
