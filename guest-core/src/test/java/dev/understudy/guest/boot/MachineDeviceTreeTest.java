package dev.understudy.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.memory.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The description of the machine that its guest gets. */
class MachineDeviceTreeTest
{
    private static final int MEMORY_BYTES = 64 << 20;
    private static final DriveConfiguration DRIVE = new DriveConfiguration(1 << 20, false, true, "");
    private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:56");

    @Test
    void describesMemoryProcessorAndDevices()
    {
        final BlobReader tree = new BlobReader(blob("console=hvc0", 0));

        assertThat(tree.text("/chosen/bootargs")).isEqualTo("console=hvc0|");
        assertThat(tree.has("/chosen/linux,initrd-start")).isFalse();
        assertThat(tree.has("/chosen/rng-seed")).isFalse();
        assertThat(tree.text("/memory@80000000/device_type")).isEqualTo("memory|");
        assertThat(tree.longs("/memory@80000000/reg")).containsExactly(GuestMemory.BASE, MEMORY_BYTES);
        assertThat(tree.cells("/cpus/timebase-frequency")).containsExactly(10_000_000);
        assertThat(tree.cells("/cpus/cpu@0/reg")).containsExactly(0);
        assertThat(tree.text("/cpus/cpu@0/mmu-type")).isEqualTo("riscv,sv39|");
        assertThat(tree.text("/cpus/cpu@0/interrupt-controller/compatible")).isEqualTo("riscv,cpu-intc|");
        assertThat(tree.text("/soc/plic@c000000/compatible")).startsWith("sifive,plic-1.0.0|");
        assertThat(tree.longs("/soc/plic@c000000/reg")).containsExactly(0x0C00_0000L, 0x60_0000L);
        assertThat(tree.cells("/soc/plic@c000000/riscv,ndev")).containsExactly(63);
        assertThat(tree.text("/soc/rtc@101000/compatible")).isEqualTo("google,goldfish-rtc|");
        assertThat(tree.longs("/soc/rtc@101000/reg")).containsExactly(0x10_1000L, 0x1000L);
        assertThat(tree.cells("/soc/rtc@101000/interrupts")).containsExactly(11);
    }

    @Test
    void describesTheDevicesThatAreThere()
    {
        assertWindows(blob("", 0), 0, 1, 2, 8);
        assertWindows(blob("", 0, List.of(), MAC), 0, 1, 2, 3, 8);
        assertWindows(blob("", 0, List.of(DRIVE), null), 0, 1, 2, 4, 8);
        assertWindows(blob("", 0, Collections.nCopies(4, DRIVE), MAC), 0, 1, 2, 3, 4, 5, 6, 7, 8);
    }

    private static void assertWindows(final byte[] blob, final Integer... present)
    {
        final BlobReader tree = new BlobReader(blob);
        for (int i = 0; i < 10; i++)
        {
            final String node = String.format(Locale.ROOT, "/soc/virtio_mmio@1000%x000/", i + 1);
            assertThat(tree.has(node + "reg")).as(node).isEqualTo(List.of(present).contains(i));
            if (tree.has(node + "reg"))
            {
                assertThat(tree.text(node + "compatible")).isEqualTo("virtio,mmio|");
                assertThat(tree.longs(node + "reg")).containsExactly(0x1000_1000L + 0x1000 * i, 0x1000);
                assertThat(tree.cells(node + "interrupts")).containsExactly(i + 1);
            }
        }
    }

    @Test
    void namesTheExtensionsInBothWaysThatKernelsRead()
    {
        final BlobReader tree = new BlobReader(blob("", 0));
        final String isa = tree.text("/cpus/cpu@0/riscv,isa").replace("|", "");
        final String[] extensions = tree.text("/cpus/cpu@0/riscv,isa-extensions").split("\\|");

        assertThat(tree.text("/cpus/cpu@0/riscv,isa-base")).isEqualTo("rv64i|");
        final StringBuilder joined = new StringBuilder("rv64");
        for (final String extension : extensions)
        {
            joined.append(extension.length() == 1 ? "" : "_").append(extension);
        }
        assertThat(joined).hasToString(isa);
    }

    @Test
    void wiresTheInterrupts()
    {
        final BlobReader tree = new BlobReader(blob("", 0));
        final int hart = tree.cells("/cpus/cpu@0/interrupt-controller/phandle")[0];
        final int plic = tree.cells("/soc/plic@c000000/phandle")[0];

        assertThat(plic).isNotEqualTo(hart);
        // One entry: context 0 is the S-mode of hart 0. Number 9 is the supervisor external interrupt.
        assertThat(tree.cells("/soc/plic@c000000/interrupts-extended")).containsExactly(hart, 9);
        assertThat(tree.cells("/soc/virtio_mmio@10001000/interrupt-parent")).containsExactly(plic);
        assertThat(tree.longs("/soc/pvpanic-mmio@102000/reg")).containsExactly(0x10_2000, 2);
        assertThat(tree.text("/soc/serial@10000000/compatible")).isEqualTo("ns16550a|");
        assertThat(tree.longs("/soc/serial@10000000/reg")).containsExactly(0x1000_0000, 0x100);
        assertThat(tree.cells("/soc/serial@10000000/interrupts")).containsExactly(10);
        assertThat(tree.cells("/soc/serial@10000000/interrupt-parent")).containsExactly(plic);
        assertThat(tree.cells("/soc/serial@10000000/clock-frequency")).containsExactly(3_686_400);
    }

    /** A kernel that is told no console goes on with the one that it had before there was a serial port. */
    @Test
    void namesTheSerialPortForKernelsThatAreToldAConsoleAndForUBoot()
    {
        for (final String commandLine : new String[]{"console=ttyS0", "quiet console=hvc0", "earlycon", "a\tearlycon b"})
        {
            assertThat(new BlobReader(blob(commandLine, 0)).text("/chosen/stdout-path"))
                .isEqualTo("/soc/serial@10000000|");
        }
        for (final String commandLine : new String[]{"", "quiet", "earlycon=sbi", "noconsole=1"})
        {
            assertThat(new BlobReader(blob(commandLine, 0)).has("/chosen/stdout-path")).isFalse();
        }
        final byte[] uBoot = "any code, U-Boot 2023.01, and more".getBytes(StandardCharsets.US_ASCII);
        final byte[] blob = MachineDeviceTree.blob(new MachineConfiguration(MEMORY_BYTES, 3, uBoot, null, ""));
        assertThat(new BlobReader(blob).text("/chosen/stdout-path")).isEqualTo("/soc/serial@10000000|");
    }

    /** U-Boot writes the command line of the kernel that it boots into its copy, which is as long as the original. */
    @Test
    void hasRoomForALongCommandLineBehindTheTree()
    {
        final ByteBuffer blob = ByteBuffer.wrap(blob("", 0));
        final int end = blob.getInt(12) + blob.getInt(32);
        assertThat(blob.getInt(4)).isEqualTo(blob.capacity()).isGreaterThan(end + 2_048);
    }

    @Test
    void tellsWhereTheInitialRamDiskIs()
    {
        final BlobReader tree = new BlobReader(blob("", 12_345));

        assertThat(tree.longs("/chosen/linux,initrd-start")).containsExactly(0x83FF_C000L);
        assertThat(tree.longs("/chosen/linux,initrd-end")).containsExactly(0x83FF_C000L + 12_345);
    }

    @Test
    void refusesACommandLineThatTheGuestWouldReadInPart()
    {
        assertThatThrownBy(() -> blob("a\0b", 0))
            .isInstanceOf(BootException.class)
            .hasMessageContaining("NUL character at index 1");
    }

    @Property(tries = 200)
    void everyCommandLineArrives(@ForAll @CharRange(from = 1, to = 0x17F) final String commandLine,
        @ForAll @IntRange(min = 0, max = 1 << 20) final int initrdBytes)
    {
        final BlobReader tree = new BlobReader(blob(commandLine, initrdBytes));

        assertThat(tree.text("/chosen/bootargs")).isEqualTo(commandLine + "|");
    }

    @Test
    void theDeviceTreeCompilerHasNothingToSay(@TempDir final Path directory) throws IOException, InterruptedException
    {
        final Path blob = Files.write(directory.resolve("machine.dtb"), blob("console=hvc0 quiet", 4096));
        final Path source = directory.resolve("machine.dts");
        final Path warnings = directory.resolve("warnings");
        final Process process;
        try
        {
            process = new ProcessBuilder("dtc", "-I", "dtb", "-O", "dts", "-o", source.toString(), blob.toString())
                .redirectErrorStream(true).redirectOutput(warnings.toFile()).start();
        }
        catch (final IOException e)
        {
            assumeTrue(System.getenv("UNDERSTUDY_SKIP_NOTHING") != null,
                "dtc is missing, so the blob was not checked with it: install device-tree-compiler");
            throw e;
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

        assertThat(Files.readString(warnings, StandardCharsets.UTF_8)).isEmpty();
        assertThat(process.exitValue()).isZero();
        assertThat(Files.readString(source, StandardCharsets.UTF_8))
            .contains("bootargs = \"console=hvc0 quiet\"")
            .contains("virtio_mmio@10002000");
    }

    private static byte[] blob(final String commandLine, final int initrdBytes)
    {
        return blob(commandLine, initrdBytes, List.of(), null);
    }

    private static byte[] blob(
        final String commandLine, final int initrdBytes, final List<DriveConfiguration> drives, final MacAddress mac)
    {
        return MachineDeviceTree.blob(new MachineConfiguration(MEMORY_BYTES, MachineConfiguration.DEFAULT_VSOCK_CID,
            new byte[0], initrdBytes == 0 ? null : new byte[initrdBytes], commandLine, drives, mac));
    }
}
