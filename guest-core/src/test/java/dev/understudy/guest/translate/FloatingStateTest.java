package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Translated code that uses floating point is come upon while {@code sstatus.FS} is not Dirty, as by a process of Linux
 * that uses it first, or once its registers were saved: the state that follows is that of the interpreter.
 */
@Tag("slow")
class FloatingStateTest
{
    private static final int TIMES = 200;
    private static final long FUNCTION = SmallProgram.BASE + 0x1000;

    private static final int DYNAMIC = 7;
    private static final int FADD_D = 0x01;
    private static final int FCVT_L_D = 0x61;
    private static final int FCVT_D_L = 0x69;
    private static final int FMV_X_D = 0x71;

    private static final int OFF = 0;
    private static final int INITIAL = 1;
    private static final int CLEAN = 2;
    private static final int DIRTY = 3;
    private static final int FS_SHIFT = 13;

    private static final int COUNTER = 5;
    private static final int ADDRESS = 6;

    /** All of FS, and what it becomes before each call. */
    private static final int MASK = 7;
    private static final int STATE = 13;

    /** Sum of what FS was behind each call, and what is in a floating-point register in the end. */
    private static final int SUM = 10;
    private static final int RESULT = 11;
    private static final int SCRATCH = 12;
    private static final int STATE_AFTER = 14;
    private static final int TRAPS = 29;

    /** While FS is Off its first instruction traps, and the handler makes it Initial. */
    @ParameterizedTest
    @CsvSource({"0, true", "1, true", "2, true", "3, true", "0, false", "1, false", "2, false", "3, false"})
    void whatWritesARegisterMakesTheStateDirty(final int state, final boolean isFollowed)
    {
        final ThreeEngines it = translated(isFollowed, to -> to.r(Assembler.OP_FP, DYNAMIC, FADD_D, 2, 2, 1));
        round(it, state);
        assertThat(it.interpreter.hart.x(SUM)).isEqualTo((long)TIMES * DIRTY);
        assertThat(it.interpreter.hart.x(RESULT)).isEqualTo(TIMES);
        assertThat(it.interpreter.hart.x(TRAPS)).isEqualTo(state == OFF ? TIMES : 0);
        assertThat(it.translatedInstructions()).isGreaterThan(TIMES);
    }

    @ParameterizedTest
    @CsvSource({"1, true", "2, true", "3, true", "1, false", "2, false", "3, false"})
    void whatReadsARegisterLeavesTheStateAsItIs(final int state, final boolean isFollowed)
    {
        final ThreeEngines it = translated(isFollowed, to -> to.r(Assembler.OP_FP, 0, FMV_X_D, SCRATCH, 1, 0));
        round(it, state);
        assertThat(it.interpreter.hart.x(SUM)).isEqualTo((long)TIMES * state);
        assertThat(it.interpreter.hart.x(SCRATCH)).isEqualTo(Double.doubleToLongBits(1));
        assertThat(it.interpreter.hart.x(TRAPS)).isZero();
    }

    private static void round(final ThreeEngines it, final int state)
    {
        it.each(hart ->
        {
            hart.hart.x[STATE] = (long)state << FS_SHIFT;
            hart.hart.x[TRAPS] = 0;
        });
        it.round();
    }

    /**
     * A program that was translated while FS is Dirty.
     *
     * @param isFollowed whether a region goes on into the function that is called, or the function has one of its own
     */
    private static ThreeEngines translated(final boolean isFollowed, final Consumer<Assembler> body)
    {
        final SmallProgram to = new SmallProgram();
        to.function(FUNCTION, () -> body.accept(to.to));
        to.handler(() ->
        {
            to.to.li(30, (long)INITIAL << FS_SHIFT);
            to.to.csr(2, 0, SmallProgram.SSTATUS, 30);
        });
        to.to.li(MASK, (long)DIRTY << FS_SHIFT);
        to.to.csr(2, 0, SmallProgram.SSTATUS, MASK);
        to.to.addi(SUM, 0, 1);
        to.to.r(Assembler.OP_FP, DYNAMIC, FCVT_D_L, 1, SUM, 2);
        to.to.r(Assembler.OP_FP, DYNAMIC, FCVT_D_L, 2, 0, 2);
        to.to.addi(SUM, 0, 0);
        to.to.li(ADDRESS, FUNCTION);
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.csr(3, 0, SmallProgram.SSTATUS, MASK);
            to.to.csr(2, 0, SmallProgram.SSTATUS, STATE);
            if (isFollowed)
            {
                to.call(FUNCTION);
            }
            else
            {
                to.callThrough(ADDRESS);
            }
            to.to.csr(2, STATE_AFTER, SmallProgram.SSTATUS, 0);
            to.to.r(Assembler.OP, 7, 0, STATE_AFTER, STATE_AFTER, MASK);
            to.to.i(Assembler.OP_IMM, 5, STATE_AFTER, STATE_AFTER, FS_SHIFT);
            to.to.r(Assembler.OP, 0, 0, SUM, SUM, STATE_AFTER);
        });
        to.to.csr(2, 0, SmallProgram.SSTATUS, MASK);
        to.to.r(Assembler.OP_FP, 1, FCVT_L_D, RESULT, 2, 2);
        final ThreeEngines it = new ThreeEngines(to);
        it.each(hart -> hart.hart.x[STATE] = (long)DIRTY << FS_SHIFT);
        return it.settle();
    }
}
