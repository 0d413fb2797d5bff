package dev.understudy.guest.floating;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * The operations that use the host's processor give the patterns and the flags of those on integers, whatever flags are
 * set before.
 * <p>
 * A property tries 2,000 seeds with 200 sets of operands each; {@link Operands} says which.
 */
class FastPathTest
{
    private static final int OPERANDS = 200;
    private static final int TRIES = 2_000;

    private final ExceptionFlags fastFlags = new ExceptionFlags();
    private final ExceptionFlags exactFlags = new ExceptionFlags();
    private final DoubleArithmetic doubles = new DoubleArithmetic(fastFlags);
    private final SingleArithmetic singles = new SingleArithmetic(fastFlags);
    private final ExactArithmetic exact = new ExactArithmetic(exactFlags);
    private final ExactConversion conversion = new ExactConversion(exactFlags);

    private interface Operation
    {
        long apply(long a, long b, long c, int mode);
    }

    @Property(tries = TRIES)
    void binary64(@ForAll final long seed)
    {
        final Format format = Format.DOUBLE;
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            final long a = Operands.binary64(random);
            final long b = Operands.binary64(random);
            final long c = addend(format, random, a, b, Operands.binary64(random));
            same(random, a, b, c, (x, y, z, mode) -> doubles.add(x, y, mode),
                (x, y, z, mode) -> exact.add(format, x, y, mode));
            same(random, a, b, c, (x, y, z, mode) -> doubles.multiply(x, y, mode),
                (x, y, z, mode) -> exact.multiply(format, x, y, mode));
            same(random, a, b, c, (x, y, z, mode) -> doubles.divide(x, y, mode),
                (x, y, z, mode) -> exact.divide(format, x, y, mode));
            same(random, a, b, c, (x, y, z, mode) -> doubles.squareRoot(x, mode),
                (x, y, z, mode) -> exact.squareRoot(format, x, mode));
            same(random, a, b, c, doubles::fusedMultiplyAdd,
                (x, y, z, mode) -> exact.fusedMultiplyAdd(format, x, y, z, mode));
        }
    }

    @Property(tries = TRIES)
    void binary32(@ForAll final long seed)
    {
        final Format format = Format.SINGLE;
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            final long a = Operands.single(random);
            final long b = Operands.single(random);
            final long c = addend(format, random, a, b, Operands.single(random));
            same(random, a, b, c, (x, y, z, mode) -> singles.add(x, y, mode),
                (x, y, z, mode) -> exact.add(format, x, y, mode));
            same(random, a, b, c, (x, y, z, mode) -> singles.multiply(x, y, mode),
                (x, y, z, mode) -> exact.multiply(format, x, y, mode));
            same(random, a, b, c, (x, y, z, mode) -> singles.divide(x, y, mode),
                (x, y, z, mode) -> exact.divide(format, x, y, mode));
            same(random, a, b, c, (x, y, z, mode) -> singles.squareRoot(x, mode),
                (x, y, z, mode) -> exact.squareRoot(format, x, mode));
            same(random, a, b, c, singles::fusedMultiplyAdd,
                (x, y, z, mode) -> exact.fusedMultiplyAdd(format, x, y, z, mode));
        }
    }

    @Property(tries = TRIES)
    void conversionsBetweenFormats(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            // Also those that lie near a binary32, or halfway between two.
            final long wide = random.nextBoolean() ? Operands.binary64(random) :
                conversion.convert(Format.SINGLE, Format.DOUBLE, Operands.single(random), Rounding.RNE) +
                    ((random.nextInt(3) - 1L) << random.nextInt(30));
            same(random, wide, 0, 0, (x, y, z, mode) -> singles.fromDouble(x, mode),
                (x, y, z, mode) -> conversion.convert(Format.DOUBLE, Format.SINGLE, x, mode));
            same(random, Operands.single(random), 0, 0, (x, y, z, mode) -> doubles.fromSingle(x, mode),
                (x, y, z, mode) -> conversion.convert(Format.SINGLE, Format.DOUBLE, x, mode));
        }
    }

    @Property(tries = TRIES)
    void conversionsToIntegers(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            final long wide = Operands.binary64(random);
            same(random, wide, 0, 0, (x, y, z, mode) -> doubles.toWord(x, mode),
                (x, y, z, mode) -> conversion.toWord(Format.DOUBLE, x, mode));
            same(random, wide, 0, 0, (x, y, z, mode) -> doubles.toLong(x, mode),
                (x, y, z, mode) -> conversion.toLong(Format.DOUBLE, x, mode));
            final long narrow = Operands.single(random);
            same(random, narrow, 0, 0, (x, y, z, mode) -> singles.toWord(x, mode),
                (x, y, z, mode) -> conversion.toWord(Format.SINGLE, x, mode));
        }
    }

    @Property(tries = TRIES)
    void conversionsFromIntegers(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            final long integer = integer(random);
            same(random, integer, 0, 0, (x, y, z, mode) -> doubles.fromLong(x, mode),
                (x, y, z, mode) -> conversion.fromSigned(Format.DOUBLE, x, mode));
            same(random, integer, 0, 0, (x, y, z, mode) -> DoubleArithmetic.fromWord(x),
                (x, y, z, mode) -> conversion.fromSigned(Format.DOUBLE, (int)x, mode));
            same(random, integer, 0, 0, (x, y, z, mode) -> DoubleArithmetic.fromUnsignedWord(x),
                (x, y, z, mode) -> conversion.fromUnsigned(Format.DOUBLE, x & 0xFFFF_FFFFL, mode));
            same(random, integer, 0, 0, (x, y, z, mode) -> singles.fromLong(x, mode),
                (x, y, z, mode) -> conversion.fromSigned(Format.SINGLE, x, mode));
            same(random, integer, 0, 0, (x, y, z, mode) -> singles.fromWord(x, mode),
                (x, y, z, mode) -> conversion.fromSigned(Format.SINGLE, (int)x, mode));
            same(random, integer, 0, 0, (x, y, z, mode) -> singles.fromUnsignedWord(x, mode),
                (x, y, z, mode) -> conversion.fromUnsigned(Format.SINGLE, x & 0xFFFF_FFFFL, mode));
        }
    }

    /** Sometimes near the product's negative, where a fused operation shows that it rounds once. */
    private static long addend(
        final Format format, final Random random, final long a, final long b, final long otherwise)
    {
        if (random.nextInt(3) != 0)
        {
            return otherwise;
        }
        final long product = new ExactArithmetic(new ExceptionFlags()).multiply(format, a, b, random.nextInt(5));
        return format.isNaN(product) || format.isInfinite(product) ? otherwise :
            product ^ format.sign ^ (random.nextBoolean() ? 0 : 1L << random.nextInt(format.precision));
    }

    private static long integer(final Random random)
    {
        final long ones = -1L >>> random.nextInt(64);
        final long near = (1L << random.nextInt(64)) + random.nextInt(5) - 2;
        return switch (random.nextInt(4))
        {
            case 0 -> near;
            case 1 -> -near;
            case 2 -> random.nextLong() & ones;
            default -> -(random.nextLong() & ones) << random.nextInt(40);
        };
    }

    /** Mostly in the mode and after the flag that the fast path wants. */
    private void same(
        final Random random, final long a, final long b, final long c, final Operation fast, final Operation slow)
    {
        final int mode = random.nextInt(4) == 0 ? random.nextInt(5) : Rounding.RNE;
        final int flags = random.nextInt(4) == 0 ? random.nextInt(32) : ExceptionFlags.NX;
        fastFlags.value(flags);
        exactFlags.value(flags);
        final long actual = fast.apply(a, b, c, mode);
        final long expected = slow.apply(a, b, c, mode);
        if (actual != expected || fastFlags.value() != exactFlags.value())
        {
            assertThat(String.format(Locale.ROOT, "%016x %02x", actual, fastFlags.value()))
                .as("%016x, %016x, %016x in mode %d after flags %02x", a, b, c, mode, flags)
                .isEqualTo(String.format(Locale.ROOT, "%016x %02x", expected, exactFlags.value()));
        }
    }
}
