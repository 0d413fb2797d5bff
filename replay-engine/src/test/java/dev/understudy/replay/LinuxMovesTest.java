package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockRequests;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Linux boots and then works, with a drive that it writes and reads, frames that it answers and random numbers that it
 * waits for. A replay goes from one machine to the next at random positions, under another engine each time.
 */
@Tag("slow")
class LinuxMovesTest
{
    private static final Path TINY = Path.of("../guests/linux/tiny");
    private static final int MEMORY_BYTES = 32 << 20;
    private static final long SEED = 21;
    private static final String COMMAND_LINE = "console=hvc0 net=10.0.2.15/24 understudy.kv=off understudy.run=\"" +
        "i=0; while [ $i -lt 6 ]; do " +
        "dd if=/dev/urandom of=/dev/vda bs=4k count=8 seek=$((i*8)) conv=fsync 2>/dev/null; " +
        "echo 1 > /proc/sys/vm/drop_caches; dd if=/dev/vda bs=4k count=8 skip=$((i*7)) 2>/dev/null | sha256sum; " +
        "i=$((i+1)); done\"";

    private static final MacAddress GUEST_MAC = MacAddress.parse("52:54:00:12:34:56");
    private static final byte[] GUEST_ADDRESS = {10, 0, 2, 15};
    private static final byte[] OUR_MAC = {2, 0, 0, 0, 0, 1};
    private static final byte[] OUR_ADDRESS = {10, 0, 2, 2};
    private static final int PING_BYTES = 300;

    /** A nanosecond an instruction. */
    private static final long SLICE_NS = Recorder.SLICE_INSTRUCTIONS;
    private static final long DIGEST_INTERVAL_NS = 20_000_000;

    /** Of so many chances to move one is taken: some of them while Linux boots, and some while it works. */
    private static final int MOVE_ONE_IN = 250;

    /** The position of the first command, about. */
    private static final long BOOTED = 90_000_000;

    @TempDir
    private Path temp;

    private final Random random = new Random(SEED);
    private long nowNs;
    private int frames;

    @Test
    void anotherMachineMayGoOnAnywhereFromTheSavedState() throws IOException
    {
        final MachineConfiguration configuration = new MachineConfiguration(
            MEMORY_BYTES,
            MachineConfiguration.DEFAULT_VSOCK_CID,
            Files.readAllBytes(TINY.resolve("Image.gz")),
            Files.readAllBytes(TINY.resolve("initramfs.cpio.gz")),
            COMMAND_LINE,
            List.of(new DriveConfiguration(TestDrive.BYTES, false, true, "moved")),
            GUEST_MAC);
        final Path directory = temp.resolve("journal");
        final TestDrive recordedDrive = new TestDrive();
        final Outputs recorded = new Outputs();
        final long digest;
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            final Machine machine = new Machine(configuration, recorded, recordedDrive);
            record(new Recorder(machine, EventLog.to(writer), () -> nowNs, DIGEST_INTERVAL_NS));
            digest = machine.digest();
        }
        assertThat(recorded.console.toString(StandardCharsets.US_ASCII)).containsPattern("[0-9a-f]{64}  -");
        assertThat(recorded.frames.size()).as("answers to %d frames", frames).isGreaterThan(50 * PING_BYTES);

        final TestDrive drive = new TestDrive();
        final Outputs replayed = new Outputs();
        final Queue<BlockRequest> waiting = new ArrayDeque<>();
        final StateMoves moves = new StateMoves(engine ->
        {
            waiting.clear();
            return new Machine(configuration, replayed, waiting::add, engine);
        }, awaited -> drive.submit(waiting.remove()), MOVE_ONE_IN, SEED, temp.resolve("store"));
        final Machine last = moves.replay(directory);

        assertThat(moves.replayer().outcome()).isEqualTo(Outcome.SHUTDOWN);
        assertThat(moves.movesBefore(BOOTED)).as("while Linux boots").isGreaterThan(10);
        assertThat(moves.moves() - moves.movesBefore(BOOTED)).as("while Linux works").isGreaterThan(10);
        assertThat(last.digest()).isEqualTo(digest);
        assertThat(replayed.console.toByteArray()).isEqualTo(recorded.console.toByteArray());
        assertThat(replayed.frames.toByteArray()).isEqualTo(recorded.frames.toByteArray());
        assertThat(drive.content()).isEqualTo(recordedDrive.content()).isNotEqualTo(new TestDrive().content());
    }

    private void record(final Recorder recorder)
    {
        RunState state = recorder.runSlice();
        for (int i = 0; !state.isEnd(); i++)
        {
            if (recorder.blockRequest(0) != null && random.nextInt(3) == 0)
            {
                recorder.blockCompletion(0);
            }
            final int wanted = recorder.entropyWanted();
            if (wanted > 0 && random.nextInt(3) == 0)
            {
                final byte[] bytes = new byte[wanted];
                random.nextBytes(bytes);
                recorder.receiveEntropy(bytes, wanted);
            }
            if (recorder.isNetworkUsed() && recorder.canTakeFrame() && random.nextInt(8) == 0)
            {
                // Now and then who we are; all other frames are answered to that address.
                final byte[] frame = frames++ % 16 == 0 ? arpRequest() : ping(frames);
                recorder.receiveFrame(frame, 0, frame.length);
            }
            nowNs += state == RunState.IDLE && recorder.blockRequest(0) == null ?
                Math.min(10 * SLICE_NS, recorder.idleNs() + 1) : random.nextLong(2 * SLICE_NS);
            state = recorder.runSlice();
            assertThat(i).as("slices, after which Linux should have ended").isLessThan(200_000);
        }
        assertThat(state).isEqualTo(RunState.SHUTDOWN);
    }

    private static byte[] arpRequest()
    {
        return ByteBuffer.allocate(60).put(GUEST_MAC.bytes()).put(OUR_MAC).putShort((short)0x0806)
            .putShort((short)1).putShort((short)0x0800).put((byte)6).put((byte)4).putShort((short)1)
            .put(OUR_MAC).put(OUR_ADDRESS).put(new byte[6]).put(GUEST_ADDRESS).array();
    }

    private static byte[] ping(final int number)
    {
        final ByteBuffer frame = ByteBuffer.allocate(14 + 20 + PING_BYTES);
        frame.put(GUEST_MAC.bytes()).put(OUR_MAC).putShort((short)0x0800);
        frame.put((byte)0x45).put((byte)0).putShort((short)(20 + PING_BYTES)).putInt(0)
            .put((byte)64).put((byte)1).putShort((short)0).put(OUR_ADDRESS).put(GUEST_ADDRESS);
        frame.putShort(24, checksum(frame, 14, 20));
        frame.putShort((short)0x0800).putShort((short)0).putShort((short)1).putShort((short)number);
        frame.putShort(36, checksum(frame, 34, PING_BYTES));
        return frame.array();
    }

    /** RFC 1071. */
    private static short checksum(final ByteBuffer of, final int from, final int length)
    {
        int sum = 0;
        for (int at = from; at < from + length; at += Short.BYTES)
        {
            sum += of.getShort(at) & 0xFFFF;
        }
        sum = (sum & 0xFFFF) + (sum >>> 16);
        return (short)~((sum & 0xFFFF) + (sum >>> 16));
    }

    private static Genesis genesis()
    {
        return new Genesis("test", MEMORY_BYTES, 3, "tiny", new byte[32], null, null, "", new byte[32], 1, 0);
    }

    private static final class Outputs implements OutputSink
    {
        private final ByteArrayOutputStream console = new ByteArrayOutputStream();
        private final ByteArrayOutputStream frames = new ByteArrayOutputStream();

        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            console.write(data, offset, length);
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
            frames.write(frame, offset, length);
        }
    }
}
