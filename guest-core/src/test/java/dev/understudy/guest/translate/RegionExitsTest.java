package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import java.util.function.Consumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Each way out of translated code: it was taken as often as the program asks for, and nothing but speed shows it. */
@Tag("slow")
class RegionExitsTest
{
    private static final int TIMES = 100;
    private static final int LW = 2;
    private static final int LD = 3;
    private static final int SW = 2;
    private static final int COUNTER = 5;
    private static final int ADDRESS = 6;
    private static final long NOWHERE = 0x1000;
    private static final long PLIC = 0x0C00_0000L;

    /** Distance of pages that share a place in the translation caches. */
    private static final long CACHE_BYTES = (long)Mmu.TLB_ENTRIES << GuestMemory.PAGE_SHIFT;

    @Test
    void accessesThatTrap()
    {
        final ThreeEngines it = program(to ->
        {
            to.skipFaults();
            to.to.li(ADDRESS, NOWHERE);
            to.repeat(COUNTER, TIMES, () -> to.to.ld(10, ADDRESS, 0));
        });
        assertThat(it.exits(ExitCause.FAULT)).isEqualTo(TIMES);
    }

    @Test
    void pageFaults()
    {
        final ThreeEngines it = program(to ->
        {
            to.skipFaults();
            to.map(0, SmallProgram.DATA, SmallProgram.ALL & ~SmallProgram.W);
            to.translate(0, 0);
            to.to.li(ADDRESS, SmallProgram.page(0));
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.ld(10, ADDRESS, 0);
                to.to.sd(10, ADDRESS, 0);
                to.to.r(Assembler.AMO, 3, 0, 11, ADDRESS, 10);
            });
        });
        assertThat(it.exits(ExitCause.FAULT)).isEqualTo(2 * TIMES);
    }

    @Test
    void devices()
    {
        final ThreeEngines it = program(to ->
        {
            to.to.li(ADDRESS, PLIC + 4);
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.i(Assembler.LOAD, LW, 10, ADDRESS, 0);
                to.to.addi(10, 10, 1);
                to.to.store(SW, 10, ADDRESS, 0);
            });
        });
        assertThat(it.exits(ExitCause.DEVICE)).isEqualTo(2 * TIMES);
    }

    @Test
    void missesOfTheTranslationCache()
    {
        final ThreeEngines it = program(to ->
        {
            to.to.li(ADDRESS, SmallProgram.DATA);
            to.to.li(7, SmallProgram.DATA + CACHE_BYTES);
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.ld(10, ADDRESS, 0);
                to.to.ld(11, 7, 0);
                to.to.sd(COUNTER, ADDRESS, 8);
                to.to.sd(COUNTER, 7, 8);
            });
        });
        // Ways out until the region was left so often for them that a wide one took its place, which fills them itself.
        assertThat(it.translator.engine.statistics().exits(ExitCause.MISS)).isGreaterThan(TIMES / 2L);
        assertThat(it.translator.engine.statistics().wide()).isPositive();
        assertThat(it.exits(ExitCause.MISS)).isLessThan(TIMES / 2L);
        assertThat(it.misses()).isBetween(3L * TIMES, 4L * TIMES);
        assertThat(it.exits(ExitCause.FAULT)).isZero();
    }

    /** A loop of three instructions that does not end. */
    private static ThreeEngines longLoop()
    {
        final SmallProgram to = new SmallProgram();
        to.to.li(COUNTER, 0x7FFF_FFFF);
        to.to.addi(10, 10, 3);
        to.to.addi(COUNTER, COUNTER, -1);
        to.to.word(Assembler.branch(SmallProgram.BNE, COUNTER, 0, -8));
        return new ThreeEngines(to);
    }

    @Test
    void endOfTheBudget()
    {
        final ThreeEngines it = longLoop();
        it.run(1_000);
        long exits = 0;
        for (int i = 1; i <= TIMES; i++)
        {
            final long until = 1_000 + 1_000L * i + i % 7;
            it.run(until);
            assertThat(it.interpreter.hart.instret()).isEqualTo(until);
            exits += it.exits(ExitCause.BUDGET);
        }
        assertThat(exits).isBetween((long)TIMES, 3L * TIMES);
    }

    @Test
    void endOfTheBudgetWhereItIsCheapest()
    {
        final ThreeEngines it = longLoop();
        it.run(1_000);
        final BareHart translator = it.translator;
        final long before = translator.engine.statistics().translatedInstructions();
        for (int i = 0; i < TIMES; i++)
        {
            final long position = translator.hart.instret();
            translator.engine.run(position + 500, position + 1_000);
            assertThat(translator.hart.instret()).isBetween(position + 500, position + 1_000);
        }
        final long executed = translator.hart.instret() - 1_000;
        assertThat(translator.engine.statistics().translatedInstructions() - before)
            .as("none was interpreted").isEqualTo(executed);
        it.run(translator.hart.instret());
    }

    @Test
    void selfModifiedCode()
    {
        final long function = SmallProgram.BASE + 0x1000;
        final ThreeEngines it = program(to ->
        {
            to.adder(function, 0);
            to.to.li(ADDRESS, function);
            to.to.li(7, SmallProgram.addition(0));
            to.to.li(8, 1 << 20);
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.r(Assembler.OP, 0, 0, 7, 7, 8);
                to.to.store(SW, 7, ADDRESS, 0);
                to.to.word(SmallProgram.FENCE_I);
                to.callThrough(ADDRESS);
            });
        });
        assertThat(it.exits(ExitCause.CODE)).isEqualTo(TIMES);
        assertThat(it.interpreter.hart.x(10)).isEqualTo(TIMES * (TIMES + 1) / 2);
    }

    /** The instruction behind the store is the one that it changes: what was fetched before does not count. */
    @Test
    void codeThatModifiesItself()
    {
        final int rounds = 64;
        final ThreeEngines it = program(to ->
        {
            to.to.li(7, SmallProgram.addition(0));
            to.to.li(8, 1 << 20);
            to.to.u(Assembler.AUIPC, ADDRESS, 0);
            to.repeat(COUNTER, rounds * TIMES, () ->
            {
                to.to.i(Assembler.OP_IMM, 7, 9, COUNTER, rounds - 1);
                to.to.word(Assembler.branch(SmallProgram.BNE, 9, 0, 12));
                to.to.r(Assembler.OP, 0, 0, 7, 7, 8);
                to.to.store(SW, 7, ADDRESS, 36);
                to.to.addi(10, 10, 0);
            });
        });
        assertThat(it.exits(ExitCause.CODE)).isBetween(TIMES / 2L, (long)TIMES);
        assertThat(it.interpreter.hart.x(10)).isEqualTo((long)rounds * TIMES * (TIMES + 1) / 2);
    }

    /** The page that a region goes on to has been fetched from, but not by way of this entry of its table. */
    @Test
    void codeOnAnotherPageThatIsMappedElsewhere()
    {
        final long caller = SmallProgram.BASE + 0x1000;
        final long one = SmallProgram.BASE + 0x2000;
        final long two = SmallProgram.BASE + 0x3000;
        final ThreeEngines it = program(to ->
        {
            to.function(caller, () ->
            {
                to.to.addi(13, SmallProgram.RETURN_ADDRESS, 0);
                to.to.word(Assembler.jal(SmallProgram.RETURN_ADDRESS, GuestMemory.PAGE_BYTES - Integer.BYTES));
                to.to.addi(SmallProgram.RETURN_ADDRESS, 13, 0);
            });
            to.adder(one, 1);
            to.adder(two, 2);
            to.map(2, caller, SmallProgram.ALL);
            to.translate(0, 0);
            to.to.li(ADDRESS, SmallProgram.page(2));
            to.to.li(11, SmallProgram.page(3));
            to.to.li(7, SmallProgram.leaf(0, 3));
            to.value(8, SmallProgram.entry(two, SmallProgram.ALL));
            to.value(9, SmallProgram.entry(one, SmallProgram.ALL) ^ SmallProgram.entry(two, SmallProgram.ALL));
            to.repeat(COUNTER, 2 * TIMES, () ->
            {
                to.to.r(Assembler.OP, 4, 0, 8, 8, 9);
                to.to.sd(8, 7, 0);
                to.callThrough(11);
                to.callThrough(ADDRESS);
            });
        });
        assertThat(it.interpreter.hart.x(10)).isEqualTo(2L * TIMES * (1 + 2));
        assertThat(it.exits(ExitCause.PAGE)).isEqualTo(TIMES);
    }

    /** A CSR that may change which interrupt is taken, and one that cannot. */
    @Test
    void privilegedInstructions()
    {
        final int sie = 0x104;
        final int sscratch = 0x140;
        final ThreeEngines it = program(to -> to.repeat(COUNTER, TIMES, () ->
        {
            to.to.csr(1, 0, sie, 0);
            to.to.csr(1, 0, sscratch, COUNTER);
        }));
        assertThat(it.exits(ExitCause.PRIVILEGED)).isBetween((long)TIMES, TIMES + 1L);
    }

    @Test
    void writesToPageTables()
    {
        final ThreeEngines it = program(to ->
        {
            to.map(0, SmallProgram.DATA, SmallProgram.ALL);
            to.translate(0, 0);
            to.to.li(ADDRESS, SmallProgram.page(0));
            to.to.li(7, SmallProgram.leaf(0, 1));
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.ld(10, ADDRESS, 0);
                to.to.sd(COUNTER, 7, 0);
            });
        });
        assertThat(it.exits(ExitCause.TABLE)).isEqualTo(TIMES);
    }

    @Test
    void accessedAndDirtyBits()
    {
        final ThreeEngines it = program(to ->
        {
            to.translate(0, 0);
            to.to.li(ADDRESS, SmallProgram.page(0));
            to.to.li(7, SmallProgram.leaf(0, 0));
            to.to.li(8, SmallProgram.entry(SmallProgram.DATA, SmallProgram.ALL & ~SmallProgram.A & ~SmallProgram.D));
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.sd(8, 7, 0);
                to.to.ld(10, ADDRESS, 0);
                to.to.sd(10, ADDRESS, 0);
                to.to.ld(11, 7, 0);
                to.to.r(Assembler.OP, 0, 0, 12, 12, 11);
            });
        });
        // What follows within a few instructions is interpreted as well.
        assertThat(it.exits(ExitCause.ACCESSED)).isBetween((long)TIMES, 2L * TIMES);
    }

    @Test
    void misalignedAccesses()
    {
        final ThreeEngines it = program(to ->
        {
            to.to.li(ADDRESS, SmallProgram.DATA + 0xFFD);
            to.repeat(COUNTER, TIMES, () ->
            {
                to.to.ld(10, ADDRESS, 0);
                to.to.addi(10, 10, 1);
                to.to.sd(10, ADDRESS, 0);
            });
        });
        // What follows within a few instructions is interpreted as well.
        assertThat(it.exits(ExitCause.MISALIGNED)).isBetween((long)TIMES, 2L * TIMES);
    }

    /** Code that is too long for a region, and code that no region holds because it had never been executed. */
    @Test
    void codeThatTheRegionDoesNotHold()
    {
        final ThreeEngines large = program(to -> to.repeat(COUNTER, TIMES, () ->
        {
            for (int i = 0; i < 800; i++)
            {
                to.to.addi(10, 10, i);
            }
        }));
        assertThat(large.exits(ExitCause.COLD)).isBetween((long)TIMES, 6L * TIMES);
    }

    @Test
    void codeThatHadNeverBeenExecuted()
    {
        final SmallProgram to = new SmallProgram();
        // A branch of its own for each number, all of them seldom taken: each is a way that the loop's region ends at.
        to.to.addi(9, 0, 0);
        final long loop = to.to.address();
        to.to.i(Assembler.OP_IMM, 7, 8, 9, 63);
        for (int i = 0; i < 32; i++)
        {
            to.to.addi(7, 0, i);
            to.to.word(Assembler.branch(SmallProgram.BNE, 7, 8, 8));
            to.to.addi(10, 10, i);
        }
        to.to.addi(9, 9, 1);
        to.to.word(Assembler.jal(0, (int)(loop - to.to.address())));
        final ThreeEngines it = new ThreeEngines(to);
        it.run(100_000);
        assertThat(it.exits(ExitCause.COLD)).isGreaterThanOrEqualTo(31);
    }

    @Test
    void indirectJumps()
    {
        final ThreeEngines it = program(to ->
        {
            to.adder(SmallProgram.BASE + 0x1000, 1);
            to.adder(SmallProgram.BASE + 0x2000, 2);
            to.to.li(6, SmallProgram.BASE + 0x1000);
            to.to.li(7, SmallProgram.BASE + 0x2000);
            to.repeat(COUNTER, TIMES, () ->
            {
                to.callThrough(6);
                // Changes what the next call finds.
                to.to.r(Assembler.OP, 4, 0, 6, 6, 7);
                to.to.r(Assembler.OP, 4, 0, 7, 6, 7);
                to.to.r(Assembler.OP, 4, 0, 6, 6, 7);
            });
        });
        assertThat(it.exits(ExitCause.INDIRECT)).isEqualTo(2 * TIMES);
    }

    /** The code that is called is a part of the loop's wide region then, and so is the way back. */
    @Test
    void anIndirectJumpGoesOnInAWideRegionWhereItWentLast()
    {
        final ThreeEngines it = wide(to ->
        {
            to.adder(SmallProgram.BASE + 0x1000, 1);
            to.to.li(6, SmallProgram.BASE + 0x1000);
            to.repeat(COUNTER, TIMES, () -> to.callThrough(6));
        });
        assertThat(it.translatedInstructions()).isGreaterThan(4 * TIMES);
        assertThat(it.exits(ExitCause.INDIRECT)).isLessThanOrEqualTo(2);
    }

    @Test
    void anIndirectJumpToElsewhereLeavesAWideRegion()
    {
        final ThreeEngines it = wide(to ->
        {
            to.adder(SmallProgram.BASE + 0x1000, 1);
            to.adder(SmallProgram.BASE + 0x2000, 2);
            to.to.li(6, SmallProgram.BASE + 0x1000);
            to.to.li(7, 0x3000);
            to.repeat(COUNTER, TIMES, () ->
            {
                to.callThrough(6);
                to.to.r(Assembler.OP, 4, 0, 6, 6, 7);
            });
        });
        assertThat(it.interpreter.hart.x(10)).isEqualTo(TIMES / 2 * (1 + 2));
        // Each second call at least; without a prediction each call and each way back.
        assertThat(it.exits(ExitCause.INDIRECT)).isBetween(TIMES / 2L, 2L * TIMES - TIMES / 4);
    }

    /** A program whose indirect jumps are compared with where they went last, after a further round. */
    private static ThreeEngines wide(final Consumer<SmallProgram> body)
    {
        final SmallProgram program = new SmallProgram();
        body.accept(program);
        final ThreeEngines engines = new ThreeEngines(program, RegionCache.DEFAULT_CAPACITY, TIMES);
        for (int i = 0; i < 15; i++)
        {
            engines.round();
        }
        assertThat(engines.translator.engine.statistics().wide()).isPositive();
        assertThat(engines.translator.engine.statistics().predicted()).isPositive();
        return engines;
    }

    /** A program that has been translated, after a further round. */
    private static ThreeEngines program(final Consumer<SmallProgram> body)
    {
        final SmallProgram program = new SmallProgram();
        body.accept(program);
        final ThreeEngines engines = new ThreeEngines(program);
        for (int i = 0; i < 5; i++)
        {
            engines.round();
        }
        return engines;
    }
}
