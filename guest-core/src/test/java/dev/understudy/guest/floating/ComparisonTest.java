package dev.understudy.guest.floating;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Comparisons agree with Java's, which are those of IEEE 754; flags and NaN are as the specification says. */
class ComparisonTest
{
    private static final long INFINITY = 0x7FF0_0000_0000_0000L;
    private static final long QUIET = 0xFFF8_0000_0000_0001L;
    private static final long SIGNALLING = 0x7FF0_0000_0000_0001L;
    private static final long NAN = 0x7FF8_0000_0000_0000L;
    private static final long MINUS = Long.MIN_VALUE;
    private static final long ONE = 0x3FF0_0000_0000_0000L;

    private final ExceptionFlags flags = new ExceptionFlags();
    private final Comparison comparison = new Comparison(flags);

    @Property(tries = 1_000)
    void orderIsThatOfJava(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < 100; i++)
        {
            final long wide = Operands.binary64(random);
            final long otherWide = random.nextInt(4) == 0 ? wide ^ MINUS * random.nextInt(2) : Operands.binary64(random);
            check(Format.DOUBLE, wide, otherWide, Double.longBitsToDouble(wide), Double.longBitsToDouble(otherWide));
            final long narrow = Operands.single(random);
            final long otherNarrow = random.nextInt(4) == 0 ? narrow : Operands.single(random);
            check(Format.SINGLE, narrow, otherNarrow,
                Float.intBitsToFloat((int)narrow), Float.intBitsToFloat((int)otherNarrow));
        }
    }

    private void check(final Format format, final long a, final long b, final double x, final double y)
    {
        assertThat(comparison.isEqual(format, a, b)).isEqualTo(x == y);
        assertThat(comparison.isLess(format, a, b)).isEqualTo(x < y);
        assertThat(comparison.isLessOrEqual(format, a, b)).isEqualTo(x <= y);
        if (!Double.isNaN(x) && !Double.isNaN(y))
        {
            final boolean isSmaller = Double.compare(x, y) <= 0;
            assertThat(comparison.minimum(format, a, b)).isEqualTo(isSmaller ? a : b);
            assertThat(comparison.maximum(format, a, b)).isEqualTo(isSmaller ? b : a);
        }
    }

    @Test
    void quietComparisonIsInvalidForSignallingNaNAlone()
    {
        flag(0, comparison.isEqual(Format.DOUBLE, QUIET, ONE));
        flag(ExceptionFlags.NV, comparison.isEqual(Format.DOUBLE, ONE, SIGNALLING));
        flag(ExceptionFlags.NV, comparison.isLess(Format.DOUBLE, QUIET, ONE));
        flag(ExceptionFlags.NV, comparison.isLessOrEqual(Format.DOUBLE, ONE, QUIET));
    }

    private void flag(final int expected, final boolean result)
    {
        assertThat(result).isFalse();
        assertThat(flags.value()).isEqualTo(expected);
        flags.value(0);
    }

    @Test
    void minimumAndMaximumPreferNumbers()
    {
        assertThat(comparison.minimum(Format.DOUBLE, QUIET, ONE)).isEqualTo(ONE);
        assertThat(comparison.maximum(Format.DOUBLE, ONE, QUIET)).isEqualTo(ONE);
        assertThat(comparison.maximum(Format.DOUBLE, QUIET, QUIET)).isEqualTo(NAN);
        assertThat(flags.value()).isZero();
        assertThat(comparison.minimum(Format.DOUBLE, SIGNALLING, ONE)).isEqualTo(ONE);
        assertThat(flags.value()).isEqualTo(ExceptionFlags.NV);
        assertThat(comparison.minimum(Format.DOUBLE, 0, MINUS)).isEqualTo(MINUS);
        assertThat(comparison.minimum(Format.DOUBLE, MINUS, 0)).isEqualTo(MINUS);
        assertThat(comparison.maximum(Format.DOUBLE, MINUS, 0)).isZero();
        assertThat(comparison.maximum(Format.DOUBLE, 0, MINUS)).isZero();
    }

    /** The table "Format of result of FCLASS instruction". */
    @Test
    void everyClassHasItsBit()
    {
        final long[] examples = {
            MINUS | INFINITY, MINUS | ONE, MINUS | 1, MINUS, 0, 1, ONE, INFINITY, SIGNALLING, QUIET};
        for (int i = 0; i < examples.length; i++)
        {
            assertThat(Comparison.classify(Format.DOUBLE, examples[i])).isEqualTo(1L << i);
        }
    }
}
