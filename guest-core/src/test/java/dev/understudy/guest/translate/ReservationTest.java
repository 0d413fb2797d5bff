package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What LR reserves is a place in physical memory, under each engine. */
class ReservationTest
{
    private static final int TIMES = 50;
    private static final long FIRST = SmallProgram.DATA;
    private static final long SECOND = SmallProgram.DATA + 0x1000;
    private static final int COUNTER = 5;
    private static final int POINTER = 6;
    private static final int LEAF = 7;
    private static final int ENTRY_OF_FIRST = 8;
    private static final int ENTRY_OF_SECOND = 9;
    /** 0 at the program's begin. */
    private static final int FAILURES = 10;

    private static final int LOADED = 11;
    private static final int RESULT = 12;
    private static final int ALIAS = 13;
    private static final int LR = 2 << 2;
    private static final int SC = 3 << 2;
    private static final int EBREAK = 0x0010_0073;

    /** The other page holds the same value: only where it is tells that nobody has reserved it. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void remappedAddressIsNotReserved(final int width)
    {
        final SmallProgram to = program();
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.sd(ENTRY_OF_FIRST, LEAF, 0);
            fence(to);
            to.to.r(Assembler.AMO, width, LR, LOADED, POINTER, 0);
            to.to.sd(ENTRY_OF_SECOND, LEAF, 0);
            fence(to);
            count(to, width, POINTER);
        });
        final ThreeEngines it = new ThreeEngines(to).settle();
        assertThat(failuresOfARound(it)).isEqualTo(TIMES);
        assertThat(it.interpreter.memory.readLong(SECOND)).isZero();
        assertThat(it.translatedInstructions()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void whatIsReservedIsSoByEachAddressThatItHas(final int width)
    {
        final SmallProgram to = program();
        to.map(1, FIRST, SmallProgram.ALL);
        to.value(ALIAS, SmallProgram.page(1));
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.r(Assembler.AMO, width, LR, LOADED, POINTER, 0);
            count(to, width, ALIAS);
            // Used up.
            count(to, width, POINTER);
        });
        assertThat(failuresOfARound(new ThreeEngines(to).settle())).isEqualTo(TIMES);
    }

    /** To either half of the doubleword, with what was there before; one beside it does no harm. */
    @Tag("slow")
    @Test
    void writeOfADeviceEndsTheReservation()
    {
        final SmallProgram to = program();
        to.to.r(Assembler.AMO, 3, LR, LOADED, POINTER, 0);
        final long reserved = to.to.address();
        count(to, 3, POINTER);
        final ThreeEngines it = new ThreeEngines(to);
        for (final long at : new long[]{FIRST - 1, FIRST, FIRST + 7, FIRST + 8})
        {
            it.each(BareHart::start);
            while (it.interpreter.hart.pc() != reserved)
            {
                it.run(it.interpreter.hart.instret() + 1);
            }
            it.each(hart -> hart.memory.writeByte(at, 0));
            it.run(it.interpreter.hart.instret() + 100);
            final boolean isReserved = at >= FIRST && at < FIRST + 8;
            assertThat(it.interpreter.hart.x(FAILURES)).isEqualTo(isReserved ? 1 : 0);
        }
    }

    /** A trap and the return from it. */
    @Test
    void trapEndsTheReservation()
    {
        final SmallProgram to = program();
        to.skipFaults();
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.r(Assembler.AMO, 3, LR, LOADED, POINTER, 0);
            to.to.word(EBREAK);
            count(to, 3, POINTER);
        });
        assertThat(failuresOfARound(new ThreeEngines(to).settle())).isEqualTo(TIMES);
    }

    private static SmallProgram program()
    {
        final SmallProgram to = new SmallProgram();
        to.map(0, FIRST, SmallProgram.ALL);
        to.translate(0, 0);
        to.value(POINTER, SmallProgram.page(0));
        to.value(LEAF, SmallProgram.leaf(0, 0));
        to.value(ENTRY_OF_FIRST, SmallProgram.entry(FIRST, SmallProgram.ALL));
        to.value(ENTRY_OF_SECOND, SmallProgram.entry(SECOND, SmallProgram.ALL));
        return to;
    }

    private static void fence(final SmallProgram to)
    {
        to.to.r(Assembler.SYSTEM, 0, 9, 0, 0, 0);
    }

    /** Stores, if it may, what was loaded, and counts it if not. */
    private static void count(final SmallProgram to, final int width, final int pointer)
    {
        to.to.r(Assembler.AMO, width, SC, RESULT, pointer, LOADED);
        to.to.r(Assembler.OP, 0, 0, FAILURES, FAILURES, RESULT);
    }

    private static long failuresOfARound(final ThreeEngines it)
    {
        it.round();
        return it.interpreter.hart.x(FAILURES);
    }
}
