package dev.understudy.guest.floating;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.floating.Reference.Finite;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** The operations on integers give what the definition gives, in every rounding mode, and the flags with it. */
class ExactArithmeticTest
{
    private static final int OPERANDS = 50;
    private static final int TRIES = 1_000;
    private static final long MIN_NORMAL = 0x0010_0000_0000_0000L;
    private static final long ONE = 0x3FF0_0000_0000_0000L;
    private static final long INFINITY = 0x7FF0_0000_0000_0000L;
    private static final long NAN = 0x7FF8_0000_0000_0000L;
    private static final long SIGNALLING = 0x7FF0_0000_0000_0001L;
    private static final long MINUS = Long.MIN_VALUE;

    private final ExceptionFlags flags = new ExceptionFlags();
    private final ExactArithmetic exact = new ExactArithmetic(flags);
    private final ExactConversion conversion = new ExactConversion(flags);

    @Property(tries = TRIES)
    void binary64AgreesWithTheDefinition(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            compare(Format.DOUBLE, random,
                Operands.binary64(random), Operands.binary64(random), Operands.binary64(random));
        }
    }

    @Property(tries = TRIES)
    void binary32AgreesWithTheDefinition(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            compare(Format.SINGLE, random, Operands.single(random), Operands.single(random), Operands.single(random));
        }
    }

    @Property(tries = TRIES)
    void conversionsAgreeWithTheDefinition(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < OPERANDS; i++)
        {
            final long wide = Operands.binary64(random);
            final int mode = random.nextInt(5);
            if (isFiniteAndNotZero(Format.DOUBLE, wide))
            {
                final Finite number = new Reference(Format.DOUBLE).read(wide);
                flags.value(0);
                check(Format.SINGLE, number, mode, conversion.convert(Format.DOUBLE, Format.SINGLE, wide, mode), wide);
                final Finite rounded = Reference.toMultiple(number, 0, mode);
                final BigInteger integer = rounded.isNegative() ? rounded.significand().negate() : rounded.significand();
                final boolean isExact = rounded.plus(new Finite(
                    !number.isNegative(), number.significand(), number.exponent(), false)).isZero();
                checkInteger(integer, isExact, -1L << 31, (1L << 31) - 1, conversion.toWord(Format.DOUBLE, wide, mode));
                checkInteger(integer, isExact, 0, 0xFFFF_FFFFL,
                    conversion.toUnsignedWord(Format.DOUBLE, wide, mode) & 0xFFFF_FFFFL);
                checkInteger(integer, isExact, Long.MIN_VALUE, Long.MAX_VALUE,
                    conversion.toLong(Format.DOUBLE, wide, mode));
                checkInteger(integer, isExact, 0, -1, conversion.toUnsignedLong(Format.DOUBLE, wide, mode));
            }
        }
    }

    @Test
    void tininessIsDetectedAfterRounding()
    {
        // The smallest normal number less 2^-1075: with more exponents it would be a number, so it is tiny, although it
        // is rounded to the smallest normal number.
        final long half = ONE - MIN_NORMAL;
        assertThat(exact.multiply(Format.DOUBLE, 2 * MIN_NORMAL - 1, half, Rounding.RNE)).isEqualTo(MIN_NORMAL);
        assertThat(flags.value()).isEqualTo(ExceptionFlags.UF | ExceptionFlags.NX);

        // The smallest normal number less 2^-1076: with more exponents it would be rounded up just the same.
        flags.value(0);
        final long quarter = ONE - 2 * MIN_NORMAL;
        assertThat(exact.fusedMultiplyAdd(Format.DOUBLE, MINUS | 1, quarter, MIN_NORMAL, Rounding.RNE))
            .isEqualTo(MIN_NORMAL);
        assertThat(flags.value()).isEqualTo(ExceptionFlags.NX);
    }

    @Test
    void overflowFollowsTheRoundingMode()
    {
        final long largest = INFINITY - 1;
        final long[] positive = {INFINITY, largest, largest, INFINITY, INFINITY};
        final long[] negative = {INFINITY, largest, INFINITY, largest, INFINITY};
        for (int mode = Rounding.RNE; mode <= Rounding.RMM; mode++)
        {
            flags.value(0);
            assertThat(exact.add(Format.DOUBLE, largest, largest, mode)).isEqualTo(positive[mode]);
            assertThat(exact.add(Format.DOUBLE, MINUS | largest, MINUS | largest, mode))
                .isEqualTo(MINUS | negative[mode]);
            assertThat(flags.value()).isEqualTo(ExceptionFlags.OF | ExceptionFlags.NX);
        }
    }

    @Test
    void invalidOperationsGiveTheCanonicalNaN()
    {
        invalid(exact.add(Format.DOUBLE, INFINITY, MINUS | INFINITY, 0));
        invalid(exact.multiply(Format.DOUBLE, INFINITY, 0, 0));
        invalid(exact.divide(Format.DOUBLE, 0, MINUS, 0));
        invalid(exact.divide(Format.DOUBLE, INFINITY, INFINITY, 0));
        invalid(exact.squareRoot(Format.DOUBLE, MINUS | ONE, 0));
        invalid(exact.squareRoot(Format.DOUBLE, MINUS | INFINITY, 0));
        invalid(exact.fusedMultiplyAdd(Format.DOUBLE, INFINITY, 0, -1, 0));
        invalid(exact.fusedMultiplyAdd(Format.DOUBLE, INFINITY, ONE, MINUS | INFINITY, 0));
        invalid(exact.fusedMultiplyAdd(Format.DOUBLE, ONE, ONE, SIGNALLING, 0));
        invalid(exact.add(Format.DOUBLE, SIGNALLING, ONE, 0));
        invalid(exact.squareRoot(Format.DOUBLE, MINUS | SIGNALLING, 0));
        invalid(conversion.convert(Format.SINGLE, Format.DOUBLE, 0xFF80_0001L, 0));

        assertThat(exact.add(Format.DOUBLE, -1, ONE, 0)).isEqualTo(NAN);
        assertThat(exact.divide(Format.DOUBLE, ONE, -1, 0)).isEqualTo(NAN);
        assertThat(exact.fusedMultiplyAdd(Format.DOUBLE, INFINITY, ONE, -1, 0)).isEqualTo(NAN);
        assertThat(flags.value()).isZero();
    }

    @Test
    void divisionByZeroIsAnInfinityOfTheRightSign()
    {
        assertThat(exact.divide(Format.DOUBLE, ONE, MINUS, 0)).isEqualTo(MINUS | INFINITY);
        assertThat(flags.value()).isEqualTo(ExceptionFlags.DZ);
        flags.value(0);
        assertThat(exact.divide(Format.DOUBLE, INFINITY, 0, 0)).isEqualTo(INFINITY);
        assertThat(flags.value()).isZero();
    }

    @Test
    void zerosKeepTheirSigns()
    {
        for (int mode = Rounding.RNE; mode <= Rounding.RMM; mode++)
        {
            final long cancelled = mode == Rounding.RDN ? MINUS : 0;
            assertThat(exact.add(Format.DOUBLE, ONE, MINUS | ONE, mode)).isEqualTo(cancelled);
            assertThat(exact.add(Format.DOUBLE, 0, MINUS, mode)).isEqualTo(cancelled);
            assertThat(exact.add(Format.DOUBLE, MINUS, MINUS, mode)).isEqualTo(MINUS);
            assertThat(exact.fusedMultiplyAdd(Format.DOUBLE, ONE, ONE, MINUS | ONE, mode)).isEqualTo(cancelled);
            assertThat(exact.fusedMultiplyAdd(Format.DOUBLE, MINUS, ONE, 0, mode)).isEqualTo(cancelled);
            assertThat(exact.fusedMultiplyAdd(Format.DOUBLE, MINUS, ONE, MINUS, mode)).isEqualTo(MINUS);
            assertThat(exact.squareRoot(Format.DOUBLE, MINUS, mode)).isEqualTo(MINUS);
        }
        assertThat(flags.value()).isZero();
    }

    /** The table of the specification, chapter F: what lies outside gives the end of the range, NaN the upper end. */
    @Test
    void conversionsToIntegersStopAtTheEndsOfTheRange()
    {
        final long[] outOfRange = {MINUS | INFINITY, INFINITY, NAN, MINUS | NAN};
        final int max = Integer.MAX_VALUE;
        final int min = Integer.MIN_VALUE;
        final long[][] expected = {
            {min, max, max, max}, {0, -1, -1, -1},
            {Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE}, {0, -1, -1, -1}};
        for (int i = 0; i < outOfRange.length; i++)
        {
            flags.value(0);
            assertThat(conversion.toWord(Format.DOUBLE, outOfRange[i], 0)).isEqualTo(expected[0][i]);
            assertThat(conversion.toUnsignedWord(Format.DOUBLE, outOfRange[i], 0)).isEqualTo(expected[1][i]);
            assertThat(conversion.toLong(Format.DOUBLE, outOfRange[i], 0)).isEqualTo(expected[2][i]);
            assertThat(conversion.toUnsignedLong(Format.DOUBLE, outOfRange[i], 0)).isEqualTo(expected[3][i]);
            assertThat(flags.value()).isEqualTo(ExceptionFlags.NV);
        }
    }

    private void compare(final Format format, final Random random, final long a, final long b, final long c)
    {
        if (!isFiniteAndNotZero(format, a) || !isFiniteAndNotZero(format, b) || !isFiniteAndNotZero(format, c))
        {
            return;
        }
        final int mode = random.nextInt(5);
        final Reference reference = new Reference(format);
        final Finite first = reference.read(a);
        final Finite second = reference.read(b);
        flags.value(0);
        check(format, first.plus(second), mode, exact.add(format, a, b, mode), a, b);
        check(format, first.times(second), mode, exact.multiply(format, a, b, mode), a, b);
        check(format, first.dividedBy(second), mode, exact.divide(format, a, b, mode), a, b);
        if (!first.isNegative())
        {
            check(format, first.squareRoot(), mode, exact.squareRoot(format, a, mode), a);
        }
        final long near = random.nextBoolean() ? c :
            new ExactArithmetic(new ExceptionFlags()).multiply(format, a, b, mode) ^ format.sign;
        final long addend = isFiniteAndNotZero(format, near) ? near : c;
        check(format, first.times(second).plus(reference.read(addend)), mode,
            exact.fusedMultiplyAdd(format, a, b, addend, mode), a, b, addend);
    }

    /** Compares the result, and the flags, which it clears for the next one. */
    private void check(
        final Format format, final Finite number, final int mode, final long actual, final long... operands)
    {
        final Reference reference = new Reference(format);
        final long expected = number.isZero() ? (mode == Rounding.RDN ? format.sign : 0) : reference.round(number, mode);
        if (actual != expected || flags.value() != reference.flags())
        {
            assertThat(String.format(Locale.ROOT, "%016x %02x", actual, flags.value()))
                .as("%s in mode %d", LongStream.of(operands).mapToObj(Long::toHexString).toList(), mode)
                .isEqualTo(String.format(Locale.ROOT, "%016x %02x", expected, reference.flags()));
        }
        flags.value(0);
    }

    /** The ends of the range: the lower signed, the upper unsigned. */
    private void checkInteger(
        final BigInteger integer, final boolean isExact, final long min, final long max, final long actual)
    {
        final BigInteger upper = new BigInteger(Long.toUnsignedString(max));
        final BigInteger lower = BigInteger.valueOf(min);
        final BigInteger expected = integer.min(upper).max(lower);
        final int expectedFlags = !expected.equals(integer) ? ExceptionFlags.NV : isExact ? 0 : ExceptionFlags.NX;
        assertThat(actual).isEqualTo(expected.longValue());
        assertThat(flags.value()).isEqualTo(expectedFlags);
        flags.value(0);
    }

    private void invalid(final long result)
    {
        assertThat(result).isEqualTo(result == 0x7FC0_0000L ? result : NAN);
        assertThat(flags.value()).isEqualTo(ExceptionFlags.NV);
        flags.value(0);
    }

    private static boolean isFiniteAndNotZero(final Format format, final long bits)
    {
        return !format.isNaN(bits) && !format.isInfinite(bits) && !format.isZero(bits);
    }
}
