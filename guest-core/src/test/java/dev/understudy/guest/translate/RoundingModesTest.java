package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Code that rounds as {@code frm} says is translated for each mode that it is executed in, once. */
@Tag("slow")
class RoundingModesTest
{
    private static final int TIMES = 200;
    private static final int MODES = 5;
    private static final int RESERVED = 5;

    private static final int COUNTER = 5;
    private static final int ADDRESS = 6;
    private static final int FUNCTION = 7;
    private static final int MODE = 13;
    private static final int DYNAMIC = 7;
    private static final int FADD_D = 0x01;
    private static final int FDIV_D = 0x0D;

    @Test
    void translationsForEachModeAreKept()
    {
        final ThreeEngines it = new ThreeEngines(program(to ->
        {
            to.to.csr(1, 0, Assembler.FRM, MODE);
            to.repeat(COUNTER, TIMES, () -> round(to.to));
        }));
        // A mode that traps comes first: what ends there must not serve the others.
        for (final int mode : IntStream.concat(IntStream.of(RESERVED), IntStream.range(0, MODES)).toArray())
        {
            it.each(hart -> hart.hart.x[MODE] = mode);
            it.settle();
        }
        for (int mode = 0; mode < MODES; mode++)
        {
            final int next = mode;
            it.each(hart -> hart.hart.x[MODE] = next);
            it.round();
            assertThat(it.translations()).as("translations for mode %d", mode).isZero();
            assertThat(it.translatedInstructions()).as("translated in mode %d", mode).isGreaterThan(3L * TIMES);
        }
    }

    /** Interval arithmetic does so. */
    @Test
    void theModeChangesWithEachCall()
    {
        final ThreeEngines it = new ThreeEngines(program(to ->
        {
            to.function(SmallProgram.BASE + 0x1000, () -> round(to.to));
            to.to.li(FUNCTION, SmallProgram.BASE + 0x1000);
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.csr(1, 0, Assembler.FRM, MODE);
                to.callThrough(FUNCTION);
                to.to.i(Assembler.OP_IMM, 4, MODE, MODE, 1);
            });
        })).settle();
        it.round();
        // All but the instruction that changes the mode.
        assertThat(it.translatedInstructions()).isBetween(7L * TIMES, 7L * TIMES + 50);
        assertThat(it.translations()).isZero();
    }

    private static SmallProgram program(final Consumer<SmallProgram> body)
    {
        final SmallProgram program = new SmallProgram();
        program.put(SmallProgram.DATA, Double.doubleToLongBits(0.1));
        program.skipFaults();
        program.to.li(ADDRESS, SmallProgram.DATA);
        program.to.loadFloating(3, 2, ADDRESS, 0);
        body.accept(program);
        return program;
    }

    private static void round(final Assembler to)
    {
        to.r(Assembler.OP_FP, DYNAMIC, FADD_D, 1, 1, 2);
        to.r(Assembler.OP_FP, DYNAMIC, FDIV_D, 3, 1, 2);
    }
}
