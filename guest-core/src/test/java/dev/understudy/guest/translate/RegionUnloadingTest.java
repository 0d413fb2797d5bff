package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.memory.GuestMemory;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Code that was forgotten does not keep the class of another. */
class RegionUnloadingTest
{
    private static final int TIMES = 50;
    private static final int MAX_COLLECTIONS = 20;

    private static final int COUNTER = 5;
    private static final int FUNCTION = 6;
    private static final int ADDRESS = 12;

    /** Adds 1, adds nothing to what is in memory, and goes on at {@link #BEHIND_WRITE}. */
    private static final long WRITING = SmallProgram.BASE + 0x1000;
    private static final long BEHIND_WRITE = WRITING + 8;

    /** A loop that calls {@link #BEHIND_WRITE}. */
    private static final long OTHER_LOOP = SmallProgram.BASE + 0x2000;

    /** By their entry. */
    private final Map<Long, WeakReference<Class<?>>> classes = new HashMap<>();

    /**
     * A function writes to itself: its region is forgotten while it is executed, and goes on to one that is not. The
     * loop that has called it still names it; so it must not keep the other, which is forgotten next.
     */
    @Test
    void whatForgottenCodeLedToIsUnloaded()
    {
        final BareHart hart = BareHart.translating(image(), compiler -> Translator.atOnce(region ->
        {
            final RegionCode code = compiler.apply(region);
            final long entry = GuestMemory.BASE + (long)GuestMemory.PAGE_BYTES * region.plan.page() +
                2L * region.plan.slot();
            classes.put(entry, new WeakReference<>(code.getClass()));
            return code;
        }, TranslationHost.NONE));
        run(hart, OTHER_LOOP, BEHIND_WRITE, TIMES);
        run(hart, OTHER_LOOP, BEHIND_WRITE, TIMES);
        hart.hart.x[ADDRESS] = SmallProgram.DATA;
        run(hart, SmallProgram.BASE, WRITING, TIMES);
        run(hart, SmallProgram.BASE, WRITING, TIMES);
        assertThat(classes).containsKeys(WRITING, BEHIND_WRITE);
        final WeakReference<Class<?>> behindWrite = classes.get(BEHIND_WRITE);

        hart.hart.x[ADDRESS] = WRITING;
        final TranslationStatistics before = hart.engine.statistics();
        run(hart, SmallProgram.BASE, WRITING, 1);
        assertThat(hart.engine.statistics().exits(ExitCause.CODE) - before.exits(ExitCause.CODE)).isEqualTo(1);
        // Both that lead to it by themselves, and its own code.
        hart.memory.writeInt(OTHER_LOOP, hart.memory.readInt(OTHER_LOOP));
        hart.memory.writeInt(BEHIND_WRITE, hart.memory.readInt(BEHIND_WRITE));

        assertThat(isUnloaded(behindWrite)).isTrue();
    }

    private static boolean isUnloaded(final WeakReference<Class<?>> reference)
    {
        for (int i = 0; i < MAX_COLLECTIONS && reference.get() != null; i++)
        {
            System.gc();
        }
        return reference.get() == null;
    }

    private static void run(final BareHart hart, final long from, final long function, final int times)
    {
        hart.start();
        hart.hart.start(from, 0, 0);
        hart.hart.x[COUNTER] = times;
        hart.hart.x[FUNCTION] = function;
        hart.run(Long.MAX_VALUE);
    }

    private static byte[] image()
    {
        final SmallProgram program = new SmallProgram();
        loop(program);
        program.at(WRITING);
        program.to.addi(10, 10, 1);
        program.to.r(Assembler.AMO, 2, 0, 0, ADDRESS, 0);
        program.to.addi(10, 10, 1);
        program.ret();
        program.at(OTHER_LOOP);
        loop(program);
        return program.image();
    }

    private static void loop(final SmallProgram program)
    {
        final long loop = program.to.address();
        program.callThrough(FUNCTION);
        program.to.addi(COUNTER, COUNTER, -1);
        program.to.word(Assembler.branch(SmallProgram.BNE, COUNTER, 0, (int)(loop - program.to.address())));
        program.to.ecall();
    }
}
