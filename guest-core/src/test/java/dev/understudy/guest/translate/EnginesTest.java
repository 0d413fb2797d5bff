package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.hart.HartState;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random programs under each engine: registers, CSRs, memory and count are equal wherever the engines stop.
 * <p>
 * A program of {@link RandomProgram} runs three times over, so that its loops are hot in the end. A run compares 20
 * programs under each engine; {@code -Dengines.seeds=N} takes the first N.
 */
@Tag("slow")
class EnginesTest
{
    private static final int SEEDS = Integer.getInteger("engines.seeds", 20);
    private static final int ROUNDS = 3;
    private static final int MAX_STRETCH = 20_000;

    @Test
    void enginesAgreeWhereverTheyStop()
    {
        long instructions = 0;
        long translated = 0;
        for (long seed = 1; seed <= SEEDS; seed++)
        {
            final byte[] image = new RandomProgram(seed).image();
            final BareHart interpreted = new BareHart(EngineKind.INTERPRETER, image);
            final BareHart translator = new BareHart(EngineKind.TRANSLATOR, image);
            final BareHart mixed = new BareHart(EngineKind.MIXED, image);
            final Random random = new Random(seed);
            for (int round = 0; round < ROUNDS; round++)
            {
                while (interpreted.hart.state() == HartState.RUNNING)
                {
                    final long from = interpreted.hart.instret();
                    final int stretch = 1 + random.nextInt(random.nextBoolean() ? 100 : MAX_STRETCH);
                    interpreted.run(from + stretch);
                    compare(translator, interpreted, from + random.nextInt(stretch), from + stretch, seed);
                    compare(mixed, interpreted, from + random.nextInt(stretch), from + stretch, seed);
                }
                interpreted.start();
                translator.start();
                mixed.start();
            }
            instructions += interpreted.hart.instret();
            translated += translator.engine.statistics().translatedInstructions();
        }
        System.out.printf(Locale.ROOT,
            "%,d random programs, %,d instructions compared on each of two engines; %,d translated%n",
            SEEDS, instructions, translated);
        assertThat(translated).as("of %d instructions, translated", instructions).isGreaterThan(instructions / 4);
    }

    private static void compare(
        final BareHart actual, final BareHart expected, final long before, final long until, final long seed)
    {
        actual.run(before);
        actual.run(until);
        assertThat(actual.hart.instret()).as("seed %d: the count", seed).isEqualTo(expected.hart.instret());
        assertThat(actual.hart.pc()).as("seed %d: pc at %d", seed, until).isEqualTo(expected.hart.pc());
        for (int i = 0; i < 32; i++)
        {
            assertThat(actual.hart.x(i)).as("seed %d: x%d at %d", seed, i, until).isEqualTo(expected.hart.x(i));
        }
        assertThat(actual.digest()).as("seed %d: the state at %d", seed, until).isEqualTo(expected.digest());
    }
}
