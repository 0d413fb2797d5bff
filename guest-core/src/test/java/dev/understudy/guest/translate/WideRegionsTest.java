package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

/** When a region that is left time and again is translated once more, and what that changes. */
class WideRegionsTest
{
    private static final int SUM = 5;

    /** The loop's function is called through {@link #TARGET}, as often as {@link #COUNTER} says. */
    private static final int IS_WALK = 6;
    private static final int TARGET = 7;
    private static final int COUNTER = 8;

    /** A function on two pages that adds 1 six times on each. */
    private static final long FUNCTION = SmallProgram.BASE + GuestMemory.PAGE_BYTES;
    private static final int ADDITIONS_OF_A_PAGE = 6;
    private static final int INSTRUCTIONS = 2 * ADDITIONS_OF_A_PAGE + 2;

    /** Pages behind it that make all others make room. */
    private static final int FIRST_PAGE_TO_WALK = 3;
    private static final int PAGES_TO_WALK = DecodedCode.MAX_PAGES + 8;

    /** Code whose page made room is not known any more: a region that stands on it is not replaced by less. */
    @Test
    void aRegionIsNotReplacedByAShorterOne()
    {
        final BareHart hart = new BareHart(EngineKind.TRANSLATOR, loopAndWalk());
        calls(hart, 100);
        hart.hart.x[IS_WALK] = 1;
        finish(hart);
        hart.hart.x[IS_WALK] = 0;
        final long before = hart.engine.statistics().translated();

        calls(hart, 2_000);
        assertThat(hart.engine.statistics().translated()).as("with nothing of it decoded").isEqualTo(before);

        interpret(hart, 3);
        calls(hart, 1_000);
        assertThat(hart.engine.statistics().translated()).as("with three instructions decoded").isEqualTo(before);

        interpret(hart, INSTRUCTIONS - 1);
        hart.run(hart.hart.instret() + 1);
        calls(hart, 100);
        assertThat(hart.engine.statistics().translated()).as("at once when all is decoded").isEqualTo(before);

        calls(hart, 1_000);
        assertThat(hart.engine.statistics().translated()).isEqualTo(before + 1);
        assertThat(hart.hart.x(SUM)).isEqualTo((100 + 2_000 + 1_000 + 100 + 1_000 + 1) * 2L * ADDITIONS_OF_A_PAGE + 3);
    }

    /** Begins the function, with fewer instructions to go than its region asks for. */
    private static void interpret(final BareHart hart, final int instructions)
    {
        hart.start();
        hart.hart.start(FUNCTION, 0, 0);
        hart.run(hart.hart.instret() + instructions);
    }

    /** In two runs: a translation is taken over where the next one begins. */
    private static void calls(final BareHart hart, final int times)
    {
        hart.hart.x[TARGET] = FUNCTION;
        for (final int part : new int[]{times - 1, 1})
        {
            hart.hart.x[COUNTER] = part;
            finish(hart);
        }
    }

    private static void finish(final BareHart hart)
    {
        hart.start();
        hart.run(Long.MAX_VALUE);
    }

    private static byte[] loopAndWalk()
    {
        final int pages = FIRST_PAGE_TO_WALK + PAGES_TO_WALK;
        final ByteBuffer code = ByteBuffer.allocate((pages + 1) * GuestMemory.PAGE_BYTES);
        final Assembler to = new Assembler(code, SmallProgram.BASE);
        to.word(Assembler.branch(SmallProgram.BNE, IS_WALK, 0, 20));
        to.jalr(SmallProgram.RETURN_ADDRESS, TARGET, 0);
        to.addi(COUNTER, COUNTER, -1);
        to.word(Assembler.branch(SmallProgram.BNE, COUNTER, 0, -8));
        to.ecall();
        goTo(to, FIRST_PAGE_TO_WALK);

        for (int page = 1; page <= 2; page++)
        {
            code.position(page * GuestMemory.PAGE_BYTES);
            for (int i = 0; i < ADDITIONS_OF_A_PAGE; i++)
            {
                to.addi(SUM, SUM, 1);
            }
            if (page == 1)
            {
                goTo(to, 2);
            }
        }
        to.jalr(0, SmallProgram.RETURN_ADDRESS, 0);

        for (int page = FIRST_PAGE_TO_WALK; page < pages; page++)
        {
            code.position(page * GuestMemory.PAGE_BYTES);
            goTo(to, page + 1);
        }
        code.position(pages * GuestMemory.PAGE_BYTES);
        to.ecall();
        return code.array();
    }

    private static void goTo(final Assembler to, final int page)
    {
        to.word(Assembler.jal(0, (int)(SmallProgram.BASE + (long)page * GuestMemory.PAGE_BYTES - to.address())));
    }
}
