package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.TestElf;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.virtio.BlockRequests;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.statistics.Statistics;

/**
 * Random bytes as a kernel, with and without random page tables: the host is never hurt, and the state at a position
 * does not depend on how often the machine was stopped on the way.
 * <p>
 * A trap handler goes on elsewhere in the code, so that a run gets through some ten thousand instructions and traps.
 */
@Tag("slow")
class RandomCodeTest
{
    private static final long BASE = 0x8020_0000L;
    private static final int MEMORY_BYTES = 4 << 20;
    private static final int CODE_BYTES = 128 << 10;
    private static final int REGISTERS_OFFSET = CODE_BYTES;
    private static final int TABLE_OFFSET = CODE_BYTES + 4096;
    private static final int TABLES = 3;
    private static final int IMAGE_BYTES = TABLE_OFFSET + TABLES * 4096;
    private static final long INSTRUCTIONS = 30_000;

    private static final int SSTATUS = 0x100;
    private static final int STVEC = 0x105;
    private static final int SEPC = 0x141;
    private static final int SATP = 0x180;
    private static final int[] CSRS = {
        0x100, 0x104, 0x105, 0x106, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14D, 0x180, 0xC00, 0xC01, 0xC02, 0x10A, 0x7C0, 1, 2, 3};
    private static final int[] OPCODES = {
        0x03, 0x0F, 0x13, 0x17, 0x1B, 0x23, 0x2F, 0x33, 0x37, 0x3B, 0x63, 0x67, 0x6F, 0x73,
        0x07, 0x27, 0x43, 0x47, 0x4B, 0x4F, 0x53, 0x53};

    private static long programs;
    private static long instructions;

    /** Everything that a run shows. */
    private record Result(RunState state, long position, long digest, long outputs, String console)
    {
    }

    @Property(tries = 300)
    void anyCodeIsHarmlessAndIndependentOfSlicesAndEngine(@ForAll final long seed)
    {
        final byte[] kernel = TestElf.of(BASE, image(new Random(seed)));
        final Result whole = run(kernel, null, EngineKind.INTERPRETER);
        Statistics.collect(whole.state, whole.position < 1_000 ? "soon" : "late");
        programs++;
        instructions += whole.position;
        for (final EngineKind engine : EngineKind.values())
        {
            assertThat(run(kernel, new Random(seed), engine)).as("engine %s", engine).isEqualTo(whole);
        }
    }

    @AfterContainer
    static void sayHowMuchWasCompared()
    {
        System.out.printf(Locale.ROOT,
            "%,d random programs, %,d instructions on each engine%n", programs, instructions);
    }

    private static Result run(final byte[] kernel, final Random slices, final EngineKind engine)
    {
        final ByteArrayOutputStream console = new ByteArrayOutputStream();
        final Machine machine = new Machine(
            new MachineConfiguration(MEMORY_BYTES, MachineConfiguration.DEFAULT_VSOCK_CID, kernel, null, ""),
            new OutputSink()
            {
                @Override
                public void sendConsole(final byte[] data, final int offset, final int length)
                {
                    console.write(data, offset, length);
                }

                @Override
                public void sendVsock(final byte[] packet, final int offset, final int length)
                {
                    console.write(packet, offset, length);
                }

                @Override
                public void sendFrame(final byte[] frame, final int offset, final int length)
                {
                }
            },
            BlockRequests.none(),
            engine);
        RunState state = RunState.RUNNING;
        while (state == RunState.RUNNING && machine.position() < INSTRUCTIONS)
        {
            final long until = slices == null ? INSTRUCTIONS :
                Math.min(INSTRUCTIONS, machine.position() + 1 + slices.nextInt(slices.nextBoolean() ? 5 : 3_000));
            final long from = slices == null ? until :
                machine.position() + slices.nextLong(until - machine.position() + 1);
            state = machine.run(from, until);
            assertThat(machine.position()).isBetween(state == RunState.RUNNING ? from : 0, until);
            if (slices != null && slices.nextInt(10) == 0)
            {
                machine.digest();
            }
        }
        return new Result(state, machine.position(), machine.digest(), machine.outputs(), console.toString());
    }

    private static byte[] image(final Random random)
    {
        final ByteBuffer image = ByteBuffer.allocate(IMAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        final Assembler to = new Assembler(image, BASE);
        // Handler: goes on behind the instruction that trapped, or in the code if that was elsewhere; in S-mode.
        final int over = image.position();
        to.word(0);
        final long handler = to.address();
        csr(to, 2, 31, SEPC, 0);
        to.addi(31, 31, 2);
        to.i(Assembler.OP_IMM, 1, 31, 31, 47);
        to.i(Assembler.OP_IMM, 5, 31, 31, 47);
        to.li(30, BASE);
        to.r(Assembler.OP, 0, 0, 31, 31, 30);
        csr(to, 1, 0, SEPC, 31);
        to.addi(30, 0, 0x100);
        csr(to, 2, 0, SSTATUS, 30);
        to.word(0x1020_0073);
        final int start = image.position();
        image.putInt(over, Assembler.jal(0, start - over));

        to.li(31, handler);
        csr(to, 1, 0, STVEC, 31);
        if (random.nextBoolean())
        {
            to.li(31, BASE + TABLE_OFFSET >> 12);
            to.addi(30, 0, 8);
            to.i(Assembler.OP_IMM, 1, 30, 30, 60);
            to.r(Assembler.OP, 6, 0, 31, 31, 30);
            csr(to, 1, 0, SATP, 31);
        }
        to.li(31, BASE + REGISTERS_OFFSET);
        for (int register = 1; register <= 31; register++)
        {
            to.ld(register, 31, register * Long.BYTES);
        }
        while (image.position() < CODE_BYTES)
        {
            garbage(to, random);
        }
        image.position(REGISTERS_OFFSET);
        for (int register = 0; register < 32; register++)
        {
            image.putLong(pointer(random));
        }
        tables(image, random);
        return image.array();
    }

    /** csrrw (1) or csrrs (2). */
    private static void csr(final Assembler to, final int funct3, final int rd, final int number, final int rs1)
    {
        to.i(0x73, funct3, rd, rs1, number);
    }

    private static void garbage(final Assembler to, final Random random)
    {
        final int kind = random.nextInt(10);
        if (kind < 4)
        {
            to.half(random.nextInt(1 << 16));
        }
        else if (kind < 9)
        {
            to.half(random.nextInt(1 << 16) & ~0x7F | OPCODES[random.nextInt(OPCODES.length)]);
            to.half(random.nextInt(1 << 16));
        }
        else
        {
            csr(to, 1 + random.nextInt(3), random.nextInt(32), CSRS[random.nextInt(CSRS.length)], random.nextInt(32));
        }
    }

    private static long pointer(final Random random)
    {
        return switch (random.nextInt(6))
        {
            case 0, 1, 2 -> BASE + random.nextInt(IMAGE_BYTES);
            case 3 -> BASE + TABLE_OFFSET + 8 * random.nextInt(512 * TABLES);
            case 4 -> new long[]{0x0C00_0000L, 0x0C20_1000L, 0x1000_1000L, 0x1000_2000L, 0x1000_3000L, 0, -1, 1}[
                random.nextInt(8)];
            default -> random.nextLong();
        };
    }

    /** Three levels of tables: random entries, and the gigabyte of RAM mapped to itself. */
    private static void tables(final ByteBuffer image, final Random random)
    {
        image.position(TABLE_OFFSET);
        for (int i = 0; i < TABLES * 512; i++)
        {
            final long table = BASE + TABLE_OFFSET + 4096L * random.nextInt(TABLES) >> 12;
            final long page = BASE + random.nextInt(IMAGE_BYTES) >> 12;
            final long number = switch (random.nextInt(3))
            {
                case 0 -> table;
                case 1 -> page;
                default -> random.nextLong() & (1L << 44) - 1;
            };
            image.putLong(number << 10 | random.nextInt(256));
        }
        image.putLong(TABLE_OFFSET + 2 * 8, 0x8000_0000L >> 12 << 10 | 0xCF);
    }
}
