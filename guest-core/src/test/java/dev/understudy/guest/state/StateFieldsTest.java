package dev.understudy.guest.state;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.Nowhere;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockStatus;
import dev.understudy.guest.virtio.VsockHeader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Each field of the machine that can change is saved, or says from what it is derived.
 * <p>
 * Linux boots with every device. On the way each field that carries no {@link Derived} is changed, and what is saved has
 * to change with it at one of these positions at least. So a field that somebody adds and forgets is named here.
 */
class StateFieldsTest
{
    private static final Path LINUX = Path.of("../guests/linux/tiny");
    private static final int STEP = 4_000_000;
    private static final int STEPS = 50;
    private static final long STEP_NS = 100_000_000;
    private static final int LOOK_EVERY = 7;

    /** Position, time, outputs, the drive, and what the world has given the devices. */
    private static final Set<String> OUTLIVES_A_RESET = Set.of(
        "Hart.instret", "GuestClock.sampleNs", "GuestClock.baseNs", "GuestClock.basePosition", "GoldfishRtc.offsetNs",
        "GoldfishRtc.dated", "OutputHash.count", "OutputHash.value", "VirtioBlock.nextNumber", "VirtioBlock.contentHash",
        "VirtioConsole.input", "VirtioConsole.inputCount", "VirtioDevice.config", "VirtioMmio.configGeneration");

    /** Elements of queues that are empty, or begin elsewhere: in no state. */
    private static final Set<String> REMAINS = Set.of(
        "DescriptorChain.addresses", "DescriptorChain.count", "DescriptorChain.head", "DescriptorChain.lengths",
        "DescriptorChain.readableCount", "DescriptorChain.readableBytes", "DescriptorChain.writableBytes",
        "InFlight.done", "InFlight.left", "VirtioBlock.first",
        "VirtioConsole.inputHead", "VsockBacklog.bytes", "VsockBacklog.lengths", "VsockBacklog.headByte",
        "VsockBacklog.headPacket", "VsockConnections.keys");

    /** More than the guest has buffers for. */
    private static final int CONNECTIONS = 400;

    @Test
    void everyFieldIsSavedOrDerived() throws IOException, IllegalAccessException
    {
        final List<BlockRequest> requests = new ArrayList<>();
        final Machine machine = new Machine(
            new MachineConfiguration(
                64 << 20,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                Files.readAllBytes(LINUX.resolve("Image.gz")),
                Files.readAllBytes(LINUX.resolve("initramfs.cpio.gz")),
                "console=hvc1",
                List.of(new DriveConfiguration(1 << 20, false, true, "first")),
                MacAddress.parse("52:54:00:12:34:56")),
            new Nowhere(),
            requests::add);
        final StateFields fields = new StateFields();
        final byte[] typed = "echo\n".getBytes(StandardCharsets.US_ASCII);
        machine.receiveConsole(typed, 0, typed.length);
        for (int step = 1; step <= STEPS; step++)
        {
            machine.sample(step * STEP_NS);
            machine.run(machine.position() + STEP);
            if (step % LOOK_EVERY == 0)
            {
                fields.look(machine);
            }
            else
            {
                serve(machine, requests);
            }
        }
        for (int port = 1; port < CONNECTIONS; port++)
        {
            knock(machine, port);
        }
        while (machine.receiveConsole(typed, 0, typed.length) == typed.length)
        {
            // More than the guest has buffers for.
        }
        fields.look(machine);
        fields.look(writing());

        assertThat(fields.all()).hasSizeGreaterThan(80);
        assertThat(fields.lost()).as("save each of these, or say with @Derived what it follows from").isEmpty();
    }

    /** After a guest that used every device, but for what outlives a reset, and what no state reaches. */
    @Test
    void afterAResetEveryFieldIsAsAtTheStart() throws IOException, IllegalAccessException
    {
        final List<BlockRequest> requests = new ArrayList<>();
        final MachineConfiguration configuration = new MachineConfiguration(
            64 << 20,
            MachineConfiguration.DEFAULT_VSOCK_CID,
            Files.readAllBytes(LINUX.resolve("Image.gz")),
            Files.readAllBytes(LINUX.resolve("initramfs.cpio.gz")),
            "console=hvc1 understudy.run=\"sleep 3; dd if=/dev/vda of=/dev/null; reboot -f\"",
            List.of(new DriveConfiguration(1 << 20, false, true, "first")),
            MacAddress.parse("52:54:00:12:34:56"));
        final Machine machine = new Machine(configuration, new Nowhere(), requests::add);
        machine.date(1_000_000_000_000_000_000L);
        machine.consoleSize(80, 25);
        final byte[] typed = "echo\n".getBytes(StandardCharsets.US_ASCII);
        RunState state = RunState.RUNNING;
        for (int step = 1; state != RunState.RESTARTED; step++)
        {
            assertThat(state.isEnd()).isFalse();
            assertThat(step).isLessThan(4 * STEPS);
            machine.sample(step * STEP_NS);
            state = machine.run(machine.position() + STEP, machine.position() + STEP);
            serve(machine, requests);
            if (step == STEPS / 2)
            {
                machine.balloonTarget(100);
                knock(machine, 1);
                knock(machine, 2);
                machine.receiveConsole(typed, 0, typed.length);
            }
        }
        final Machine fresh = new Machine(configuration, new Nowhere(), requests::add);
        final Set<String> different = StateFields.different(machine, fresh);
        different.removeAll(REMAINS);
        assertThat(different).isSubsetOf(OUTLIVES_A_RESET).contains(
            "Hart.instret", "OutputHash.count", "GoldfishRtc.offsetNs", "VirtioBlock.nextNumber");
        assertThat(memoryOf(machine)).isEqualTo(memoryOf(fresh));
    }

    /** A hash over the content of RAM alone. */
    private static long memoryOf(final Machine machine)
    {
        final StateHash hash = new StateHash();
        machine.save(new StateWriter()
        {
            @Override
            public void write(final long value)
            {
                // Not RAM.
            }

            @Override
            public void write(final byte[] bytes, final int offset, final int length)
            {
                // Not RAM.
            }

            @Override
            public void write(final PagedMemory memory)
            {
                memory.hash();
                hash.write(memory);
            }
        });
        return hash.value();
    }

    /** A guest that waits for its drive to write. */
    private static Machine writing() throws IOException
    {
        final Machine machine = new Machine(
            new MachineConfiguration(
                16 << 20,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                Files.readAllBytes(Path.of("../guests/tests/block_rounds.elf")),
                null,
                "",
                List.of(new DriveConfiguration(1 << 20, false, true, ""))),
            new Nowhere(),
            request -> {});
        while (machine.run(machine.position() + STEP) != RunState.IDLE || !isWriting(machine))
        {
            machine.completeBlock(0, BlockStatus.OK);
        }
        return machine;
    }

    private static boolean isWriting(final Machine machine)
    {
        return machine.blockRequest(0) != null && machine.blockRequest(0).kind() == BlockRequest.Kind.WRITE;
    }

    /** A connection that nobody takes up. */
    private static void knock(final Machine machine, final int port)
    {
        final byte[] packet = new byte[VsockHeader.BYTES];
        VsockHeader.put(packet, 0, VsockHeader.HOST_CID, port, MachineConfiguration.DEFAULT_VSOCK_CID, 6379,
            VsockHeader.OP_REQUEST, 0, 0, 1 << 16, 0);
        assertThat(machine.receiveVsock(packet, 0, packet.length)).isTrue();
    }

    private static void serve(final Machine machine, final List<BlockRequest> requests)
    {
        while (machine.blockRequest(0) != null)
        {
            machine.completeBlock(0, BlockStatus.OK);
        }
        requests.clear();
        if (machine.entropyWanted() > 0)
        {
            machine.receiveEntropy(new byte[machine.entropyWanted()], 0, machine.entropyWanted());
        }
    }
}
