package dev.understudy.guest.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class GuestClockTest
{
    private static final int LIMIT_NS = 2_000_000;

    /** A guest runs some instructions while the world's clock advances, then time is sampled at some rate. */
    private record Step(int instructions, int worldNs, int picos)
    {
    }

    @Provide
    Arbitrary<List<Step>> steps()
    {
        return Combinators.combine(
            Arbitraries.integers().between(0, 1_000_000),
            Arbitraries.integers().between(0, 3_000_000),
            Arbitraries.integers().between(0, 1_000_000)).as(Step::new).list().ofMaxSize(200);
    }

    @Property(tries = 300)
    void timeNeverRunsBackwardsNorFarAheadOfTheWorld(@ForAll("steps") final List<Step> steps)
    {
        final GuestClock clock = new GuestClock();
        long position = 0;
        long worldNs = 0;
        long timeNs = 0;
        for (final Step step : steps)
        {
            for (int i = 0; i <= 4; i++)
            {
                final long then = clock.timeNs(position + (long)step.instructions * i / 4);
                assertThat(then).isBetween(timeNs, worldNs + LIMIT_NS);
                timeNs = then;
            }
            position += step.instructions;
            worldNs += step.worldNs;
            clock.sample(position, worldNs);
            assertThat(clock.timeNs(position)).isEqualTo(Math.max(timeNs, worldNs));
            clock.rate(position, step.picos, LIMIT_NS);
        }
    }

    @Property(tries = 300)
    void positionOfATickIsTheFirstOneThatShowsIt(
        @ForAll("steps") final List<Step> steps, @ForAll("ahead") final int ahead)
    {
        final GuestClock clock = new GuestClock();
        long position = 0;
        long worldNs = 0;
        for (final Step step : steps)
        {
            position += step.instructions;
            worldNs += step.worldNs;
            clock.sample(position, worldNs);
            clock.rate(position, step.picos, LIMIT_NS);
        }
        final long ticks = clock.ticks(position) + ahead;
        final long reached = clock.positionOf(ticks);
        if (reached == Long.MAX_VALUE)
        {
            assertThat(clock.ticks(position + (1L << 31))).isLessThan(ticks);
        }
        else
        {
            assertThat(clock.ticks(reached)).isGreaterThanOrEqualTo(ticks);
            assertThat(reached == position || clock.ticks(reached - 1) < ticks).isTrue();
        }
    }

    @Provide
    Arbitrary<Integer> ahead()
    {
        return Arbitraries.integers().between(0, 30_000);
    }

    @Example
    void manySamplesOfAFastClockDoNotAddUp()
    {
        final GuestClock clock = new GuestClock();
        clock.rate(0, 1_000_000, LIMIT_NS);
        for (int i = 1; i <= 1_000; i++)
        {
            clock.sample(i * 10_000L, i * 1_000L);
        }
        assertThat(clock.timeNs(20_000_000)).isEqualTo(1_000_000 + LIMIT_NS);
    }
}
