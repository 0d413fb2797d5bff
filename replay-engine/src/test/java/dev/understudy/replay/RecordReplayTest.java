package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequests;
import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Records the bundled key-value guest under a clock and a client that follow a seed, under each engine, and replays it
 * under each.
 */
class RecordReplayTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final Path KV = Path.of("../guests/kv/kv.elf");
    private static final Path HELLO = Path.of("../guests/tests/hello.elf");
    private static final int MEMORY_BYTES = 16 << 20;
    private static final int REQUESTS = 400;

    @TempDir
    private Path temp;

    private long nowNs = 1_000_000_000;
    private Runnable afterEachSlice = () -> {};

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void recordingOfAServedClientReplaysToTheSameDigest(final EngineKind recording) throws IOException
    {
        final Path directory = temp.resolve("journal");
        final Outputs recorded = new Outputs();
        final long digest = record(directory, recorded, 42, recording);

        assertThat(recorded.packets.toString(StandardCharsets.ISO_8859_1)).contains("+OK").contains(":" + REQUESTS / 2);
        for (final EngineKind engine : EngineKind.values())
        {
            final Outputs replayed = new Outputs();
            final Machine machine = machine(KV, replayed, engine);
            final Replayer replayer = replay(directory, machine);

            assertThat(replayer.outcome()).as("%s", engine).isEqualTo(Outcome.STOPPED);
            assertThat(machine.digest()).as("%s", engine).isEqualTo(digest);
            assertThat(replayed.packets.toByteArray()).isEqualTo(recorded.packets.toByteArray());
            assertThat(replayed.console.toByteArray()).isEqualTo(recorded.console.toByteArray());
            assertThat(replayer.digestsCompared()).isGreaterThan(2);
        }
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void digestDependsOnThePositionAlone(final EngineKind engine) throws IOException
    {
        final Path directory = temp.resolve("journal");
        record(directory, new Outputs(), 7, EngineKind.MIXED);
        final Machine whole = machine(KV, new Outputs());
        replay(directory, whole);

        final Machine sliced = machine(KV, new Outputs(), engine);
        final Replayer replayer = new Replayer(sliced);
        final Random random = new Random(7);
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                while (sliced.position() < scan.entry().position() &&
                    sliced.run(Math.min(scan.entry().position(), sliced.position() + 1 + random.nextInt(5_000))) ==
                        RunState.RUNNING)
                {
                    if (random.nextInt(8) == 0)
                    {
                        sliced.digest();
                    }
                }
                replayer.apply(scan.entry());
            }
        }
        assertThat(sliced.digest()).isEqualTo(whole.digest());
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void aReplayGetsOnByOneInstruction(final EngineKind engine) throws IOException
    {
        final Path directory = temp.resolve("journal");
        final long digest = record(directory, new Outputs(), 17, EngineKind.MIXED);
        final Machine machine = machine(KV, new Outputs(), engine);
        final Replayer replayer = new Replayer(machine);
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                while (machine.position() < scan.entry().position())
                {
                    final long position = machine.position();
                    assertThat(replayer.advance(scan.entry(), 1)).isEqualTo(position + 1 == scan.entry().position());
                    assertThat(machine.position()).isEqualTo(position + 1);
                }
                assertThat(replayer.advance(scan.entry(), 1)).isTrue();
                replayer.apply(scan.entry());
            }
        }
        assertThat(machine.digest()).isEqualTo(digest);
    }

    /** While it is recorded and while it is replayed, where the guest, its devices and its interrupts happen to be. */
    @Test
    void anotherEngineMayGoOnAnywhere() throws IOException
    {
        final Path directory = temp.resolve("journal");
        final Outputs recorded = new Outputs();
        final Machine machine = machine(KV, recorded);
        final EngineSwitches switches = new EngineSwitches(machine, 11);
        afterEachSlice = switches::next;
        record(directory, machine, 11);
        assertThat(switches.translatedInstructions()).isGreaterThan(machine.position() / 100);
        for (final EngineKind engine : EngineKind.values())
        {
            final Machine whole = machine(KV, new Outputs(), engine);
            replay(directory, whole);
            assertThat(whole.digest()).as("%s", engine).isEqualTo(machine.digest());
        }

        final Outputs replayed = new Outputs();
        final Machine switched = machine(KV, replayed);
        final EngineSwitches replay = new EngineSwitches(switched, 12);
        assertThat(replay.replay(directory).digestsCompared()).isGreaterThan(2);
        assertThat(replay.translatedInstructions()).isGreaterThan(machine.position() / 100);
        assertThat(switched.digest()).isEqualTo(machine.digest());
        assertThat(replayed.packets.toByteArray()).isEqualTo(recorded.packets.toByteArray());
    }

    /** By leaps, by single instructions and entry by entry: a place has one digest. */
    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void aSessionReachesEachPlaceByWhateverWay(final EngineKind engine) throws IOException
    {
        final Path directory = temp.resolve("journal");
        final long digest = record(directory, new Outputs(), 17, EngineKind.MIXED);
        final Random random = new Random(17);
        try (ReplaySession leaps = session(directory, engine);
            ReplaySession walk = session(directory, EngineKind.MIXED);
            ReplaySession entries = session(directory, engine))
        {
            while (leaps.nextEntry() != null)
            {
                final long place = leaps.position() + 1 + random.nextInt(60_000);
                final boolean isThere = leaps.advanceTo(place);
                final long last = leaps.nextSequence() - 1;
                assertThat(entries.advanceToEntry(last)).isTrue();
                assertThat(entries.position()).isLessThanOrEqualTo(leaps.position());
                if (!isThere)
                {
                    break;
                }
                assertThat(walk.advanceTo(place - 40)).isTrue();
                for (long step = place - 39; step <= place; step++)
                {
                    assertThat(walk.advanceBefore(step)).isTrue();
                    assertThat(walk.position()).isEqualTo(step);
                    assertThat(walk.advanceTo(step)).isTrue();
                }
                assertThat(entries.advanceTo(place)).isTrue();
                assertThat(walk.machine().digest()).as("%d", place).isEqualTo(leaps.machine().digest());
                assertThat(entries.machine().digest()).as("%d", place).isEqualTo(leaps.machine().digest());
                assertThat(walk.nextSequence()).isEqualTo(leaps.nextSequence());
            }
            assertThat(leaps.outcome()).isEqualTo(Outcome.STOPPED);
            assertThat(leaps.machine().digest()).isEqualTo(digest);
            assertThat(leaps.advanceToEntry(Long.MAX_VALUE - 1)).isFalse();
        }
    }

    private static ReplaySession session(final Path directory, final EngineKind engine) throws IOException
    {
        return new ReplaySession(JournalScan.open(directory), machine(KV, new Outputs(), engine), request -> {});
    }

    @Tag("slow")
    @Test
    void anotherMachineMayGoOnAnywhereFromTheSavedState() throws IOException
    {
        final Path directory = temp.resolve("journal");
        final Outputs recorded = new Outputs();
        final long digest = record(directory, recorded, 13, EngineKind.MIXED);

        final Outputs replayed = new Outputs();
        final byte[] kernel = Files.readAllBytes(KV);
        final StateMoves moves = new StateMoves(
            engine -> new Machine(
                new MachineConfiguration(MEMORY_BYTES, 3, kernel, null, ""), replayed, BlockRequests.none(), engine),
            request -> {}, 16, 13, directory.resolveSibling("moved"));
        assertThat(moves.replay(directory).digest()).isEqualTo(digest);
        assertThat(moves.moves()).isGreaterThan(20);
        assertThat(replayed.packets.toByteArray()).isEqualTo(recorded.packets.toByteArray());
    }

    @Test
    void inputThatWasNotRecordedIsADivergenceAtTheNextDigest() throws IOException
    {
        final Path directory = temp.resolve("journal");
        record(directory, new Outputs(), 3, EngineKind.MIXED);
        final Machine machine = machine(KV, new Outputs());
        final Replayer replayer = new Replayer(machine);
        assertThatThrownBy(() ->
        {
            try (JournalScan scan = JournalScan.open(directory))
            {
                while (scan.next())
                {
                    replayer.apply(scan.entry());
                    if (scan.entry().sequence() == 100)
                    {
                        machine.receiveConsole(new byte[]{'x'}, 0, 1);
                    }
                }
            }
        }).isInstanceOf(DivergenceException.class).hasMessageContaining("digest of the machine");
    }

    @Test
    void outputThatDiffersIsADivergenceAtTheNextEntry() throws IOException
    {
        final Path directory = temp.resolve("journal");
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            final Machine machine = machine(HELLO, new Outputs());
            final RunState state = machine.run(Long.MAX_VALUE);
            writer.append(EVENTS.closed(machine.position(), 0, machine.outputs() + 1, Outcome.valueOf(state.name()), machine.digest()));
        }
        assertThatThrownBy(() -> replay(directory, machine(HELLO, new Outputs())))
            .isInstanceOf(DivergenceException.class)
            .hasMessageContaining("entry 1").hasMessageContaining("outputs");
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void takeoverResetsTheConnectionsInTheReplayToo(final EngineKind recording) throws IOException
    {
        final Path directory = temp.resolve("journal");
        final Outputs outputs = new Outputs();
        final Machine machine = machine(KV, outputs, recording);
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            final Recorder recorder = new Recorder(machine, EventLog.to(writer), () -> nowNs, 1_000_000);
            untilIdle(recorder);
            send(recorder, VsockHeader.OP_REQUEST, 9000, "");
            send(recorder, VsockHeader.OP_RW, 9000, "SET k v\r\n");
            recorder.generation(2, GenerationCause.PROMOTED, "b");
            untilIdle(recorder);
            send(recorder, VsockHeader.OP_RW, 9000, "GET k\r\n");
            send(recorder, VsockHeader.OP_REQUEST, 9001, "");
            send(recorder, VsockHeader.OP_RW, 9001, "GET k\r\n");
            recorder.stop();
        }
        for (final EngineKind engine : EngineKind.values())
        {
            final Machine replayed = machine(KV, new Outputs(), engine);
            replay(directory, replayed);
            assertThat(replayed.digest()).as("%s", engine).isEqualTo(machine.digest());
        }
        final String sent = outputs.packets.toString(StandardCharsets.ISO_8859_1);
        assertThat(sent).containsOnlyOnce("$1\r\nv\r\n");
    }

    private long record(final Path directory, final Outputs outputs, final long seed, final EngineKind engine)
        throws IOException
    {
        final Machine machine = machine(KV, outputs, engine);
        record(directory, machine, seed);
        return machine.digest();
    }

    private void record(final Path directory, final Machine machine, final long seed) throws IOException
    {
        final Random random = new Random(seed);
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            final Recorder recorder = new Recorder(machine, EventLog.to(writer), () -> nowNs, 3_000_000);
            recorder.date(Instant.EPOCH.plusNanos(seed));
            untilIdle(recorder);
            for (int port = 5000; port < 5008; port++)
            {
                send(recorder, VsockHeader.OP_REQUEST, port, "");
            }
            for (int i = 0; i < REQUESTS; i++)
            {
                nowNs += random.nextInt(200_000);
                final String request = i % 2 == 0 ? "INCR counter\r\n" : "SET key" + random.nextInt(50) + " " + i + "\r\n";
                final int port = 5000 + random.nextInt(8);
                recorder.receiveVsock(packet(VsockHeader.OP_RW, port, request), 0, VsockHeader.BYTES + request.length());
                if (random.nextBoolean())
                {
                    untilIdle(recorder);
                }
            }
            untilIdle(recorder);
            recorder.stop();
        }
    }

    private void send(final Recorder recorder, final int op, final int port, final String payload)
    {
        recorder.receiveVsock(packet(op, port, payload), 0, VsockHeader.BYTES + payload.length());
        untilIdle(recorder);
    }

    private void untilIdle(final Recorder recorder)
    {
        for (int i = 0; recorder.runSlice() == RunState.RUNNING; i++)
        {
            nowNs += 70_000;
            afterEachSlice.run();
            assertThat(i).isLessThan(10_000);
        }
    }

    private static Replayer replay(final Path directory, final Machine machine)
    {
        final Replayer replayer = new Replayer(machine);
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                replayer.apply(scan.entry());
            }
            assertThat(scan.damage()).isNull();
        }
        return replayer;
    }

    private static Machine machine(final Path kernel, final OutputSink sink) throws IOException
    {
        return machine(kernel, sink, EngineKind.MIXED);
    }

    private static Machine machine(final Path kernel, final OutputSink sink, final EngineKind engine)
        throws IOException
    {
        return new Machine(new MachineConfiguration(MEMORY_BYTES, 3, Files.readAllBytes(kernel), null, ""), sink,
            BlockRequests.none(), engine);
    }

    private static Genesis genesis()
    {
        return new Genesis("test", MEMORY_BYTES, 3, "kv", new byte[32], null, null, "", new byte[32], 1, 0);
    }

    private static byte[] packet(final int op, final int hostPort, final String payload)
    {
        final byte[] bytes = new byte[VsockHeader.BYTES + payload.length()];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
            .putLong(VsockHeader.HOST_CID).putLong(3).putInt(hostPort).putInt(6379).putInt(payload.length())
            .putShort((short)VsockHeader.TYPE_STREAM).putShort((short)op).putInt(0).putInt(256 << 10).putInt(0)
            .put(payload.getBytes(StandardCharsets.US_ASCII));
        return bytes;
    }

    private static final class Outputs implements OutputSink
    {
        private final ByteArrayOutputStream console = new ByteArrayOutputStream();
        private final ByteArrayOutputStream packets = new ByteArrayOutputStream();

        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            console.write(data, offset, length);
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
            packets.write(packet, offset, length);
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
        }
    }
}
