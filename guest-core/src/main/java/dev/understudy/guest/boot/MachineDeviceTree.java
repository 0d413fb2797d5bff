package dev.understudy.guest.boot;

import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.pvpanic.PvPanic;
import dev.understudy.guest.rtc.GoldfishRtc;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.uart.Uart;
import dev.understudy.guest.virtio.VirtioMmio;
import dev.understudy.guest.virtio.VirtioWindows;
import dev.understudy.guest.vmgenid.VmGenerationId;
import java.util.Arrays;

/** Describes the machine to its guest, with the node names and properties of QEMU's {@code virt} machine. */
public final class MachineDeviceTree
{
    private static final int INTERRUPT_CONTROLLER_OF_HART = 1;
    private static final int PLIC = 2;
    private static final int SUPERVISOR_EXTERNAL_INTERRUPT = 9;
    private static final String SERIAL = "serial@" + Long.toHexString(Uart.BASE);
    private static final String[] EXTENSIONS = {"i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "sstc"};
    private static final String ISA = "rv64imafdc_zicntr_zicsr_zifencei_sstc";

    private MachineDeviceTree()
    {
    }

    /**
     * The blob: a pure function of the configuration, of whose kernel it only matters whether that is U-Boot, and of whose
     * initial RAM disk only the size.
     *
     * @throws BootException when the command line cannot be told to the guest
     */
    public static byte[] blob(final MachineConfiguration configuration)
    {
        final String commandLine = configuration.commandLine();
        if (commandLine.indexOf('\0') >= 0)
        {
            throw new BootException("the kernel's command line holds a NUL character at index " +
                commandLine.indexOf('\0') + ", where the guest would take it to end: remove it");
        }
        final DeviceTree tree = new DeviceTree()
            .begin("")
            .cells("#address-cells", 2)
            .cells("#size-cells", 2)
            .strings("compatible", "riscv-virtio")
            .strings("model", "understudy");

        tree.begin("chosen").strings("bootargs", commandLine);
        if (namesConsole(commandLine) || KernelImage.isUBoot(configuration.kernel()))
        {
            tree.strings("stdout-path", "/soc/" + SERIAL);
        }
        if (configuration.initrdBytes() > 0)
        {
            final long start = configuration.initrdAddress();
            tree.longs("linux,initrd-start", start).longs("linux,initrd-end", start + configuration.initrdBytes());
        }
        tree.end();

        tree.begin("memory@80000000")
            .strings("device_type", "memory")
            .longs("reg", GuestMemory.BASE, configuration.memoryBytes())
            .end();
        cpus(tree);
        soc(tree, VirtioWindows.of(configuration));
        return tree.end().blob();
    }

    /**
     * Whether the command line says where to print. A kernel that is told no console takes the one of {@code stdout-path},
     * which would no longer be the firmware's; {@code earlycon} alone is that of {@code stdout-path}, and U-Boot has none but
     * that.
     */
    private static boolean namesConsole(final String commandLine)
    {
        return Arrays.stream(commandLine.split("\\s+"))
            .anyMatch(word -> word.startsWith("console=") || word.equals("earlycon"));
    }

    private static void cpus(final DeviceTree tree)
    {
        tree.begin("cpus")
            .cells("#address-cells", 1)
            .cells("#size-cells", 0)
            .cells("timebase-frequency", (int)GuestClock.TICKS_PER_SECOND)
            .begin("cpu@0")
            .strings("device_type", "cpu")
            .cells("reg", 0)
            .strings("status", "okay")
            .strings("compatible", "riscv")
            .strings("riscv,isa", ISA)
            .strings("riscv,isa-base", "rv64i")
            .strings("riscv,isa-extensions", EXTENSIONS)
            .strings("mmu-type", "riscv,sv39")
            .begin("interrupt-controller")
            .cells("#address-cells", 0)
            .cells("#interrupt-cells", 1)
            .flag("interrupt-controller")
            .strings("compatible", "riscv,cpu-intc")
            .cells("phandle", INTERRUPT_CONTROLLER_OF_HART)
            .end()
            .end()
            .end();
    }

    private static void soc(final DeviceTree tree, final int... windows)
    {
        tree.begin("soc")
            .cells("#address-cells", 2)
            .cells("#size-cells", 2)
            .strings("compatible", "simple-bus")
            .flag("ranges")
            .begin("plic@" + Long.toHexString(Plic.BASE))
            .strings("compatible", "sifive,plic-1.0.0", "riscv,plic0")
            .longs("reg", Plic.BASE, Plic.WINDOW_BYTES)
            .flag("interrupt-controller")
            .cells("#interrupt-cells", 1)
            .cells("#address-cells", 0)
            .cells("interrupts-extended", INTERRUPT_CONTROLLER_OF_HART, SUPERVISOR_EXTERNAL_INTERRUPT)
            .cells("riscv,ndev", Plic.MAX_SOURCE)
            .cells("phandle", PLIC)
            .end();
        tree.begin("pvpanic-mmio@" + Long.toHexString(PvPanic.BASE))
            .strings("compatible", "qemu,pvpanic-mmio")
            .longs("reg", PvPanic.BASE, PvPanic.WINDOW_BYTES)
            .end();
        tree.begin("rtc@" + Long.toHexString(GoldfishRtc.BASE))
            .strings("compatible", "google,goldfish-rtc")
            .longs("reg", GoldfishRtc.BASE, GoldfishRtc.WINDOW_BYTES)
            .cells("interrupt-parent", PLIC)
            .cells("interrupts", GoldfishRtc.SOURCE)
            .end();
        tree.begin("rng@" + Long.toHexString(VmGenerationId.BASE))
            .strings("compatible", "microsoft,vmgenid")
            .longs("reg", VmGenerationId.BASE, VmGenerationId.WINDOW_BYTES)
            .cells("interrupt-parent", PLIC)
            .cells("interrupts", VmGenerationId.SOURCE)
            .end();
        tree.begin(SERIAL)
            .strings("compatible", "ns16550a")
            .longs("reg", Uart.BASE, Uart.WINDOW_BYTES)
            .cells("clock-frequency", Uart.CLOCK_FREQUENCY)
            .cells("interrupt-parent", PLIC)
            .cells("interrupts", Uart.SOURCE)
            .end();
        for (final int window : windows)
        {
            tree.begin("virtio_mmio@" + Long.toHexString(VirtioWindows.base(window)))
                .strings("compatible", "virtio,mmio")
                .longs("reg", VirtioWindows.base(window), VirtioMmio.WINDOW_BYTES)
                .cells("interrupt-parent", PLIC)
                .cells("interrupts", VirtioWindows.source(window))
                .end();
        }
        tree.end();
    }
}
