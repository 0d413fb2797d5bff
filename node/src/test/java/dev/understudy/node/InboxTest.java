package dev.understudy.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.replay.EventLog;
import dev.understudy.replay.Recorder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class InboxTest
{
    private static final int MEMORY_BYTES = 16 << 20;
    private static final long DIGEST_INTERVAL_NS = 100_000_000;

    /** The box has room for some 18,000 packets that are all header and does not end at the end of one. */
    private static final int PACKETS = 40_000;

    @Test
    void aDrainTakesWhatWaitsWhereverItLies() throws Exception
    {
        final Machine machine = new Machine(
            new MachineConfiguration(
                MEMORY_BYTES,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                Files.readAllBytes(Path.of("../guests/kv/kv.elf")),
                null,
                ""),
            new Outbox(() ->
            {
            }));
        final Recorder recorder = new Recorder(machine, EventLog.none(), System::nanoTime, DIGEST_INTERVAL_NS);
        final Inbox inbox = new Inbox(() -> {});
        // The end of a connection that the guest does not know: nothing happens.
        final byte[] packet = reset();
        runUntilIdle(recorder);
        for (int i = 0; i < PACKETS; i++)
        {
            assertThat(inbox.offerVsock(packet, 0, packet.length)).isTrue();
            assertThat(inbox.drain(recorder)).as("packet %d", i).isPositive();
            runUntilIdle(recorder);
        }
    }

    @Test
    void framesForAGuestThatUsesNoNetworkAreLostAndKeepNobodyAwake() throws Exception
    {
        final Machine machine = new Machine(
            new MachineConfiguration(
                MEMORY_BYTES,
                MachineConfiguration.DEFAULT_VSOCK_CID,
                Files.readAllBytes(Path.of("../guests/kv/kv.elf")),
                null,
                "",
                List.of(),
                MacAddress.parse("52:54:00:12:34:56")),
            new Outbox(() ->
            {
            }));
        final Recorder recorder = new Recorder(machine, EventLog.none(), System::nanoTime, DIGEST_INTERVAL_NS);
        final Inbox inbox = new Inbox(() -> {});
        runUntilIdle(recorder);
        final long digest = machine.digest();
        for (int i = 0; i < PACKETS; i++)
        {
            assertThat(inbox.offerNetwork(new byte[60], 0, 60)).isTrue();
            inbox.drain(recorder);
        }

        assertThat(inbox.drain(recorder)).isZero();
        assertThat(machine.digest()).isEqualTo(digest);
    }

    private static byte[] reset()
    {
        final ByteBuffer packet = ByteBuffer.allocate(VsockHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        packet.putLong(VsockHeader.SRC_CID, VsockHeader.HOST_CID);
        packet.putLong(VsockHeader.DST_CID, MachineConfiguration.DEFAULT_VSOCK_CID);
        packet.putShort(VsockHeader.TYPE, (short)VsockHeader.TYPE_STREAM);
        packet.putShort(VsockHeader.OP, (short)VsockHeader.OP_RST);
        return packet.array();
    }

    private static void runUntilIdle(final Recorder recorder)
    {
        RunState state = recorder.runSlice();
        while (state != RunState.IDLE)
        {
            state = recorder.runSlice();
        }
    }
}
