package dev.understudy.guest;

import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.bus.Device;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.pvpanic.PvPanic;
import dev.understudy.guest.rtc.GoldfishRtc;
import dev.understudy.guest.sbi.FirmwareConsole;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.uart.Uart;
import dev.understudy.guest.virtio.BlockRequests;
import dev.understudy.guest.virtio.VirtioBalloon;
import dev.understudy.guest.virtio.VirtioBlock;
import dev.understudy.guest.virtio.VirtioConsole;
import dev.understudy.guest.virtio.VirtioEntropy;
import dev.understudy.guest.virtio.VirtioMmio;
import dev.understudy.guest.virtio.VirtioNet;
import dev.understudy.guest.virtio.VirtioVsock;
import dev.understudy.guest.virtio.VirtioWindows;
import dev.understudy.guest.vmgenid.VmGenerationId;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/** Which devices a machine has, and how they are connected with each other. Owned by the hart thread. */
final class Board implements Stateful
{
    final Plic plic = new Plic();
    final FirmwareConsole firmwareConsole = new FirmwareConsole();
    final Uart uart;
    final GoldfishRtc rtc;
    final VmGenerationId generation;
    final VirtioConsole console;
    final VirtioEntropy entropy;
    final VirtioVsock vsock;
    final VirtioBlock[] drives;
    final VirtioBalloon balloon;

    /** Null when the machine has none. */
    final VirtioNet network;
    final Bus bus;

    /**
     * @param time     of the guest now, in nanoseconds
     * @param outputs  takes what the devices do to the world
     * @param requests takes what the guest wants of its drives
     * @param onPanic  what a guest that panics runs
     */
    Board(
        final MachineConfiguration configuration,
        final GuestMemory memory,
        final GuestClock clock,
        final LongSupplier time,
        final OutputSink outputs,
        final BlockRequests requests,
        final Runnable onPanic)
    {
        uart = new Uart(firmwareConsole, outputs, plic);
        rtc = new GoldfishRtc(plic, clock, time);
        generation = new VmGenerationId(plic);
        console = new VirtioConsole(memory, outputs, firmwareConsole::onOtherConsole);
        entropy = new VirtioEntropy(memory);
        vsock = new VirtioVsock(memory, configuration.vsockCid(), outputs);
        network = configuration.mac() == null ? null : new VirtioNet(memory, configuration.mac(), outputs);
        drives = new VirtioBlock[configuration.drives().size()];
        for (int i = 0; i < drives.length; i++)
        {
            drives[i] = new VirtioBlock(memory, i, configuration.drives().get(i), requests);
        }
        balloon = new VirtioBalloon(memory);
        final List<Device> devices = new ArrayList<>();
        devices.add(plic);
        for (final int window : VirtioWindows.of(configuration))
        {
            devices.add(transport(window));
        }
        devices.add(new PvPanic(onPanic));
        devices.add(uart);
        devices.add(rtc);
        devices.add(generation);
        bus = new Bus(devices.toArray(Device[]::new));
    }

    private VirtioMmio transport(final int window)
    {
        return switch (window)
        {
            case VirtioWindows.CONSOLE -> new VirtioMmio(window, console, plic);
            case VirtioWindows.ENTROPY -> new VirtioMmio(window, entropy, plic);
            case VirtioWindows.VSOCK -> new VirtioMmio(window, vsock, plic);
            case VirtioWindows.NETWORK -> new VirtioMmio(window, network, plic);
            case VirtioWindows.BALLOON -> new VirtioMmio(window, balloon, plic);
            default -> new VirtioMmio(window, drives[window - VirtioWindows.FIRST_DRIVE], plic);
        };
    }

    /** Number of bytes of console input that there is room for. */
    int consoleRoom()
    {
        return readsVirtioConsole() ? console.inputRoom() : firmwareConsole.room();
    }

    /** Console input, as much as there is room for; returns how much that was. */
    int receiveConsole(final byte[] data, final int offset, final int length)
    {
        return readsVirtioConsole() ? console.receive(data, offset, length) :
            firmwareConsole.offer(data, offset, length);
    }

    private boolean readsVirtioConsole()
    {
        return console.isUsed() && !firmwareConsole.isRead() && !uart.isReceiving();
    }

    /** Has all devices begin again, but for what the world has given them. */
    void reset()
    {
        bus.reset();
        firmwareConsole.reset();
    }

    @Override
    public void save(final StateWriter to)
    {
        bus.save(to);
    }

    @Override
    public void load(final StateReader from)
    {
        bus.load(from);
    }
}
