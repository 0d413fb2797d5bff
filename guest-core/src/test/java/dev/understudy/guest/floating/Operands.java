package dev.understudy.guest.floating;

import java.util.Random;

/** Random patterns of floating-point numbers, most of them where rounding, overflow or underflow are near. */
public final class Operands
{
    private Operands()
    {
    }

    /** A pattern of binary32, the high half 0. */
    public static long single(final Random random)
    {
        return pattern(random, 8, 23);
    }

    /** A pattern of binary64. */
    public static long binary64(final Random random)
    {
        return pattern(random, 11, 52);
    }

    /** A register: binary64, boxed binary32, or binary32 with a box that is not one. */
    public static long register(final Random random)
    {
        final int kind = random.nextInt(20);
        if (kind < 9)
        {
            return binary64(random);
        }
        if (kind < 18)
        {
            return single(random) | 0xFFFF_FFFF_0000_0000L;
        }
        return single(random) | (kind == 18 ? 0xFFFF_FFFEL : random.nextInt()) << 32;
    }

    private static long pattern(final Random random, final int exponentBits, final int fractionBits)
    {
        final int largest = (1 << exponentBits) - 1;
        final int bias = largest >> 1;
        final int exponent = switch (random.nextInt(12))
        {
            case 0 -> 0;
            case 1 -> random.nextInt(3);
            case 2 -> largest - random.nextInt(3);
            case 3 -> random.nextInt(10) == 0 ? largest : bias;
            case 4, 5 -> bias - 3 + random.nextInt(7);
            case 6 -> bias + fractionBits - 3 + random.nextInt(7);
            case 7 -> bias - fractionBits - 3 + random.nextInt(7);
            case 8 -> bias + (random.nextBoolean() ? 30 : 62) + random.nextInt(3);
            // A product, quotient or root of these is near the ends of the range.
            case 9 -> (random.nextBoolean() ? bias / 2 : bias + bias / 2) - 2 + random.nextInt(5);
            default -> random.nextInt(largest + 1);
        };
        final long ones = (1L << fractionBits) - 1;
        final long fraction = switch (random.nextInt(10))
        {
            case 0, 1 -> 0;
            case 2 -> 1;
            case 3 -> ones;
            case 4 -> 1L << random.nextInt(fractionBits);
            case 5 -> ones & ones << random.nextInt(fractionBits);
            case 6 -> ones >>> random.nextInt(fractionBits);
            // Products of such are exact, or halfway between two numbers.
            case 7 -> (random.nextLong() & ones) >>> (fractionBits + 1) / 2 << (fractionBits + 1) / 2;
            default -> random.nextLong() & ones;
        };
        final long sign = random.nextInt(2);
        return sign << exponentBits + fractionBits | (long)exponent << fractionBits | fraction;
    }
}
