package dev.understudy.guest.interrupt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.state.StateHash;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** The interrupt controller: examples of the specification's rules, and a model that obeys them source by source. */
class PlicTest
{
    private static final long PENDING = 0x1000;
    private static final long ENABLE = 0x2000;
    private static final long THRESHOLD = 0x20_0000;
    private static final long CLAIM = 0x20_0004;

    private final Plic plic = new Plic();

    @Test
    void assertsTheHartForAnEnabledSourceWithAPriority()
    {
        enable(3, 1);
        assertThat(plic.asserted()).isFalse();

        plic.setLevel(3, true);

        assertThat(plic.asserted()).isTrue();
        assertThat(plic.load(PENDING, 4)).isEqualTo(1 << 3);
        assertThat(plic.load(CLAIM, 4)).isEqualTo(3);
        assertThat(plic.asserted()).isFalse();
        assertThat(plic.load(PENDING, 4)).isZero();
    }

    @Test
    void aClaimedSourceThatStaysAssertedIsPendingAgainOnlyAfterCompletion()
    {
        enable(3, 1);
        plic.setLevel(3, true);
        plic.load(CLAIM, 4);
        plic.setLevel(3, true);
        assertThat(plic.asserted()).isFalse();

        plic.store(CLAIM, 4, 3);

        assertThat(plic.asserted()).isTrue();
        assertThat(plic.load(CLAIM, 4)).isEqualTo(3);
        plic.setLevel(3, false);
        plic.store(CLAIM, 4, 3);
        assertThat(plic.asserted()).isFalse();
    }

    @Test
    void aRequestStaysPendingWhenItsLevelFallsBeforeTheClaim()
    {
        enable(3, 1);
        plic.setLevel(3, true);

        plic.setLevel(3, false);

        assertThat(plic.asserted()).isTrue();
        assertThat(plic.load(CLAIM, 4)).isEqualTo(3);
    }

    @Test
    void claimsTheHighestPriorityAndOfEqualsTheLowestNumber()
    {
        enable(3, 1);
        enable(5, 7);
        enable(40, 7);
        plic.setLevel(3, true);
        plic.setLevel(40, true);
        plic.setLevel(5, true);

        assertThat(plic.load(CLAIM, 4)).isEqualTo(5);
        assertThat(plic.load(CLAIM, 4)).isEqualTo(40);
        assertThat(plic.load(CLAIM, 4)).isEqualTo(3);
        assertThat(plic.load(CLAIM, 4)).isZero();
    }

    @Test
    void theThresholdMasksTheHartButNotTheClaim()
    {
        enable(3, 4);
        plic.setLevel(3, true);

        plic.store(THRESHOLD, 4, 4);

        assertThat(plic.asserted()).isFalse();
        assertThat(plic.load(CLAIM, 4)).isEqualTo(3);
    }

    @Test
    void priorityZeroNeverInterrupts()
    {
        enable(3, 0);
        plic.setLevel(3, true);

        assertThat(plic.asserted()).isFalse();
        assertThat(plic.load(CLAIM, 4)).isZero();
        assertThat(plic.load(PENDING, 4)).isEqualTo(1 << 3);
    }

    @Test
    void completionOfASourceThatIsNotEnabledIsIgnored()
    {
        enable(3, 1);
        plic.setLevel(3, true);
        plic.load(CLAIM, 4);
        plic.store(ENABLE, 4, 0);
        plic.store(CLAIM, 4, 3);

        plic.store(ENABLE, 4, 1 << 3);

        assertThat(plic.asserted()).isFalse();
        plic.store(CLAIM, 4, 3);
        assertThat(plic.asserted()).isTrue();
    }

    @Test
    void registersKeepOnlyWhatExists()
    {
        plic.store(0, 4, 7);
        plic.store(4, 4, -1);
        plic.store(ENABLE, 4, -1);
        plic.store(ENABLE + 4, 4, -1);
        plic.store(THRESHOLD, 4, -1);
        plic.store(PENDING, 4, -1);

        assertThat(plic.load(0, 4)).isZero();
        assertThat(plic.load(4, 4)).isEqualTo(7);
        assertThat(plic.load(ENABLE, 4)).isEqualTo(0xFFFF_FFFEL);
        assertThat(plic.load(ENABLE + 4, 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(plic.load(THRESHOLD, 4)).isEqualTo(7);
        assertThat(plic.load(PENDING, 4)).isZero();
        assertThat(plic.load(ENABLE, 8)).isZero();
        assertThat(plic.load(ENABLE + 0x80, 4)).isZero();
    }

    @Test
    void refusesASourceThatDoesNotExist()
    {
        assertThatThrownBy(() -> plic.setLevel(0, true)).hasMessageContaining("expected 1 to 63");
        assertThatThrownBy(() -> plic.setLevel(64, true)).hasMessageContaining("interrupt source 64");
    }

    /** One thing that the guest or a device does. */
    private record Step(int kind, int source, int value)
    {
    }

    @Provide
    Arbitrary<List<Step>> steps()
    {
        // Few sources, so that they meet; the last one of each word among them.
        return Combinators.combine(
            Arbitraries.integers().between(0, 6),
            Arbitraries.of(1, 2, 31, 32, 63),
            Arbitraries.integers().between(0, 7)).as(Step::new).list().ofMaxSize(100);
    }

    @Property(tries = 500)
    void behavesAsAModelOfEachSource(@ForAll("steps") final List<Step> steps)
    {
        final Plic controller = new Plic();
        final Model model = new Model();
        for (final Step step : steps)
        {
            final int source = step.source;
            switch (step.kind)
            {
                case 0, 1 ->
                {
                    controller.setLevel(source, step.kind == 0);
                    model.level(source, step.kind == 0);
                }
                case 2 ->
                {
                    controller.store(4L * source, 4, step.value);
                    model.priority[source] = step.value;
                }
                case 3 ->
                {
                    final long register = ENABLE + source / 32 * 4L;
                    controller.store(register, 4, controller.load(register, 4) ^ (1L << source % 32));
                    model.enabled[source] ^= true;
                }
                case 4 ->
                {
                    controller.store(THRESHOLD, 4, step.value);
                    model.threshold = step.value;
                }
                case 5 -> assertThat(controller.load(CLAIM, 4)).isEqualTo(model.claim());
                default ->
                {
                    controller.store(CLAIM, 4, source);
                    model.complete(source);
                }
            }
            assertThat(controller.asserted()).isEqualTo(model.asserted());
            assertThat(controller.load(PENDING, 4) | controller.load(PENDING + 4, 4) << 32).isEqualTo(model.pendingBits());
        }
    }

    @Test
    void aRequestThatIsPendingIsPartOfTheDigest()
    {
        final long before = digest();

        plic.setLevel(63, true);

        assertThat(digest()).isNotEqualTo(before);
    }

    private long digest()
    {
        final StateHash hash = new StateHash();
        plic.save(hash);
        return hash.value();
    }

    private void enable(final int source, final int priority)
    {
        plic.store(4L * source, 4, priority);
        final long register = ENABLE + source / 32 * 4L;
        plic.store(register, 4, plic.load(register, 4) | 1L << source % 32);
    }

    private static final class Model
    {
        private final boolean[] level = new boolean[64];
        private final boolean[] pending = new boolean[64];
        private final boolean[] gateClosed = new boolean[64];
        private final boolean[] enabled = new boolean[64];
        private final int[] priority = new int[64];
        private int threshold;

        void level(final int source, final boolean value)
        {
            level[source] = value;
            pass(source);
        }

        private void pass(final int source)
        {
            if (level[source] && !gateClosed[source])
            {
                gateClosed[source] = true;
                pending[source] = true;
            }
        }

        int claim()
        {
            int best = 0;
            for (int i = 1; i < 64; i++)
            {
                if (pending[i] && enabled[i] && priority[i] > (best == 0 ? 0 : priority[best]))
                {
                    best = i;
                }
            }
            pending[best] = false;
            return best;
        }

        void complete(final int source)
        {
            // The gateway takes a completion only of a request that was claimed.
            if (enabled[source] && gateClosed[source] && !pending[source])
            {
                gateClosed[source] = false;
                pass(source);
            }
        }

        boolean asserted()
        {
            for (int i = 1; i < 64; i++)
            {
                if (pending[i] && enabled[i] && priority[i] > threshold)
                {
                    return true;
                }
            }
            return false;
        }

        long pendingBits()
        {
            long bits = 0;
            for (int i = 1; i < 64; i++)
            {
                bits |= pending[i] ? 1L << i : 0;
            }
            return bits;
        }
    }
}
