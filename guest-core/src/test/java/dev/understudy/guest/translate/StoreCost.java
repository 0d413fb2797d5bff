package dev.understudy.guest.translate;

import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * Prints how fast interpreter and mixed engine execute a loop of stores to 64 pages, in millions of instructions a second.
 * Run it on an idle machine, alternating with the same of another commit:
 * {@code java <flags> -cp <test class path> dev.understudy.guest.translate.StoreCost}.
 */
final class StoreCost
{
    private static final int PAGES = 64;
    private static final int STORES = 16;
    private static final int ROUNDS = 5;
    private static final long INTERPRETED = 200_000_000L;
    private static final long TRANSLATED = 3_000_000_000L;

    private StoreCost()
    {
    }

    public static void main(final String[] arguments)
    {
        for (final EngineKind kind : new EngineKind[]{EngineKind.INTERPRETER, EngineKind.MIXED})
        {
            final BareHart it = new BareHart(kind, image());
            final long stretch = kind == EngineKind.INTERPRETER ? INTERPRETED : TRANSLATED;
            it.run(stretch);
            for (int round = 0; round < ROUNDS; round++)
            {
                final long startNs = System.nanoTime();
                it.run(it.hart.instret() + stretch);
                System.out.printf(Locale.ROOT, "%s %.0f M/s%n", kind, stretch * 1e3 / (System.nanoTime() - startNs));
            }
        }
    }

    private static byte[] image()
    {
        final ByteBuffer image = ByteBuffer.allocate(4096);
        final Assembler to = new Assembler(image, RandomProgram.BASE);
        final long start = to.address();
        to.li(5, RandomProgram.BASE + 0x8_0000);
        to.addi(6, 0, PAGES);
        to.addi(8, 0, 1);
        to.i(Assembler.OP_IMM, 1, 8, 8, 12);
        final long loop = to.address();
        for (int i = 0; i < STORES; i++)
        {
            to.sd(6, 5, 8 * i);
        }
        to.r(Assembler.OP, 0, 0, 5, 5, 8);
        to.addi(6, 6, -1);
        to.word(Assembler.branch(1, 6, 0, (int)(loop - to.address())));
        to.word(Assembler.jal(0, (int)(start - to.address())));
        return image.array();
    }
}
