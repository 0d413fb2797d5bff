package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.understudy.guest.TestElf;
import dev.understudy.guest.hart.HartState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random user-level programs here and on {@code qemu-riscv64-static}, all registers and memory compared.
 * <p>
 * A run compares 40,200 sequences with about 60 instructions each, some of them in loops: 200 fixed seeds and a fresh
 * one, which is named when it fails. {@code -Ddifferential.seed=N} runs one seed alone, {@code -Ddifferential.seeds=N}
 * the first N. Two instructions of five are floating-point, on operands near the edges of the formats.
 */
@Tag("slow")
class DifferentialTest
{
    private static final int FIXED_SEEDS = Integer.getInteger("differential.seeds", 200);
    private static final long MAX_INSTRUCTIONS = 10_000_000;

    @TempDir
    private Path temp;

    /** Instructions that were translated. */
    private long translated;

    @Test
    void randomSequencesAgreeWithQemu() throws InterruptedException
    {
        assumeTrue(isQemuThere() || System.getenv("UNDERSTUDY_SKIP_NOTHING") != null,
            "needs qemu-riscv64-static (Debian: apt-get install qemu-user-static)");
        final Long chosen = Long.getLong("differential.seed");
        if (chosen != null)
        {
            compare(chosen);
            return;
        }
        long instructions = 0;
        for (long seed = 1; seed <= FIXED_SEEDS; seed++)
        {
            instructions += compare(seed);
        }
        instructions += compare(System.nanoTime());
        System.out.printf(Locale.ROOT,
            "user level: %,d instructions, %,d of them translated%n", instructions, translated);
        assertThat(instructions).isGreaterThan(FIXED_SEEDS * 10_000L);
        assertThat(translated).isPositive();
    }

    @Test
    void slicesStopExactlyAndChangeNothing()
    {
        for (long seed = 1; seed <= 5; seed++)
        {
            final RandomProgram program = new RandomProgram(seed);
            final Random random = new Random(seed);
            final BareHart whole = new BareHart(EngineKind.MIXED, program.image());
            whole.run(MAX_INSTRUCTIONS);
            final BareHart sliced = new BareHart(EngineKind.MIXED, program.image());
            while (sliced.hart.state() == HartState.RUNNING)
            {
                final long until = sliced.hart.instret() + 1 + random.nextInt(random.nextInt(10) == 0 ? 2_000 : 5);
                sliced.run(until);
                if (sliced.hart.state() == HartState.RUNNING)
                {
                    assertThat(sliced.hart.instret()).isEqualTo(until);
                }
            }
            assertThat(sliced.hart.instret()).isEqualTo(whole.hart.instret());
            assertThat(sliced.hart.x).isEqualTo(whole.hart.x);
            assertThat(sliced.hart.f).isEqualTo(whole.hart.f);
            assertThat(sliced.memory.array()).isEqualTo(whole.memory.array());
        }
    }

    /** Returns the number of instructions executed here. */
    private long compare(final long seed) throws InterruptedException
    {
        try
        {
            final RandomProgram program = new RandomProgram(seed);
            final byte[] expected = runOnQemu(program);
            compare(program, expected, EngineKind.INTERPRETER);
            return compare(program, expected, EngineKind.TRANSLATOR);
        }
        // Errors, too: of code that the translator made, say.
        catch (final IOException | RuntimeException | Error e)
        {
            throw new AssertionError("with -Ddifferential.seed=" + seed + ": " + e.getMessage(), e);
        }
    }

    private long compare(final RandomProgram program, final byte[] expected, final EngineKind engine)
    {
        final BareHart bench = new BareHart(engine, program.image());
        bench.run(MAX_INSTRUCTIONS);
        assertThat(bench.hart.state()).as("engine %s: the end", engine).isEqualTo(HartState.STOPPED);
        final byte[] actual = new byte[expected.length];
        bench.memory.read(RandomProgram.BASE + RandomProgram.outputOffset(), actual, 0, actual.length);
        final int difference = Arrays.mismatch(expected, actual);
        if (difference >= 0)
        {
            explain(program, expected, actual, engine, difference);
        }
        translated += bench.engine.statistics().translatedInstructions();
        return bench.hart.instret();
    }

    private static void explain(
        final RandomProgram program,
        final byte[] expected,
        final byte[] actual,
        final EngineKind engine,
        final int difference)
    {
        final int registers = RandomProgram.SEQUENCES * RandomProgram.RESULT_BYTES;
        final int sequence = difference < registers ? difference / RandomProgram.RESULT_BYTES :
            (difference - registers) / RandomProgram.SCRATCH_BYTES;
        final String where = difference < registers ?
            register(difference % RandomProgram.RESULT_BYTES / Long.BYTES) :
            "memory byte " + (difference - registers) % RandomProgram.SCRATCH_BYTES;
        fail(String.format(Locale.ROOT,
            "engine %s, sequence %d, %s: QEMU has %016x, here it is %016x; the sequence is %s",
            engine, sequence, where, longAt(expected, difference), longAt(actual, difference), program.dump(sequence)));
    }

    private static String register(final int place)
    {
        return place == RandomProgram.FCSR_PLACE ? "fcsr" :
            place < RandomProgram.FLOATING_PLACE ? "x" + place : "f" + (place - RandomProgram.FLOATING_PLACE);
    }

    private static long longAt(final byte[] bytes, final int place)
    {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(place & -Long.BYTES);
    }

    private byte[] runOnQemu(final RandomProgram program) throws IOException, InterruptedException
    {
        final Path elf = temp.resolve("program.elf");
        final Path output = temp.resolve("output");
        Files.write(elf, TestElf.of(RandomProgram.BASE, program.image()));
        assertThat(elf.toFile().setExecutable(true)).isTrue();
        final Process process = new ProcessBuilder("qemu-riscv64-static", elf.toString())
            .redirectOutput(output.toFile()).redirectErrorStream(true).start();
        assertThat(process.waitFor()).as("exit status of QEMU").isZero();
        final byte[] results = Files.readAllBytes(output);
        assertThat(results).as("results of QEMU")
            .hasSize(RandomProgram.IMAGE_BYTES - RandomProgram.outputOffset());
        return results;
    }

    private static boolean isQemuThere()
    {
        try
        {
            return new ProcessBuilder("qemu-riscv64-static", "--version")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        }
        catch (final IOException | InterruptedException e)
        {
            return false;
        }
    }
}
