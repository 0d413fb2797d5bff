package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.memory.GuestMemory;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Data in pages of each size under translated code: what the entry holds after each access, what faults, and what is seen
 * after a change; equal under each engine, and exact.
 */
@Tag("slow")
class PageSizesTest
{
    private static final int TIMES = 100;

    private static final int COUNTER = 5;
    private static final int ADDRESS = 6;
    private static final int ENTRY = 7;
    private static final int VALUE = 8;
    private static final int OTHER = 9;

    /** What the entry was, or what was read, summed up. */
    private static final int FIRST_SUM = 13;
    private static final int SECOND_SUM = 14;
    private static final int THIRD_SUM = 15;
    private static final int TRAPS = 29;

    /** More than are interpreted behind an instruction that a region is left for. */
    private static final int APART = 30;

    /** Two places in RAM, and where they are in the page. */
    private static final long MEGA_BYTES = 2 << 20;
    private static final long PLACE = GuestMemory.BASE + 2 * MEGA_BYTES;
    private static final long OTHER_PLACE = PLACE + MEGA_BYTES;

    private static final long BITS = SmallProgram.A | SmallProgram.D;

    /** A page, by its entry. */
    enum Size
    {
        PAGE(SmallProgram.leaf(0, 8), SmallProgram.page(8), PLACE),
        MEGAPAGE(SmallProgram.middle(0) + 8 * 3, SmallProgram.WINDOW + 3 * MEGA_BYTES, PLACE),
        GIGAPAGE(SmallProgram.root(0) + 8 * 3, 0xC000_0000L + PLACE - GuestMemory.BASE,
            GuestMemory.BASE);

        /** Address of the entry. */
        private final long entry;

        /** Where {@link #PLACE} is mapped. */
        private final long address;

        /** Where the page begins. */
        private final long physical;

        Size(final long entry, final long address, final long physical)
        {
            this.entry = entry;
            this.address = address;
            this.physical = physical;
        }

        private long with(final long flags)
        {
            return SmallProgram.entry(physical, flags);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLoadSetsTheAccessedBitAndAStoreBoth(final Size size)
    {
        final long empty = size.with(SmallProgram.ALL & ~BITS);
        final ThreeEngines it = program(size, to -> to.repeat(COUNTER, TIMES, () ->
        {
            put(to, empty);
            to.to.ld(10, ADDRESS, 0);
            apart(to);
            sum(to, FIRST_SUM);
            to.to.sd(10, ADDRESS, 0);
            apart(to);
            sum(to, SECOND_SUM);
            put(to, empty);
            to.to.sd(10, ADDRESS, 0);
            apart(to);
            sum(to, THIRD_SUM);
        }));
        assertThat(it.interpreter.hart.x(FIRST_SUM)).isEqualTo(TIMES * (empty | SmallProgram.A));
        assertThat(it.interpreter.hart.x(SECOND_SUM)).isEqualTo(TIMES * (empty | BITS));
        assertThat(it.interpreter.hart.x(THIRD_SUM)).isEqualTo(TIMES * (empty | BITS));
        assertThat(it.exits(ExitCause.ACCESSED)).isEqualTo(3 * TIMES);
    }

    /** And what has the bits is accessed without leaving the region for them: a page is dirty once, however large. */
    @ParameterizedTest
    @EnumSource
    void onlyTheFirstStoreSetsTheDirtyBit(final Size size)
    {
        final long clean = size.with(SmallProgram.ALL & ~SmallProgram.D);
        final ThreeEngines it = program(size, to -> to.repeat(COUNTER, TIMES, () ->
        {
            put(to, clean);
            to.to.ld(10, ADDRESS, 0);
            apart(to);
            sum(to, FIRST_SUM);
            to.to.sd(10, ADDRESS, 0);
            apart(to);
            to.to.sd(10, ADDRESS, size == Size.PAGE ? 8 : -8);
            apart(to);
            sum(to, SECOND_SUM);
        }), size == Size.PAGE ? 0 : GuestMemory.PAGE_BYTES);
        assertThat(it.interpreter.hart.x(FIRST_SUM)).isEqualTo(TIMES * clean);
        assertThat(it.interpreter.hart.x(SECOND_SUM)).isEqualTo(TIMES * (clean | SmallProgram.D));
        assertThat(it.exits(ExitCause.ACCESSED)).isEqualTo(TIMES);
    }

    /** The bits of an access that faults stay as they are. */
    @ParameterizedTest
    @CsvSource({"MEGAPAGE, 0x1000", "MEGAPAGE, 0x100000", "GIGAPAGE, 0x1000", "GIGAPAGE, 0x200000", "GIGAPAGE, 0x20000000"})
    void aSuperpageThatIsNotAlignedFaults(final Size size, final long offset)
    {
        final long wrong = size.with(SmallProgram.ALL & ~BITS) + SmallProgram.entry(offset, 0);
        final ThreeEngines it = program(size, to -> to.repeat(COUNTER, TIMES, () ->
        {
            put(to, wrong);
            to.to.ld(10, ADDRESS, 0);
            apart(to);
            to.to.sd(10, ADDRESS, 0);
            apart(to);
            to.to.r(Assembler.AMO, 3, 0, 11, ADDRESS, 10);
            apart(to);
            sum(to, FIRST_SUM);
        }));
        assertThat(it.interpreter.hart.x(FIRST_SUM)).isEqualTo(TIMES * wrong);
        assertThat(it.interpreter.hart.x(TRAPS)).isEqualTo(3 * TIMES);
        assertThat(it.exits(ExitCause.FAULT)).isEqualTo(3 * TIMES);
    }

    @ParameterizedTest
    @CsvSource({"PAGE, true", "PAGE, false", "MEGAPAGE, true", "MEGAPAGE, false"})
    void whatIsMappedElsewhereIsReadThere(final Size size, final boolean isFenced)
    {
        final long here = size.with(SmallProgram.ALL);
        final long there = SmallProgram.entry(OTHER_PLACE, SmallProgram.ALL);
        final ThreeEngines it = program(size, to ->
        {
            for (final long place : new long[]{PLACE, OTHER_PLACE})
            {
                to.to.li(OTHER, place);
                to.to.addi(10, 0, place == PLACE ? 1 : 2);
                to.to.sd(10, OTHER, 0);
            }
            alternate(to, here, there, isFenced, () ->
            {
                to.to.ld(10, ADDRESS, 0);
                to.to.r(Assembler.OP, 0, 0, FIRST_SUM, FIRST_SUM, 10);
            });
        });
        assertThat(it.interpreter.hart.x(FIRST_SUM)).isEqualTo(TIMES * (1 + 2));
    }

    @ParameterizedTest
    @CsvSource({"PAGE, true", "PAGE, false", "MEGAPAGE, true", "MEGAPAGE, false", "GIGAPAGE, true", "GIGAPAGE, false"})
    void aPageThatMayNotBeWrittenAnyMoreFaults(final Size size, final boolean isFenced)
    {
        final ThreeEngines it = program(size, to -> alternate(
            to, size.with(SmallProgram.ALL), size.with(SmallProgram.ALL & ~SmallProgram.W), isFenced, () ->
            {
                to.to.sd(COUNTER, ADDRESS, 0);
                apart(to);
                to.to.ld(10, ADDRESS, 0);
                to.to.r(Assembler.OP, 0, 0, FIRST_SUM, FIRST_SUM, 10);
            }));
        assertThat(it.interpreter.hart.x(TRAPS)).isEqualTo(TIMES);
        assertThat(it.exits(ExitCause.FAULT)).isEqualTo(TIMES);
        // Each second store faults, and the load reads what the one before has left.
        assertThat(it.interpreter.hart.x(FIRST_SUM)).isPositive();
    }

    /** Has the page be mapped by the one entry and the other in turn, each as often. */
    private static void alternate(
        final SmallProgram to, final long one, final long other, final boolean isFenced, final Runnable use)
    {
        to.to.li(VALUE, other);
        to.to.li(OTHER, one ^ other);
        to.repeat(COUNTER, 2 * TIMES, () ->
        {
            to.to.r(Assembler.OP, 4, 0, VALUE, VALUE, OTHER);
            to.to.sd(VALUE, ENTRY, 0);
            if (isFenced)
            {
                to.to.word(0x1200_0073 | ADDRESS << 15);
            }
            apart(to);
            use.run();
        });
    }

    private static void put(final SmallProgram to, final long entry)
    {
        to.to.li(VALUE, entry);
        to.to.sd(VALUE, ENTRY, 0);
        apart(to);
    }

    private static void sum(final SmallProgram to, final int register)
    {
        to.to.ld(12, ENTRY, 0);
        to.to.r(Assembler.OP, 0, 0, register, register, 12);
    }

    private static void apart(final SmallProgram to)
    {
        for (int i = 0; i < APART; i++)
        {
            to.to.addi(16, 16, 1);
        }
    }

    private static ThreeEngines program(final Size size, final Consumer<SmallProgram> body)
    {
        return program(size, body, 0);
    }

    /** A program that has been translated, after a further round. */
    private static ThreeEngines program(final Size size, final Consumer<SmallProgram> body, final int offset)
    {
        final SmallProgram program = new SmallProgram();
        program.skipFaults();
        program.translate(0, 0);
        program.value(ADDRESS, size.address + offset);
        program.to.li(ENTRY, size.entry);
        for (final int register : new int[]{FIRST_SUM, SECOND_SUM, THIRD_SUM, TRAPS})
        {
            program.to.addi(register, 0, 0);
        }
        body.accept(program);
        final ThreeEngines engines = new ThreeEngines(program).settle();
        engines.round();
        assertThat(engines.translatedInstructions()).isGreaterThan(20 * TIMES);
        return engines;
    }
}
