package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.state.SavedState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.LongConsumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;

/**
 * {@link RandomRoutines} under each engine: registers, CSRs, memory and count are equal wherever they stop.
 * <p>
 * {@code -Dfuzz.rounds=N} makes a run N times as long, {@code -Dfuzz.seed=N} runs one program alone, again and again.
 */
@Tag("slow")
class RandomRoutinesTest
{
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 1);
    private static final Long ONE = Long.getLong("fuzz.seed");
    private static final long INSTRUCTIONS = 60_000;
    private static final int MOVE_EVERY = 5;
    private static final int SHORT = 20;
    private static final int LONG = 4_000;

    /** So seldom has an indirect jump to be taken for its target to be worth a comparison: programs are short. */
    private static final int TARGET = 20;

    private static final Map<ExitCause, Long> EXITS = new EnumMap<>(ExitCause.class);
    private static long programs;
    private static long instructions;
    private static long translated;

    /** By the mixed engine: what its thread beside had ready in time. */
    private static long translatedBeside;
    private static long wide;
    private static long predicted;
    private static long translatedCutShort;
    private static long switches;
    private static long translatedBetweenSwitches;
    private static long moves;
    private static long translatedBetweenMoves;
    private static long traps;
    private static long stops;

    @Property(tries = 100, shrinking = ShrinkingMode.OFF)
    void enginesAgreeWhereverTheyStop(@ForAll final long seed)
    {
        compareAll(new Random(seed), RandomRoutinesTest::compare);
    }

    /** As the methods of regions are that become too long: each is cut short somewhere. */
    @Property(tries = 20, shrinking = ShrinkingMode.OFF)
    void regionsMayBeCutShort(@ForAll final long seed)
    {
        compareAll(new Random(seed), RandomRoutinesTest::compareCutShort);
    }

    @Property(tries = 20, shrinking = ShrinkingMode.OFF)
    void anotherEngineMayGoOnAnywhere(@ForAll final long seed)
    {
        compareAll(new Random(seed), RandomRoutinesTest::compareSwitched);
    }

    @Property(tries = 10, shrinking = ShrinkingMode.OFF)
    void anotherHartMayGoOnAnywhereFromTheSavedState(@ForAll final long seed)
    {
        compareAll(new Random(seed), RandomRoutinesTest::compareMoved);
    }

    private static void compareAll(final Random random, final LongConsumer compare)
    {
        for (int i = 0; i < ROUNDS; i++)
        {
            final long program = ONE != null ? ONE : random.nextLong();
            try
            {
                compare.accept(program);
            }
            // Errors, too: of code that the translator made, say.
            catch (final RuntimeException | Error e)
            {
                throw new AssertionError("with -Dfuzz.seed=" + program + ": " + e.getMessage(), e);
            }
        }
    }

    @AfterContainer
    static void everyWayOutWasTaken()
    {
        System.out.printf(Locale.ROOT, "%,d random programs, %,d instructions compared at %,d stops; " +
            "%,d traps; %,d instructions translated; %,d wide regions with %,d predicted targets; " +
            "%,d switches of the engine with %,d instructions translated between; " +
            "%,d moves of the state with %,d; exits %s%n",
            programs, instructions, stops, traps, translated, wide, predicted, switches, translatedBetweenSwitches,
            moves, translatedBetweenMoves, EXITS);
        if (ONE == null)
        {
            assertThat(EXITS).containsOnlyKeys(ExitCause.values());
            assertThat(EXITS).allSatisfy((cause, times) -> assertThat(times).as("exits %s", cause).isPositive());
            assertThat(translated).isGreaterThan(instructions / 4);
            assertThat(translatedCutShort).isGreaterThan(instructions / 100);
            assertThat(translatedBetweenSwitches).isGreaterThan(instructions / 100);
            assertThat(translatedBetweenMoves).isGreaterThan(instructions / 1_000);
            assertThat(wide).as("wide regions").isPositive();
            assertThat(predicted).as("predicted targets").isPositive();
            assertThat(translatedBeside).isGreaterThan(instructions / 100);
        }
    }

    private static void compareCutShort(final long seed)
    {
        final byte[] image = new RandomRoutines(seed).image();
        final Random random = new Random(seed);
        final BareHart cut = BareHart.translating(image, compiler -> Translator.atOnce(region ->
            compiler.apply(new Region(region.plan.first(1 + random.nextInt(region.plan.length())))), TranslationHost.NONE));
        compare(seed, image, List.of(cut), () -> {});
        translatedCutShort += cut.engine.statistics().translatedInstructions();
    }

    private static void compare(final long seed)
    {
        final byte[] image = new RandomRoutines(seed).image();
        final BareHart translator = new BareHart(EngineKind.TRANSLATOR, image, RegionCache.DEFAULT_CAPACITY, TARGET);
        final BareHart mixed = new BareHart(EngineKind.MIXED, image, RegionCache.DEFAULT_CAPACITY, TARGET);
        compare(seed, image, List.of(translator, mixed), () -> {});
        final TranslationStatistics statistics = translator.engine.statistics();
        translated += statistics.translatedInstructions();
        wide += statistics.wide();
        predicted += statistics.predicted();
        translatedBeside += mixed.engine.statistics().translatedInstructions();
        statistics.exits().forEach((cause, times) -> EXITS.merge(cause, times, Long::sum));
    }

    private static void compareSwitched(final long seed)
    {
        final byte[] image = new RandomRoutines(seed).image();
        final Random random = new Random(seed);
        final BareHart switched = new BareHart(EngineKind.TRANSLATOR, image);
        compare(seed, image, List.of(switched), () ->
        {
            translatedBetweenSwitches += switched.engine.statistics().translatedInstructions();
            switched.engine(EngineKind.values()[random.nextInt(EngineKind.values().length)]);
            switches++;
        });
    }

    private static void compareMoved(final long seed)
    {
        final byte[] image = new RandomRoutines(seed).image();
        final Random random = new Random(seed);
        final List<BareHart> moved = new ArrayList<>(List.of(new BareHart(EngineKind.TRANSLATOR, image)));
        compare(seed, image, moved, () ->
        {
            if (random.nextInt(MOVE_EVERY) == 0)
            {
                final BareHart from = moved.getFirst();
                translatedBetweenMoves += from.engine.statistics().translatedInstructions();
                final SavedState state = SavedState.of(from);
                final BareHart to =
                    new BareHart(EngineKind.values()[random.nextInt(EngineKind.values().length)], new byte[0]);
                to.load(state.reader());
                assertThat(SavedState.of(to).isSameAs(state)).isTrue();
                moved.set(0, to);
                moves++;
            }
        });
    }

    /** @param atEachStop what is done where all have stopped; it may replace one of the others */
    private static void compare(
        final long seed, final byte[] image, final List<BareHart> others, final Runnable atEachStop)
    {
        final Random random = new Random(seed);
        final BareHart expected = new BareHart(EngineKind.INTERPRETER, image);
        while (expected.hart.instret() < INSTRUCTIONS)
        {
            final int stretch = 1 + random.nextInt(random.nextInt(4) == 0 ? SHORT : LONG);
            final long until = expected.hart.instret() + stretch;
            final BareHart first = others.get(random.nextInt(others.size()));
            first.engine.run(until - random.nextInt(stretch), until);
            // Where it was cheapest for one engine, the others have to stop exactly.
            final long position = first.hart.instret();
            assertThat(position).isLessThanOrEqualTo(until);
            expected.run(position);
            assertThat(expected.hart.instret()).as("the program goes on").isEqualTo(position);
            for (final BareHart other : others)
            {
                other.run(position);
                assertThat(state(other)).isEqualTo(state(expected));
                assertThat(Arrays.mismatch(other.memory.array(), expected.memory.array())).as("memory").isNegative();
            }
            stops++;
            atEachStop.run();
        }
        programs++;
        instructions += expected.hart.instret();
        traps += expected.hart.x(29);
    }

    /** Registers and CSRs, and a hash of all there is besides. */
    private static String state(final BareHart it)
    {
        final Hart hart = it.hart;
        final StringBuilder state = new StringBuilder(String.format(Locale.ROOT,
            "instret %d, pc %x, x %s, f %s, fcsr %x %x",
            hart.instret(), hart.pc(), Arrays.toString(Arrays.copyOf(hart.x, 32)), Arrays.toString(hart.f), hart.frm,
            hart.fflags.value()));
        for (final int csr : new int[]{0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14D, 0x180, 0xC01})
        {
            state.append(String.format(Locale.ROOT, ", csr %x %x", csr, hart.readCsr(csr)));
        }
        return state.append(", digest ").append(it.digestOfHart()).toString();
    }
}
