package dev.understudy.guest.boot;

import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.pvpanic.PvPanic;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.virtio.VirtioMmio;

/** Describes the machine to its guest, with the node names and properties of QEMU's {@code virt} machine. */
public final class MachineDeviceTree
{
    private static final int INTERRUPT_CONTROLLER_OF_HART = 1;
    private static final int PLIC = 2;
    private static final int SUPERVISOR_EXTERNAL_INTERRUPT = 9;
    private static final String[] EXTENSIONS = {"i", "m", "a", "f", "d", "c", "zicntr", "zicsr", "zifencei", "sstc"};
    private static final String ISA = "rv64imafdc_zicntr_zicsr_zifencei_sstc";

    private MachineDeviceTree()
    {
    }

    /**
     * The blob.
     *
     * @param commandLine for {@code /chosen/bootargs}
     * @param initrdBytes 0 without an initial RAM disk
     * @throws BootException when the command line cannot be told to the guest
     */
    public static byte[] blob(
        final long memoryBytes,
        final String commandLine,
        final long initrdAddress,
        final long initrdBytes,
        final VirtioMmio... devices)
    {
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
        if (initrdBytes > 0)
        {
            tree.longs("linux,initrd-start", initrdAddress).longs("linux,initrd-end", initrdAddress + initrdBytes);
        }
        tree.end();

        tree.begin("memory@80000000")
            .strings("device_type", "memory")
            .longs("reg", GuestMemory.BASE, memoryBytes)
            .end();
        cpus(tree);
        soc(tree, devices);
        return tree.end().blob();
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

    private static void soc(final DeviceTree tree, final VirtioMmio... devices)
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
        for (final VirtioMmio device : devices)
        {
            tree.begin("virtio_mmio@" + Long.toHexString(device.base()))
                .strings("compatible", "virtio,mmio")
                .longs("reg", device.base(), device.size())
                .cells("interrupt-parent", PLIC)
                .cells("interrupts", device.source())
                .end();
        }
        tree.end();
    }
}
