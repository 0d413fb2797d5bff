package dev.understudy.guest.floating;

/**
 * The rounding modes, numbered as in {@code frm} and in the {@code rm} field of instructions.
 * <p>
 * Source: RISC-V unprivileged specification, chapter F, table "Rounding mode encoding".
 */
public final class Rounding
{
    /** To nearest, ties to even. */
    public static final int RNE = 0;

    /** Towards zero. */
    public static final int RTZ = 1;

    /** Down, towards negative infinity. */
    public static final int RDN = 2;

    /** Up, towards positive infinity. */
    public static final int RUP = 3;

    /** To nearest, ties away from zero. */
    public static final int RMM = 4;

    /** In an instruction only: the mode that {@code frm} holds. */
    public static final int DYN = 7;

    /** The fraction that lies halfway between two results. */
    private static final long HALF = Long.MIN_VALUE;

    private Rounding()
    {
    }

    /** Whether the number is a mode to round by; 5, 6 and {@link #DYN} are not. */
    public static boolean isMode(final int number)
    {
        return number >= RNE && number <= RMM;
    }

    /**
     * Whether a magnitude is rounded away from zero.
     *
     * @param isOdd    whether the lowest bit that is kept is 1
     * @param fraction the bits that are dropped, as a fraction of 2^64, unsigned; only whether it is 0, below, at or
     *     above one half counts
     */
    static boolean isAwayFromZero(final int mode, final boolean isNegative, final boolean isOdd, final long fraction)
    {
        return switch (mode)
        {
            case RNE -> fraction < 0 && (fraction != HALF || isOdd);
            case RTZ -> false;
            case RDN -> isNegative && fraction != 0;
            case RUP -> !isNegative && fraction != 0;
            case RMM -> fraction < 0;
            default -> throw new IllegalArgumentException("rounding mode " + mode);
        };
    }

    /** What shifting right by {@code count} keeps; {@code count} is 0 or more. */
    static long kept(final long significand, final int count)
    {
        return count < Long.SIZE ? significand >>> count : 0;
    }

    /** What shifting right by {@code count} drops, in the form that {@link #isAwayFromZero} takes. */
    static long dropped(final long significand, final int count)
    {
        if (count == 0)
        {
            return 0;
        }
        if (count <= Long.SIZE)
        {
            return significand << (Long.SIZE - count);
        }
        return sticky(significand);
    }

    /** Shifts right; the lowest bit of the result is 1 also when anything but zeros was dropped. */
    static long shiftRightSticky(final long significand, final int count)
    {
        return kept(significand, count) | sticky(dropped(significand, count));
    }

    /** 1 unless the bits are all 0. */
    static long sticky(final long bits)
    {
        return bits != 0 ? 1 : 0;
    }
}
