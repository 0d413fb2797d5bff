package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.understudy.guest.TestElf;
import dev.understudy.guest.hart.HartState;
import dev.understudy.guest.memory.GuestMemory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random programs for S-mode here and on {@code qemu-system-riscv64} with OpenSBI: every trap with all registers and CSRs,
 * and all memory, compared.
 * <p>
 * A run compares 1,250 programs with 72 traps each, in 24 slots: those of the seeds from 1 to 1,000 and 250 with fresh
 * seeds. A program that differs is named with its seed, and every failure with what runs the same programs again.
 * {@code -Dsmode.seed=N} runs one alone, {@code -Dsmode.programs=N} the first N, in steps of 250, and 250 with fresh seeds,
 * {@code -Dsmode.fresh=N} alone the 250 whose seeds were fresh in a run that failed. What is left out of the programs,
 * and why, stands in {@link SupervisorProgram} behind the word "Not".
 */
@Tag("slow")
class SupervisorDifferentialTest
{
    private static final int PROGRAMS = Integer.getInteger("smode.programs", 1_000);
    private static final int PROGRAMS_OF_AN_IMAGE = 250;

    /** The engine that translates all code at once takes some ten milliseconds for each. */
    private static final int TRANSLATED_PROGRAMS = 20;
    private static final int MEMORY_BYTES = 64 << 20;
    private static final long MAX_INSTRUCTIONS = 100_000_000;
    private static final int QEMU_SECONDS = 60;

    /** Every cause that a guest of this machine can see but the external interrupt, which takes a device. */
    private static final Long[] CAUSES =
        {1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 12L, 13L, 15L, 1L << 63 | 1, 1L << 63 | 5};

    /** What QEMU has and this machine does not, as far as it can be switched off. */
    private static final String CPU = "rv64,h=off,zba=off,zbb=off,zbc=off,zbs=off,sstc=on,pmu-num=0";

    @TempDir
    private Path temp;

    private final Set<Long> causes = new HashSet<>();

    /** Instructions of the programs, on the engine that translates, and those of them that were translated. */
    private long executed;
    private long translated;

    @Test
    void randomProgramsAgreeWithQemu() throws InterruptedException
    {
        assumeTrue(isQemuThere() || System.getenv("UNDERSTUDY_SKIP_NOTHING") != null,
            "needs qemu-system-riscv64 (Debian: apt-get install qemu-system-misc opensbi)");
        final Long chosen = Long.getLong("smode.seed");
        if (chosen != null)
        {
            compare("-Dsmode.seed=" + chosen, chosen);
            return;
        }
        final Long fresh = Long.getLong("smode.fresh");
        if (fresh != null)
        {
            compareFresh(fresh);
            return;
        }
        for (int first = 1; first <= PROGRAMS; first += PROGRAMS_OF_AN_IMAGE)
        {
            final int end = first + PROGRAMS_OF_AN_IMAGE;
            compare("-Dsmode.programs=" + (end - 1), LongStream.range(first, end).toArray());
        }
        compareFresh(System.nanoTime());
        assertThat(causes).as("causes of the traps").contains(CAUSES);
        System.out.printf(Locale.ROOT, "S-mode: %,d instructions, %,d of them translated%n", executed, translated);
        assertThat(translated).isGreaterThan(executed / 4);
    }

    @ParameterizedTest
    @EnumSource
    void slicesAndEnginesChangeNothing(final EngineKind engine)
    {
        final int programs = engine == EngineKind.TRANSLATOR ? TRANSLATED_PROGRAMS : 50;
        final SupervisorImage image = new SupervisorImage(LongStream.rangeClosed(1, programs).toArray());
        final SupervisorBench whole = bench(image, EngineKind.INTERPRETER);
        whole.run(MAX_INSTRUCTIONS);
        final SupervisorBench sliced = bench(image, engine);
        final Random random = new Random(1);
        while (sliced.hart.state() != HartState.STOPPED)
        {
            sliced.run(sliced.hart.instret() + 1 + random.nextInt(random.nextInt(3) == 0 ? 2_000 : 5));
        }
        assertThat(sliced.hart.instret()).isEqualTo(whole.hart.instret());
        assertThat(sliced.memory.array()).isEqualTo(whole.memory.array());
    }

    private void compareFresh(final long seed) throws InterruptedException
    {
        compare("-Dsmode.fresh=" + seed, new Random(seed).longs(PROGRAMS_OF_AN_IMAGE).toArray());
    }

    /** @param again what runs the same programs again, for a person who looks at a failure */
    private void compare(final String again, final long... seeds) throws InterruptedException
    {
        try
        {
            final SupervisorImage image = new SupervisorImage(seeds);
            final byte[] expected = runOnQemu(image);
            compare(image, expected, EngineKind.INTERPRETER);
            compare(image, expected, EngineKind.TRANSLATOR);
        }
        // Errors, too: of code that the translator made, say.
        catch (final IOException | RuntimeException | Error e)
        {
            throw new AssertionError("with " + again + ": " + e.getMessage(), e);
        }
    }

    private void compare(final SupervisorImage image, final byte[] expected, final EngineKind engine)
    {
        final byte[] actual = run(image, engine);
        for (int slot = 0; slot < image.slots(); slot++)
        {
            final long[] record = image.record(actual, slot);
            compareRecords(image, slot, engine, image.record(expected, slot), record);
            causes.add(record[SupervisorImage.FIRST_CSR]);
        }
        final int from = image.blocksOffset();
        final int difference = Arrays.mismatch(
            expected, from, expected.length, actual, from, actual.length);
        if (difference >= 0)
        {
            final int at = (from + difference) & -Long.BYTES;
            fail(String.format(Locale.ROOT, "program %d, engine %s, memory at 0x%x: QEMU has %016x, here it is %016x",
                image.programOfBlock(at).seed(), engine, SupervisorImage.BASE + at, longAt(expected, at), longAt(actual, at)));
        }
    }

    private static void compareRecords(
        final SupervisorImage image,
        final int slot,
        final EngineKind engine,
        final long[] expected,
        final long[] actual)
    {
        if (Arrays.equals(expected, actual))
        {
            return;
        }
        final SupervisorProgram program = image.program(slot);
        final int number = SupervisorImage.numberInProgram(slot);
        final StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "program %d, engine %s, slot %d: %s%n",
            program.seed(), engine, number, program.listing(number)));
        for (int i = 0; i < expected.length; i++)
        {
            text.append(String.format(Locale.ROOT, "%-10s %016x QEMU %016x here %016x%s%n", SupervisorImage.field(i),
                i < 32 ? program.slot(number)[i] : 0, expected[i], actual[i], expected[i] == actual[i] ? "" : "  <--"));
        }
        fail(text.toString());
    }

    private byte[] run(final SupervisorImage image, final EngineKind engine)
    {
        final SupervisorBench bench = bench(image, engine);
        bench.run(MAX_INSTRUCTIONS);
        if (engine == EngineKind.TRANSLATOR)
        {
            translated += bench.engine.statistics().translatedInstructions();
            executed += bench.hart.instret();
        }
        assertThat(bench.hart.crash()).isNull();
        assertThat(bench.hart.state()).as("the end of the programs, engine %s", engine)
            .isEqualTo(HartState.STOPPED);
        final byte[] memory = new byte[image.bytes().length];
        bench.memory.read(SupervisorImage.BASE, memory, 0, memory.length);
        return memory;
    }

    private static SupervisorBench bench(final SupervisorImage image, final EngineKind engine)
    {
        return new SupervisorBench(engine, MEMORY_BYTES, SupervisorImage.BASE, image.bytes());
    }

    /**
     * The guest's RAM is a file that is read when QEMU has ended. Room for a second hart makes QEMU execute atomics as
     * such: else their page faults are those of loads.
     */
    private byte[] runOnQemu(final SupervisorImage image) throws IOException, InterruptedException
    {
        final Path elf = Files.write(temp.resolve("image.elf"), TestElf.of(SupervisorImage.BASE, image.bytes()));
        final Path ram = temp.resolve("ram");
        Files.deleteIfExists(ram);
        final Path output = temp.resolve("output");
        final Process process = new ProcessBuilder("qemu-system-riscv64", "-M", "virt,memory-backend=ram",
            "-object", "memory-backend-file,id=ram,share=on,size=" + MEMORY_BYTES + ",mem-path=" + ram,
            "-m", MEMORY_BYTES / (1 << 20) + "M", "-cpu", CPU, "-smp", "1,maxcpus=2", "-nodefaults", "-display", "none",
            "-bios", "default", "-kernel", elf.toString())
            .redirectOutput(output.toFile()).redirectErrorStream(true).start();
        if (!process.waitFor(QEMU_SECONDS, TimeUnit.SECONDS))
        {
            process.destroyForcibly().waitFor();
            fail("QEMU did not end");
        }
        assertThat(process.exitValue()).as("exit status of QEMU: " + Files.readString(output)).isZero();
        try (SeekableByteChannel channel = Files.newByteChannel(ram);
            InputStream in = Channels.newInputStream(channel.position(SupervisorImage.BASE - GuestMemory.BASE)))
        {
            return in.readNBytes(image.bytes().length);
        }
    }

    private static long longAt(final byte[] bytes, final int at)
    {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(at);
    }

    private static boolean isQemuThere()
    {
        try
        {
            return new ProcessBuilder("qemu-system-riscv64", "--version")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        }
        catch (final IOException | InterruptedException e)
        {
            return false;
        }
    }
}
