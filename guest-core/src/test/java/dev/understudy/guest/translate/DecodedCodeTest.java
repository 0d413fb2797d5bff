package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Code in more pages than are kept decoded: each page adds one to t0 and goes on to the next, the last one ends. */
class DecodedCodeTest
{
    private static final int PAGES = DecodedCode.MAX_PAGES + 100;
    private static final int T0 = 5;

    /** So often, that a translator translates it all. */
    private static final int ROUNDS = 4;

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void pagesThatMadeRoomAreExecutedAsBefore(final EngineKind kind)
    {
        final BareHart hart = new BareHart(kind, image());
        for (int round = 1; round <= ROUNDS; round++)
        {
            finish(hart);
            assertThat(hart.hart.x(T0)).isEqualTo((long)PAGES * round);
        }
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void aWriteToAPageThatMadeRoomIsSeen(final EngineKind kind)
    {
        final BareHart hart = new BareHart(kind, image());
        for (int round = 0; round < ROUNDS; round++)
        {
            finish(hart);
        }
        final long before = hart.hart.x(T0);

        // The first page, a middle one and the last one that adds: of those some have made room and some have not.
        for (final int page : new int[] {0, PAGES / 2, PAGES - 1})
        {
            hart.memory.writeInt(RandomProgram.BASE + (long)page * GuestMemory.PAGE_BYTES, addToT0(1_000));
        }
        finish(hart);

        assertThat(hart.hart.x(T0)).isEqualTo(before + PAGES + 3 * 999);
    }

    private static void finish(final BareHart hart)
    {
        hart.start();
        hart.run(Long.MAX_VALUE);
    }

    private static byte[] image()
    {
        final ByteBuffer code = ByteBuffer.allocate((PAGES + 1) * GuestMemory.PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int page = 0; page < PAGES; page++)
        {
            code.position(page * GuestMemory.PAGE_BYTES);
            code.putInt(addToT0(1));
            code.putInt(Assembler.jal(0, GuestMemory.PAGE_BYTES - Integer.BYTES));
        }
        code.position(PAGES * GuestMemory.PAGE_BYTES);
        new Assembler(code, RandomProgram.BASE).ecall();
        return code.array();
    }

    private static int addToT0(final int immediate)
    {
        return immediate << 20 | T0 << 15 | T0 << 7 | Assembler.OP_IMM;
    }
}
