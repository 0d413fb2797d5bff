package dev.understudy.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a register can answer, and what it cannot. */
class HistoryTest
{
    private final History history = new History();

    private void write(final String value, final long askedNs, final long answeredNs)
    {
        final History.Operation operation = history.write("k", value, askedNs);
        if (answeredNs != History.NEVER)
        {
            operation.acknowledged(answeredNs);
        }
    }

    private void read(final String value, final long askedNs, final long answeredNs)
    {
        history.read("k", askedNs).read(value, answeredNs);
    }

    @Test
    void operationsOneAfterAnotherAreARegister()
    {
        read(null, 0, 1);
        write("a", 2, 3);
        read("a", 4, 5);
        write("b", 6, 7);
        read("b", 8, 9);
        assertThat(history.problem()).isNull();
    }

    @Test
    void anAcknowledgedWriteThatIsLostIsFound()
    {
        write("a", 2, 3);
        read(null, 4, 5);
        assertThat(history.problem()).contains("an acknowledged write was lost");
    }

    @Test
    void anEarlierWriteThatComesBackIsFound()
    {
        write("a", 0, 1);
        write("b", 2, 3);
        read("a", 4, 5);
        assertThat(history.problem()).contains("\"a\"").contains("\"b\"");
    }

    @Test
    void readsOfTwoClientsThatSeeWritesInOtherOrdersAreFound()
    {
        write("a", 0, 10);
        write("b", 0, 10);
        read("a", 11, 12);
        read("b", 13, 14);
        read("a", 15, 16);
        assertThat(history.problem()).isNotNull();
    }

    @Test
    void writesAtOnceMayComeInAnyOrder()
    {
        write("a", 0, 10);
        write("b", 0, 10);
        read("a", 3, 4);
        read("b", 5, 6);
        read("b", 11, 12);
        assertThat(history.problem()).isNull();
    }

    @Test
    void aWriteWithoutAnAnswerMayHappenLaterOrNever()
    {
        write("a", 0, 1);
        write("b", 2, History.NEVER);
        write("c", 2, History.NEVER);
        read("a", 3, 4);
        read("b", 100, 101);
        assertThat(history.problem()).isNull();
        read("a", 102, 103);
        assertThat(history.problem()).isNotNull();
    }

    @Test
    void aReadOfWhatNobodyWroteIsFound()
    {
        read("a", 0, 1);
        assertThat(history.problem()).contains("nobody had written");
    }

    /** By trial of all orders, with up to six operations. */
    @Test
    void randomHistoriesAreJudgedAsAllTheirOrdersSay()
    {
        final Random random = new Random(7);
        int good = 0;
        for (int i = 0; i < 20_000; i++)
        {
            final History some = new History();
            final List<long[]> operations = new ArrayList<>();
            final int writes = 1 + random.nextInt(3);
            for (int j = 0; j < writes + 1 + random.nextInt(3); j++)
            {
                final boolean isWrite = j < writes;
                final long askedNs = random.nextInt(12);
                final long answeredNs = askedNs + 1 + random.nextInt(6);
                final long value = isWrite ? j + 1 : random.nextInt(writes + 1);
                operations.add(new long[] {isWrite ? 1 : 0, value, askedNs, answeredNs});
                if (isWrite)
                {
                    some.write("k", "v" + value, askedNs).acknowledged(answeredNs);
                }
                else
                {
                    some.read("k", askedNs).read(value == 0 ? null : "v" + value, answeredNs);
                }
            }
            final boolean isRegister = hasOrder(operations, 0);
            good += isRegister ? 1 : 0;
            assertThat(some.problem() == null).as(() -> "history " + text(operations)).isEqualTo(isRegister);
        }
        assertThat(good).isBetween(2_000, 18_000);
    }

    private static String text(final List<long[]> operations)
    {
        return String.join(", ", operations.stream().map(Arrays::toString).toList());
    }

    private static boolean hasOrder(final List<long[]> left, final long value)
    {
        if (left.isEmpty())
        {
            return true;
        }
        for (int i = 0; i < left.size(); i++)
        {
            final long[] next = left.get(i);
            final boolean mayBeFirst = left.stream().noneMatch(other -> other[3] < next[2]);
            if (mayBeFirst && (next[0] == 1 || next[1] == value))
            {
                final List<long[]> rest = new ArrayList<>(left);
                rest.remove(i);
                if (hasOrder(rest, next[0] == 1 ? next[1] : value))
                {
                    return true;
                }
            }
        }
        return false;
    }
}
