package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.virtio.GuestDriver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is executed is what is in memory where the tables say, whoever changed it: under each engine, and without
 * translations being thrown away that still hold.
 */
class CodeCacheTest
{
    private static final int TIMES = 100;
    private static final int CALLS = 20;
    private static final int SW = 2;

    /** A page that has another place in the cache for fetching than the program, so that both stay in it. */
    private static final int FAR = 300;
    private static final int COUNTER = 5;
    private static final int TARGET = 6;
    private static final int VALUE = 8;
    private static final int RESULT = 10;

    /** Two functions, each on a page of its own: they add 1 and 2. */
    private static final long ONE = SmallProgram.BASE + 0x1000;
    private static final long TWO = SmallProgram.BASE + 0x2000;

    /** A function that calls what is at the begin of the next page. */
    private static final long CALLER = SmallProgram.BASE + 0x3000;
    private static final long SUPER_BYTES = 2 << 20;

    @Test
    void fencesKeepTranslations()
    {
        final SmallProgram to = program();
        to.to.li(TARGET, ONE);
        to.to.addi(7, 0, 1);
        to.repeat(COUNTER, TIMES, () ->
        {
            to.callThrough(TARGET);
            to.to.word(SmallProgram.FENCE_I);
            for (final int address : new int[]{0, TARGET})
            {
                for (final int asid : new int[]{0, 7})
                {
                    fence(to, address, asid);
                }
            }
            to.callThrough(TARGET);
        });
        assertThat(sumOfARoundWithoutTranslations(to)).isEqualTo(2 * TIMES);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPageOfCodeIsMappedToAnotherFrame(final boolean isFenced)
    {
        final SmallProgram to = program();
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.page(FAR));
        to.to.li(7, SmallProgram.leaf(0, FAR));
        alternate(to, SmallProgram.entry(ONE, SmallProgram.ALL), SmallProgram.entry(TWO, SmallProgram.ALL), () ->
        {
            to.to.sd(VALUE, 7, 0);
            if (isFenced)
            {
                fence(to, TARGET, 0);
            }
            // Again, so that the way there is known when the page is mapped elsewhere.
            to.repeat(11, CALLS, () -> to.callThrough(TARGET));
        });
        assertThat(sumOfARoundWithoutTranslations(to)).isEqualTo(3 * CALLS * TIMES);
    }

    /** The first page of a region stays where it is; what it calls on the second has been fetched from there already. */
    @Test
    void theSecondPageOfARegionIsMappedToAnotherFrame()
    {
        final SmallProgram to = program();
        to.function(CALLER, () ->
        {
            to.to.addi(13, SmallProgram.RETURN_ADDRESS, 0);
            to.to.word(Assembler.jal(SmallProgram.RETURN_ADDRESS, 0x1000 - Integer.BYTES));
            to.to.addi(SmallProgram.RETURN_ADDRESS, 13, 0);
        });
        to.map(2, CALLER, SmallProgram.ALL);
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.page(2));
        to.to.li(11, SmallProgram.page(3));
        to.to.li(7, SmallProgram.leaf(0, 3));
        alternate(to, SmallProgram.entry(ONE, SmallProgram.ALL), SmallProgram.entry(TWO, SmallProgram.ALL), () ->
        {
            to.to.sd(VALUE, 7, 0);
            to.callThrough(11);
            to.callThrough(TARGET);
        });
        assertThat(sumOfARoundWithoutTranslations(to)).isEqualTo(6 * TIMES);
    }

    @Test
    void aPageOfCodeLosesThePermissionToExecute()
    {
        final SmallProgram to = program();
        // The handler gives the permission back, and has the call made again.
        to.handler(() ->
        {
            to.to.li(30, SmallProgram.entry(ONE, SmallProgram.ALL));
            to.to.sd(30, 7, 0);
        });
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.page(0));
        to.to.li(7, SmallProgram.leaf(0, 0));
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.li(8, SmallProgram.entry(ONE, SmallProgram.ALL & ~SmallProgram.X));
            to.to.sd(8, 7, 0);
            fence(to, TARGET, 0);
            to.callThrough(TARGET);
            to.callThrough(TARGET);
        });
        final ThreeEngines it = new ThreeEngines(to).settle();
        final long faults = it.interpreter.hart.x(29);
        assertThat(sumOfARoundWithoutTranslations(it)).isEqualTo(2 * TIMES);
        assertThat(it.interpreter.hart.x(29) - faults).isEqualTo(TIMES);
    }

    @Test
    void accessedAndDirtyBitsAreSetByTranslatedCode()
    {
        final SmallProgram to = program();
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.page(0));
        to.to.li(7, SmallProgram.leaf(0, 0));
        to.to.li(11, SmallProgram.page(1));
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.li(8, SmallProgram.entry(ONE, SmallProgram.ALL & ~SmallProgram.A));
            to.to.sd(8, 7, 0);
            to.to.li(8, SmallProgram.entry(SmallProgram.DATA, SmallProgram.ALL & ~SmallProgram.D));
            to.to.sd(8, 7, 8);
            fence(to, 0, 0);
            to.callThrough(TARGET);
            to.to.ld(12, 11, 0);
            // Counts the bits that are set, before the store and after it.
            for (int i = 0; i < 2; i++)
            {
                to.to.ld(12, 7, 0);
                to.to.i(Assembler.OP_IMM, 7, 12, 12, (int)SmallProgram.A);
                to.to.r(Assembler.OP, 0, 0, 13, 13, 12);
                to.to.ld(12, 7, 8);
                to.to.i(Assembler.OP_IMM, 7, 12, 12, (int)SmallProgram.D);
                to.to.r(Assembler.OP, 0, 0, 14, 14, 12);
                to.to.sd(0, 11, 0);
            }
        });
        final ThreeEngines it = new ThreeEngines(to).settle();
        final long accessed = it.interpreter.hart.x(13);
        final long dirty = it.interpreter.hart.x(14);
        assertThat(sumOfARoundWithoutTranslations(it)).isEqualTo(TIMES);
        assertThat(it.interpreter.hart.x(13) - accessed).isEqualTo(2 * TIMES * SmallProgram.A);
        assertThat(it.interpreter.hart.x(14) - dirty).isEqualTo(TIMES * SmallProgram.D);
    }

    @Test
    void aSuperpageIsSplit()
    {
        final SmallProgram to = program();
        // Pages as in the superpage, but for the one of the function.
        for (int page = 0; page < 512; page++)
        {
            to.put(SmallProgram.leaf(1, page), SmallProgram.entry(
                page == 1 ? TWO : SmallProgram.BASE + 4096L * page, SmallProgram.ALL));
        }
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.WINDOW + SUPER_BYTES + ONE - SmallProgram.BASE);
        to.to.li(7, SmallProgram.middle(0));
        final long superpage = SmallProgram.entry(SmallProgram.BASE, SmallProgram.ALL);
        alternate(to, superpage, SmallProgram.entry(SmallProgram.leaf(1, 0), SmallProgram.V), () ->
        {
            to.to.sd(VALUE, 7, 8);
            fence(to, TARGET, 0);
            to.callThrough(TARGET);
        });
        assertThat(sumOfARoundWithoutTranslations(to)).isEqualTo(3 * TIMES);
    }

    @Test
    void addressSpacesAreSwitched()
    {
        final SmallProgram to = program();
        to.put(SmallProgram.leaf(0, 0), SmallProgram.entry(ONE, SmallProgram.ALL));
        to.put(SmallProgram.leaf(1, 0), SmallProgram.entry(TWO, SmallProgram.ALL));
        to.to.li(TARGET, SmallProgram.page(0));
        to.to.addi(11, 0, 1);
        alternate(to, SmallProgram.satp(0, 1), SmallProgram.satp(1, 2), () ->
        {
            to.to.csr(1, 0, SmallProgram.SATP, VALUE);
            to.callThrough(TARGET);
            fence(to, 0, 11);
        });
        assertThat(sumOfARoundWithoutTranslations(to)).isEqualTo(3 * TIMES);
    }

    /** The code is executed at one address and written at another. */
    @Test
    void theGuestWritesCodeByAnotherMapping()
    {
        final SmallProgram to = program();
        to.map(0, ONE, SmallProgram.ALL & ~SmallProgram.W);
        to.map(1, ONE, SmallProgram.ALL & ~SmallProgram.X);
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.page(0));
        to.to.li(7, SmallProgram.page(1));
        to.to.li(8, SmallProgram.addition(0));
        to.to.li(9, 1 << 20);
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.r(Assembler.OP, 0, 0, 8, 8, 9);
            to.to.store(SW, 8, 7, 0);
            to.to.word(SmallProgram.FENCE_I);
            // Often enough for a translation of what was written.
            to.repeat(11, CALLS, () -> to.callThrough(TARGET));
        });
        assertThat(sumOfARound(new ThreeEngines(to).round())).isEqualTo(CALLS * TIMES * (TIMES + 1) / 2);
    }

    /** The page counts as one of code, then as one of data, then as one of code again. */
    @Test
    void aPageHoldsCodeAndDataThatIsWrittenAllTheTime()
    {
        final SmallProgram to = program();
        to.to.li(TARGET, ONE);
        to.repeat(COUNTER, 100 * TIMES, () ->
        {
            to.to.sd(COUNTER, TARGET, 1024);
            to.to.i(Assembler.OP_IMM, 7, 7, COUNTER, 31);
            to.to.word(Assembler.branch(SmallProgram.BNE, 7, 0, 8));
            to.callThrough(TARGET);
        });
        final ThreeEngines it = new ThreeEngines(to).round();
        assertThat(sumOfARound(it)).isEqualTo(100 * TIMES / 32);
        assertThat(it.exits(ExitCause.CODE)).isGreaterThan(TIMES);
    }

    @Tag("slow")
    @Test
    void aDeviceWritesToAPageOfCode()
    {
        final SmallProgram to = program();
        to.to.li(TARGET, ONE);
        to.repeat(COUNTER, 1_000 * TIMES, () -> to.callThrough(TARGET));
        final ThreeEngines it = new ThreeEngines(to);
        final Map<BareHart, GuestDriver> drivers = new HashMap<>();
        it.each(hart -> drivers.put(hart, driver(hart)));
        it.run(10_000);
        for (int i = 1; i <= TIMES; i++)
        {
            final byte[] instruction = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(SmallProgram.addition(i)).array();
            it.each(hart -> write(drivers.get(hart), hart, instruction));
            final long before = it.interpreter.hart.x(RESULT);
            // Five instructions make a round of the loop.
            it.run(it.interpreter.hart.instret() + 2_000);
            assertThat(it.interpreter.hart.x(RESULT) - before).as("the sum after write %d", i).isEqualTo(400L * i);
            assertThat(it.translatedInstructions()).isPositive();
        }
    }

    @Test
    void moreRegionsAreMadeThanAreKept()
    {
        final int functions = 16;
        final int calls = 10;
        final int times = 5;
        final int capacity = 4;
        final SmallProgram to = new SmallProgram();
        for (int i = 0; i < functions; i++)
        {
            to.adder(TWO + 64 * i, i);
        }
        to.repeat(COUNTER, times, () ->
        {
            for (int i = 0; i < functions; i++)
            {
                to.to.li(TARGET, TWO + 64 * i);
                to.repeat(7, calls, () -> to.callThrough(TARGET));
            }
        });
        final ThreeEngines it = new ThreeEngines(to, capacity);
        assertThat(sumOfARound(it)).isEqualTo(times * calls * functions * (functions - 1) / 2);
        final TranslationStatistics statistics = it.translator.engine.statistics();
        assertThat(statistics.flushes()).isGreaterThan(times * functions / capacity);
        assertThat(statistics.regions()).isLessThanOrEqualTo(capacity);
        assertThat(it.translatedInstructions()).isPositive();
    }

    private static SmallProgram program()
    {
        final SmallProgram to = new SmallProgram();
        to.adder(ONE, 1);
        to.adder(TWO, 2);
        return to;
    }

    /** Has the same code use one value and another in turn, each as often. */
    private static void alternate(final SmallProgram to, final long one, final long other, final Runnable use)
    {
        to.value(VALUE, other);
        to.value(9, one ^ other);
        to.repeat(COUNTER, 2 * TIMES, () ->
        {
            to.to.r(Assembler.OP, 4, 0, VALUE, VALUE, 9);
            use.run();
        });
    }

    private static void fence(final SmallProgram to, final int address, final int asid)
    {
        to.to.word(0x1200_0073 | asid << 20 | address << 15);
    }

    /** The result of a round that uses translations and makes none. */
    private static long sumOfARoundWithoutTranslations(final SmallProgram program)
    {
        return sumOfARoundWithoutTranslations(new ThreeEngines(program).settle());
    }

    private static long sumOfARoundWithoutTranslations(final ThreeEngines settled)
    {
        final long sum = sumOfARound(settled);
        assertThat(settled.translations()).isZero();
        assertThat(settled.translatedInstructions()).isGreaterThan(TIMES);
        return sum;
    }

    /** Each round begins with zero in the register of the result. */
    private static long sumOfARound(final ThreeEngines it)
    {
        it.round();
        return it.interpreter.hart.x(RESULT);
    }

    private static GuestDriver driver(final BareHart hart)
    {
        final GuestDriver driver = new GuestDriver(hart.memory, hart.entropyWindow, 1);
        driver.start(0);
        return driver;
    }

    private static void write(final GuestDriver driver, final BareHart hart, final byte[] instruction)
    {
        driver.add(0, new GuestDriver.Piece(ONE, instruction.length, true));
        driver.notifyDevice(0);
        hart.entropy.supply(instruction, 0, instruction.length);
    }
}
