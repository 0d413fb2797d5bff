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
