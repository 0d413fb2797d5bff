package dev.understudy.guest.translate;

import java.util.Random;
import java.util.function.IntSupplier;

/**
 * Random instructions of F and D, and of the CSRs that go with them, none of which traps.
 * <p>
 * Between two instructions {@code frm} always holds a rounding mode. Integer results go to registers that the program
 * offers; f0 to f31 are all in the game.
 */
final class RandomFloatingPoint
{
    private static final int DYN = 7;
    private static final int MODES = 5;

    private final Random random;
    private final Assembler to;
    private final int memory;
    private final int memoryBytes;
    private final IntSupplier rd;

    /**
     * @param memory      the register that points to the middle of the memory to use
     * @param memoryBytes its size
     * @param rd          gives an integer register that may be written
     */
    RandomFloatingPoint(
        final Random random, final Assembler to, final int memory, final int memoryBytes, final IntSupplier rd)
    {
        this.random = random;
        this.to = to;
        this.memory = memory;
        this.memoryBytes = memoryBytes;
        this.rd = rd;
    }

    /** One instruction, or a few that belong together. */
    void instruction()
    {
        final int format = random.nextInt(2);
        switch (random.nextInt(24))
        {
            case 0, 1, 2, 3 -> to.fused(
                Assembler.FMADD + 4 * random.nextInt(4), format, rounding(), f(), f(), f(), f());
            case 4, 5, 6, 7, 8 -> fp(random.nextInt(4), format, rounding(), f(), f(), f());
            case 9 -> fp(0x0B, format, rounding(), f(), f(), 0);
            case 10 -> fp(4, format, random.nextInt(3), f(), f(), f());
            case 11 -> fp(5, format, random.nextInt(2), f(), f(), f());
            case 12 -> fp(0x08, format, rounding(), f(), f(), 1 - format);
            case 13 -> fp(0x14, format, random.nextInt(3), rd.getAsInt(), f(), f());
            case 14, 15 -> fp(0x18, format, rounding(), rd.getAsInt(), f(), random.nextInt(4));
            case 16 -> fp(0x1A, format, rounding(), f(), f(), random.nextInt(4));
            case 17 -> fp(0x1C, format, random.nextInt(2), rd.getAsInt(), f(), 0);
            case 18 -> fp(0x1E, format, 0, f(), f(), 0);
            case 19, 20 -> access();
            case 21 -> accessCompressed();
            default -> csr();
        }
    }

    private void fp(
        final int funct5, final int format, final int funct3, final int destination, final int rs1, final int rs2)
    {
        to.r(Assembler.OP_FP, funct3, funct5 << 2 | format, destination, rs1, rs2);
    }

    private void access()
    {
        final int width = 2 + random.nextInt(2);
        // Mostly aligned; the rest is not, and still inside.
        final int bytes = 1 << width;
        final int offset = random.nextInt(8) == 0 ? random.nextInt(memoryBytes - bytes) :
            random.nextInt(memoryBytes / bytes) * bytes;
        if (random.nextInt(3) == 0)
        {
            to.storeFloating(width, f(), memory, offset - memoryBytes / 2);
        }
        else
        {
            to.loadFloating(width, f(), memory, offset - memoryBytes / 2);
        }
    }

    private void accessCompressed()
    {
        final boolean isLoad = random.nextBoolean();
        final int start = -memoryBytes / 2 + 8 * random.nextInt(16);
        if (random.nextBoolean())
        {
            final int address = 8 + random.nextInt(8);
            to.addi(address, memory, start);
            to.cMemory(isLoad ? 1 : 5, 8 + random.nextInt(8), address, 8 * random.nextInt(32));
            return;
        }
        to.addi(2, memory, start);
        if (isLoad)
        {
            to.cLoadSp(1, f(), 8 * random.nextInt(48));
        }
        else
        {
            to.cStoreSp(5, f(), 8 * random.nextInt(48));
        }
    }

    private void csr()
    {
        switch (random.nextInt(6))
        {
            case 0, 1 -> to.csr(2, rd.getAsInt(), Assembler.FFLAGS + random.nextInt(3), 0);
            case 2 -> to.csr(5, rd.getAsInt(), Assembler.FRM, random.nextInt(MODES));
            case 3 -> to.csr(5 + random.nextInt(3), rd.getAsInt(), Assembler.FFLAGS, random.nextInt(32));
            case 4 ->
            {
                final int source = 8 + random.nextInt(8);
                to.addi(source, 0, -2048 + 256 * random.nextInt(16) + (random.nextInt(MODES) << 5) + random.nextInt(32));
                to.csr(1, rd.getAsInt(), Assembler.FCSR, source);
            }
            default ->
            {
                // What is no mode may be in frm as long as no instruction asks for it.
                to.csr(5, rd.getAsInt(), Assembler.FRM, MODES + random.nextInt(3));
                fp(random.nextInt(4), random.nextInt(2), random.nextInt(MODES), f(), f(), f());
                fp(4, random.nextInt(2), random.nextInt(3), f(), f(), f());
                to.csr(2, rd.getAsInt(), Assembler.FCSR, 0);
                to.csr(5, rd.getAsInt(), Assembler.FRM, random.nextInt(MODES));
            }
        }
    }

    private int rounding()
    {
        final int number = random.nextInt(2 * MODES);
        return number < MODES ? number : DYN;
    }

    private int f()
    {
        return random.nextInt(32);
    }
}
