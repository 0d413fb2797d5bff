package dev.understudy.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.Seeds;
import dev.understudy.guest.TestElf;
import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.memory.DirtyPages;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.output.Nowhere;
import dev.understudy.guest.virtio.VirtioMmio;
import dev.understudy.guest.virtio.VirtioWindows;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged kernels, and machines of any size with any command line: each boots or is refused, and harms nothing. */
@Tag("slow")
class RandomBootTest
{
    private static final int KERNELS = 3_000;
    private static final int TREES = 1_000;
    private static final int COMPILED_TREES = 10;
    private static final int MACHINES = 60;

    /** A jump to itself. */
    private static final byte[] LOOP = {0x6F, 0, 0, 0};

    @TempDir
    private Path directory;

    @Test
    void aDamagedKernelIsLoadedWhereItSaysOrRefusedAndNothingIsWritten()
    {
        final GuestMemory memory = new GuestMemory(GuestMemory.MIN_BYTES);
        final DirtyPages written = memory.dirtyPages();
        Seeds.check(KERNELS, seed ->
        {
            final byte[] file = damaged(new Random(seed));
            written.take();
            long end = GuestMemory.BASE;
            try
            {
                final KernelImage kernel = KernelImage.load(file, memory);
                end = kernel.end();
                assertThat(memory.contains(kernel.entry(), 2)).as("whether the entry is in RAM").isTrue();
                assertThat(memory.contains(GuestMemory.BASE, end - GuestMemory.BASE)).as("end").isTrue();
            }
            catch (final BootException e)
            {
                assertThat(e).hasMessageStartingWith("the kernel cannot be booted: ");
            }
            for (int page = 0; page < memory.pages(); page++)
            {
                if (written.contains(page))
                {
                    assertThat(GuestMemory.BASE + ((long)page << GuestMemory.PAGE_SHIFT)).isLessThan(end);
                }
            }
        });
    }

    @Test
    void everyMachineIsDescribedAsItIs()
    {
        Seeds.check(TREES, seed ->
        {
            final Random random = new Random(seed);
            final String commandLine = commandLine(random);
            final int memoryBytes =
                (int)(GuestMemory.MIN_BYTES + random.nextDouble() * (GuestMemory.MAX_BYTES - GuestMemory.MIN_BYTES)) &
                    -GuestMemory.PAGE_BYTES;
            final int initrdBytes = random.nextInt(3) == 0 ? 0 : random.nextInt(100_000);
            final MachineConfiguration configuration = new MachineConfiguration(
                memoryBytes, 3, new byte[0], initrdBytes == 0 ? null : new byte[initrdBytes], commandLine,
                Collections.nCopies(random.nextInt(5), new DriveConfiguration(512, false, true, "")),
                random.nextBoolean() ? null : MacAddress.parse("52:54:00:12:34:56"));

            final byte[] blob = MachineDeviceTree.blob(configuration);

            final BlobReader tree = new BlobReader(blob);
            final String received = new String(commandLine.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            assertThat(tree.text("/chosen/bootargs")).isEqualTo(received + "|");
            assertThat(tree.longs("/memory@80000000/reg")).containsExactly(GuestMemory.BASE, memoryBytes);
            assertThat(tree.has("/chosen/linux,initrd-start")).isEqualTo(initrdBytes > 0);
            if (initrdBytes > 0)
            {
                final long start = tree.longs("/chosen/linux,initrd-start")[0];
                assertThat(start % GuestMemory.PAGE_BYTES).isZero();
                assertThat(tree.longs("/chosen/linux,initrd-end")).containsExactly(start + initrdBytes);
                assertThat(GuestMemory.BASE + memoryBytes - start - initrdBytes)
                    .isBetween(0L, GuestMemory.PAGE_BYTES - 1L);
            }
            for (final int window : VirtioWindows.of(configuration))
            {
                final long base = VirtioWindows.base(window);
                assertThat(tree.longs(String.format(Locale.ROOT, "/soc/virtio_mmio@%x/reg", base)))
                    .containsExactly(base, VirtioMmio.WINDOW_BYTES);
            }
            if (seed % (TREES / COMPILED_TREES) == 0)
            {
                compile(blob);
            }
        });
    }

    @Test
    void aMachineBootsOrSaysWhatDoesNotFit()
    {
        Seeds.check(MACHINES, seed ->
        {
            final Random random = new Random(seed);
            final byte[] kernel = random.nextInt(4) == 0 ? damaged(random) :
                TestElf.of(KernelImage.LOWEST_ADDRESS + 0x1000L * random.nextInt(0x200), LOOP);
            final byte[] initrd = random.nextBoolean() ? null : new byte[random.nextInt(GuestMemory.MIN_BYTES)];
            try
            {
                final Machine machine = new Machine(
                    new MachineConfiguration(GuestMemory.MIN_BYTES, 3, kernel, initrd, commandLine(random)), new Nowhere());
                final long tree = machine.register(0, 11);
                assertThat(tree % GuestMemory.PAGE_BYTES).isZero();
                assertThat(tree).isBetween(GuestMemory.BASE, GuestMemory.BASE + GuestMemory.MIN_BYTES);
                assertThat(machine.run(1_000)).isIn((Object[])RunState.values());
            }
            catch (final BootException e)
            {
                assertThat(e.getMessage()).containsAnyOf("the kernel cannot be booted: ", "has no room for the kernel");
            }
        });
    }

    private static byte[] damaged(final Random random)
    {
        byte[] file = sound(random);
        for (int i = random.nextInt(6); i > 0; i--)
        {
            final int at = random.nextInt(random.nextBoolean() ? Math.min(file.length, 256) : file.length);
            file[at] = random.nextBoolean() ? (byte)random.nextInt() : new byte[]{0, 1, -1, 0x7F, (byte)0x80}[random.nextInt(5)];
        }
        if (random.nextInt(4) == 0)
        {
            file = Arrays.copyOf(file, random.nextInt(2 * file.length));
        }
        if (random.nextInt(8) == 0)
        {
            final byte[] other = sound(random);
            System.arraycopy(other, 0, file, 0, Math.min(random.nextInt(80), Math.min(other.length, file.length)));
        }
        return random.nextInt(4) == 0 ? packed(file) : file;
    }

    private static byte[] sound(final Random random)
    {
        return switch (random.nextInt(4))
        {
            case 0 -> new ElfFile().bytes();
            case 1 -> linux(random);
            case 2 -> packed(linux(random));
            default -> packed(new ElfFile().bytes());
        };
    }

    private static byte[] linux(final Random random)
    {
        final byte[] file = new byte[64 + random.nextInt(5_000)];
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN)
            .putLong(8, 0x1000L * random.nextInt(0x401)).putLong(16, random.nextInt(0x40_0000)).putInt(56, 0x0543_5352);
        return file;
    }

    private static byte[] packed(final byte[] data)
    {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out))
        {
            gzip.write(data);
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** Any characters but NUL, also halves of such that UTF-16 writes as two. */
    private static String commandLine(final Random random)
    {
        final int length = random.nextInt(20) == 0 ? random.nextInt(100_000) : random.nextInt(200);
        final StringBuilder line = new StringBuilder();
        while (line.length() < length)
        {
            line.append((char)(1 + random.nextInt(random.nextBoolean() ? 0x7F : 0xFFFF)));
        }
        return line.toString();
    }

    /** The device-tree compiler, where there is one, has nothing to say. */
    private void compile(final byte[] blob) throws IOException, InterruptedException
    {
        final Path file = Files.write(directory.resolve("machine.dtb"), blob);
        final Path messages = directory.resolve("messages");
        final Process process;
        try
        {
            process = new ProcessBuilder("dtc", "-I", "dtb", "-O", "dtb", "-o", "/dev/null", file.toString())
                .redirectErrorStream(true).redirectOutput(messages.toFile()).start();
        }
        catch (final IOException e)
        {
            return;
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(messages).isEmptyFile();
        assertThat(process.exitValue()).isZero();
    }
}
