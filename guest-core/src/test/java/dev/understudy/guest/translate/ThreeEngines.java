package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.hart.HartState;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** One program under each engine: after each step registers, CSRs, memory and count have to be equal. */
final class ThreeEngines
{
    private static final long MAX_INSTRUCTIONS = 10_000_000;
    private static final int MAX_ROUNDS = 20;

    final BareHart interpreter;
    final BareHart translator;
    private final List<BareHart> others;
    private TranslationStatistics before = TranslationStatistics.NONE;

    ThreeEngines(final SmallProgram program)
    {
        this(program, RegionCache.DEFAULT_CAPACITY);
    }

    /**
     * @param capacity the most regions that an engine keeps
     */
    ThreeEngines(final SmallProgram program, final int capacity)
    {
        this(program, capacity, Thresholds.BESIDE.target());
    }

    /**
     * @param capacity the most regions that an engine keeps
     * @param target   {@link Thresholds#target}
     */
    ThreeEngines(final SmallProgram program, final int capacity, final int target)
    {
        program.to.ecall();
        interpreter = new BareHart(EngineKind.INTERPRETER, program.image());
        translator = new BareHart(EngineKind.TRANSLATOR, program.image(), capacity, target);
        others = List.of(translator, new BareHart(EngineKind.MIXED, program.image(), capacity, target));
    }

    /** The program from its begin to its end. */
    ThreeEngines round()
    {
        each(BareHart::start);
        run(interpreter.hart.instret() + MAX_INSTRUCTIONS);
        assertThat(interpreter.hart.state()).as("the program ended").isEqualTo(HartState.STOPPED);
        return this;
    }

    /** Rounds, until one translated nothing. */
    ThreeEngines settle()
    {
        for (int i = 0; i < MAX_ROUNDS; i++)
        {
            round();
            if (translations() == 0)
            {
                return this;
            }
        }
        throw new AssertionError("each of " + MAX_ROUNDS + " rounds made translations");
    }

    /** To a position, or to the program's end. */
    void run(final long until)
    {
        before = translator.engine.statistics();
        each(it -> it.run(until));
        for (final BareHart other : others)
        {
            assertThat(other.hart.instret()).isEqualTo(interpreter.hart.instret());
            assertThat(other.hart.pc()).isEqualTo(interpreter.hart.pc());
            assertThat(Arrays.copyOf(other.hart.x, 32)).isEqualTo(Arrays.copyOf(interpreter.hart.x, 32));
            assertThat(other.digest()).isEqualTo(interpreter.digest());
        }
    }

    /** What is done to each machine alike. */
    void each(final Consumer<BareHart> action)
    {
        action.accept(interpreter);
        others.forEach(action);
    }

    /** Translations that were made since the last step began. */
    long translations()
    {
        return translator.engine.statistics().translated() - before.translated();
    }

    /** Instructions that translated code has executed since the last step began. */
    long translatedInstructions()
    {
        return translator.engine.statistics().translatedInstructions() - before.translatedInstructions();
    }

    /** Exits since the last step began. */
    long exits(final ExitCause cause)
    {
        return translator.engine.statistics().exits(cause) - before.exits(cause);
    }

    /** Misses of the load and store caches, since the last step began. */
    long misses()
    {
        return translator.engine.statistics().misses() - before.misses();
    }
}
