package dev.understudy.guest.translate;

import dev.understudy.guest.floating.Operands;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Random;

/**
 * Many random sequences of user-level RV64GC instructions in one image, which leave registers and memory for
 * comparison and end with {@code write(1, …)} and {@code exit(0)} of Linux.
 * <p>
 * Each sequence starts with all registers and {@code fcsr} loaded from a table and has memory of its own. Kept out of the game: x3, the
 * middle of that memory; x4, where its registers go; x5, which counts loops. Every unit of a sequence may be jumped to.
 */
final class RandomProgram
{
    static final long BASE = 0x8020_0000L;
    static final int SEQUENCES = 200;

    /** In {@link Long}s: where f0 to f31 are, behind x0 to x31, and where {@code fcsr}. */
    static final int FLOATING_PLACE = 32;
    static final int FCSR_PLACE = 64;
    static final int RESULT_BYTES = 65 * Long.BYTES;
    static final int SCRATCH_BYTES = 512;

    private static final int UNITS = 60;
    private static final int CODE_BYTES = 1 << 20;
    private static final int INPUT_OFFSET = CODE_BYTES;
    private static final int OUTPUT_OFFSET = INPUT_OFFSET + SEQUENCES * RESULT_BYTES;
    private static final int SCRATCH_OFFSET = OUTPUT_OFFSET + SEQUENCES * RESULT_BYTES;
    static final int IMAGE_BYTES = SCRATCH_OFFSET + SEQUENCES * SCRATCH_BYTES;

    private static final int MEMORY = 3;
    private static final int RESULTS = 4;
    private static final int COUNTER = 5;

    private static final long[] CORNERS = {
        0, 1, -1, 2, Long.MIN_VALUE, Long.MAX_VALUE, Integer.MIN_VALUE, Integer.MAX_VALUE, 1L << 31, 1L << 32,
        0xFFFF_FFFFL, 0x8000_0000_8000_0000L, 63, 64, 31, 32, 0x7F, 0x80, 0x7FFF, 0x8000};

    private final Random random;
    private final ByteBuffer image = ByteBuffer.allocate(IMAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final Assembler to = new Assembler(image, BASE);

    private final RandomFloatingPoint floating;

    /** Where each sequence begins, for messages. */
    private final int[] starts = new int[SEQUENCES + 1];

    RandomProgram(final long seed)
    {
        random = new Random(seed);
        floating = new RandomFloatingPoint(random, to, MEMORY, SCRATCH_BYTES, this::rd);
        for (int i = 0; i < SEQUENCES; i++)
        {
            starts[i] = image.position();
            sequence(i);
        }
        starts[SEQUENCES] = image.position();
        end();
        if (image.position() > CODE_BYTES)
        {
            throw new IllegalStateException("the code has " + image.position() + " bytes");
        }
        data();
    }

    byte[] image()
    {
        return image.array();
    }

    /** What the program writes at its end: the registers of all sequences, then their memories. */
    static int outputOffset()
    {
        return OUTPUT_OFFSET;
    }

    /** The instructions of a sequence as halfwords, for messages. */
    String dump(final int sequence)
    {
        final StringBuilder text = new StringBuilder();
        for (int at = starts[sequence]; at < starts[sequence + 1]; at += 2)
        {
            text.append(String.format(Locale.ROOT, "%04x ", image.getShort(at)));
        }
        return text.toString();
    }

    private void data()
    {
        image.position(INPUT_OFFSET);
        for (int sequence = 0; sequence < SEQUENCES; sequence++)
        {
            for (int register = 0; register < 32; register++)
            {
                image.putLong(switch (register)
                {
                    case MEMORY -> BASE + SCRATCH_OFFSET + (long)sequence * SCRATCH_BYTES + SCRATCH_BYTES / 2;
                    case RESULTS -> BASE + OUTPUT_OFFSET + (long)sequence * RESULT_BYTES;
                    case COUNTER -> 0;
                    default -> value();
                });
            }
            for (int register = 0; register < 32; register++)
            {
                image.putLong(Operands.register(random));
            }
            image.putLong(fcsr());
        }
        image.position(SCRATCH_OFFSET);
        while (image.hasRemaining())
        {
            image.putLong(random.nextBoolean() ? value() : Operands.register(random));
        }
    }

    private long value()
    {
        return switch (random.nextInt(4))
        {
            case 0 -> CORNERS[random.nextInt(CORNERS.length)];
            case 1 -> random.nextInt();
            case 2 -> random.nextInt(256);
            default -> random.nextLong();
        };
    }

    private void sequence(final int number)
    {
        to.li(31, BASE + INPUT_OFFSET + (long)number * RESULT_BYTES);
        for (int register = 0; register <= 31; register++)
        {
            to.loadFloating(3, register, 31, (FLOATING_PLACE + register) * Long.BYTES);
        }
        to.ld(1, 31, FCSR_PLACE * Long.BYTES);
        to.csr(1, 0, Assembler.FCSR, 1);
        for (int register = 1; register <= 31; register++)
        {
            to.ld(register, 31, register * Long.BYTES);
        }
        // Laid out once to learn where the units begin, then once more with the same choices and the distances.
        final int begin = image.position();
        final long seed = random.nextLong();
        final int[] places = new int[UNITS + 1];
        for (int pass = 0; pass < 2; pass++)
        {
            image.position(begin);
            random.setSeed(seed);
            int loopStart = -1;
            for (int unit = 0; unit < UNITS; unit++)
            {
                places[unit] = image.position();
                if (unit % 20 == 4)
                {
                    to.addi(COUNTER, 0, 1 + random.nextInt(4));
                    loopStart = image.position();
                }
                unit(places, unit, Math.min(UNITS, (unit / 20 + 1) * 20 - 1));
                if (unit % 20 == 19)
                {
                    to.addi(COUNTER, COUNTER, -1);
                    to.word(Assembler.branch(4, 0, COUNTER, loopStart - image.position()));
                }
            }
            places[UNITS] = image.position();
        }
        for (int register = 1; register <= 31; register++)
        {
            to.sd(register, RESULTS, register * Long.BYTES);
        }
        for (int register = 0; register <= 31; register++)
        {
            to.storeFloating(3, register, RESULTS, (FLOATING_PLACE + register) * Long.BYTES);
        }
        to.csr(2, 1, Assembler.FCSR, 0);
        to.sd(1, RESULTS, FCSR_PLACE * Long.BYTES);
    }

    /** One unit, with a jump to a unit up to {@code last} if it jumps: out of a loop none does. */
    private void unit(final int[] places, final int unit, final int last)
    {
        if (random.nextInt(5) < 2)
        {
            floating.instruction();
            return;
        }
        final int target = Math.min(last, unit + 1 + random.nextInt(6));
        final int destination = Math.max(places[Math.max(target, unit)], image.position());
        switch (target > unit ? random.nextInt(24) : random.nextInt(18))
        {
            case 0, 1, 2 -> to.r(Assembler.OP, random.nextInt(8), 0, rd(), rs(), rs());
            case 3 -> to.r(Assembler.OP, random.nextBoolean() ? 0 : 5, 0x20, rd(), rs(), rs());
            case 4 -> to.r(Assembler.OP, random.nextInt(8), 1, rd(), rs(), rs());
            case 5 -> to.r(Assembler.OP_32, new int[]{0, 4, 5, 6, 7}[random.nextInt(5)], 1, rd(), rs(), rs());
            case 6 ->
            {
                final boolean isAlternative = random.nextBoolean();
                final int funct3 = isAlternative ? (random.nextBoolean() ? 0 : 5) :
                    new int[]{0, 1, 5}[random.nextInt(3)];
                to.r(Assembler.OP_32, funct3, isAlternative ? 0x20 : 0, rd(), rs(), rs());
            }
            case 7, 8 -> immediate();
            case 9 -> to.u(random.nextBoolean() ? Assembler.LUI : Assembler.AUIPC, rd(), random.nextInt(1 << 20));
            case 10, 11 -> load();
            case 12 -> store();
            case 13 -> atomic();
            case 14, 15, 16 -> compressed();
            case 17 -> compressedMemory();
            case 18, 19, 20 -> to.word(Assembler.branch(new int[]{0, 1, 4, 5, 6, 7}[random.nextInt(6)], rs(), rs(),
                destination - image.position()));
            case 21 -> to.half(random.nextInt(3) == 0 ? Assembler.cJump(destination - image.position()) :
                Assembler.cBranch(6 + random.nextInt(2), prime(), destination - image.position()));
            case 22 -> to.word(Assembler.jal(rd(), destination - image.position()));
            default ->
            {
                final int through = rdNotZero();
                final int start = image.position();
                to.u(Assembler.AUIPC, through, 0);
                if (random.nextBoolean())
                {
                    to.jalr(rd(), through, destination - start);
                }
                else
                {
                    to.addi(through, through, destination - start);
                    to.cr(random.nextBoolean() && isFree(1) ? 12 : 8, through, 0);
                }
            }
        }
    }

    private void immediate()
    {
        final int value = random.nextInt(4096) - 2048;
        switch (random.nextInt(4))
        {
            case 0, 1 -> to.i(Assembler.OP_IMM, new int[]{0, 2, 3, 4, 6, 7}[random.nextInt(6)], rd(), rs(), value);
            case 2 ->
            {
                final boolean isLeft = random.nextBoolean();
                to.i(Assembler.OP_IMM, isLeft ? 1 : 5, rd(), rs(),
                    random.nextInt(64) | (!isLeft && random.nextBoolean() ? 0x400 : 0));
            }
            default ->
            {
                final int funct3 = new int[]{0, 1, 5}[random.nextInt(3)];
                to.i(Assembler.OP_IMM_32, funct3, rd(), rs(), funct3 == 0 ? value :
                    random.nextInt(32) | (funct3 == 5 && random.nextBoolean() ? 0x400 : 0));
            }
        }
    }

    private void load()
    {
        final int funct3 = random.nextInt(7);
        to.i(Assembler.LOAD, funct3, rd(), MEMORY, offset(1 << (funct3 & 3)));
    }

    private void store()
    {
        final int funct3 = random.nextInt(4);
        to.store(funct3, rs(), MEMORY, offset(1 << funct3));
    }

    private void atomic()
    {
        final int width = 2 + random.nextInt(2);
        final int address = rdNotZero();
        to.addi(address, MEMORY, offset(1 << width));
        final int orders = random.nextInt(4);
        if (random.nextInt(3) == 0)
        {
            final int loaded = other(address);
            to.r(Assembler.AMO, width, 2 << 2 | orders, loaded, address, 0);
            if (random.nextBoolean())
            {
                to.addi(other(address), rs(), random.nextInt(100));
            }
            to.r(Assembler.AMO, width, 3 << 2 | orders, rd(), address, rs());
        }
        else
        {
            final int function = new int[]{0, 1, 4, 8, 12, 16, 20, 24, 28}[random.nextInt(9)];
            to.r(Assembler.AMO, width, function << 2 | orders, rd(), address, rs());
        }
    }

    private void compressed()
    {
        final int signed = random.nextInt(64) - 32;
        switch (random.nextInt(13))
        {
            case 0 -> to.ci(0, 1, rdNotZero(), signed == 0 ? 1 : signed);
            case 1 -> to.ci(1, 1, rdNotZero(), signed);
            case 2 -> to.ci(2, 1, rdNotZero(), signed);
            case 3 ->
            {
                final int rd = rdNotZero();
                to.ci(3, 1, rd == 2 ? 6 : rd, signed == 0 ? 1 : signed);
            }
            case 4 -> to.ci(0, 2, rdNotZero(), 1 + random.nextInt(63));
            case 5 -> to.cb(random.nextInt(2), prime(), 1 + random.nextInt(63));
            case 6 -> to.cb(2, prime(), signed);
            case 7 -> to.ca(false, random.nextInt(4), prime(), prime());
            case 8 -> to.ca(true, random.nextInt(2), prime(), prime());
            case 9 -> to.cr(8, rdNotZero(), 1 + random.nextInt(31));
            case 10 -> to.cr(12, rdNotZero(), 1 + random.nextInt(31));
            case 11 -> to.cAddi16Sp((signed == 0 ? 1 : signed) * 16);
            default -> to.cAddi4Spn(prime(), 4 * (1 + random.nextInt(255)));
        }
    }

    private void compressedMemory()
    {
        final int width = 4 << random.nextInt(2);
        final int funct3 = width == 4 ? 2 : 3;
        if (random.nextBoolean())
        {
            final int address = prime();
            to.addi(address, MEMORY, -SCRATCH_BYTES / 2 + 8 * random.nextInt(16));
            to.cMemory(funct3 + 4 * random.nextInt(2), prime(), address, width * random.nextInt(32));
        }
        else
        {
            to.addi(2, MEMORY, -SCRATCH_BYTES / 2 + 8 * random.nextInt(16));
            if (random.nextBoolean())
            {
                to.cLoadSp(funct3, rdNotZero(), width * random.nextInt(48));
            }
            else
            {
                to.cStoreSp(funct3 + 4, rs(), width * random.nextInt(48));
            }
        }
    }

    /** A value of {@code fcsr}: flags, and a rounding mode to which no instruction objects. */
    private long fcsr()
    {
        return random.nextInt(5) << 5 | random.nextInt(32);
    }

    private int offset(final int width)
    {
        return random.nextInt(SCRATCH_BYTES / width) * width - SCRATCH_BYTES / 2;
    }

    private static boolean isFree(final int register)
    {
        return register != MEMORY && register != RESULTS && register != COUNTER;
    }

    private int rd()
    {
        final int register = random.nextInt(32);
        return isFree(register) ? register : 10;
    }

    private int rdNotZero()
    {
        final int register = rd();
        return register == 0 ? 11 : register;
    }

    private int other(final int than)
    {
        final int register = rd();
        return register == than ? (than == 12 ? 13 : 12) : register;
    }

    private int rs()
    {
        return random.nextInt(32);
    }

    private int prime()
    {
        return 8 + random.nextInt(8);
    }

    private void end()
    {
        to.addi(10, 0, 1);
        to.li(11, BASE + OUTPUT_OFFSET);
        to.li(12, IMAGE_BYTES - OUTPUT_OFFSET);
        to.addi(17, 0, 64);
        to.ecall();
        to.addi(10, 0, 0);
        to.addi(17, 0, 93);
        to.ecall();
    }
}
