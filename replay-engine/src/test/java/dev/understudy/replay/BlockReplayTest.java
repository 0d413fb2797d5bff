package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockRequests;
import dev.understudy.journal.BlockOutcome;
import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.EventType;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest that uses a drive is recorded, with completions at any time, and replayed on a drive of its own. */
class BlockReplayTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final Path GUEST = Path.of("../guests/tests/block_rounds.elf");
    private static final int MEMORY_BYTES = 16 << 20;

    @TempDir
    private Path temp;

    private long nowNs;

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void replayWritesToItsOwnDriveWhatWasWrittenAndReachesTheSameDigest(final EngineKind recording) throws IOException
    {
        for (int seed = 0; seed < 2; seed++)
        {
            final Path directory = temp.resolve("journal-" + seed);
            final TestDrive recorded = new TestDrive();
            final long digest = record(directory, recorded, seed, recording);

            for (final EngineKind engine : EngineKind.values())
            {
                final TestDrive own = new TestDrive();
                final Machine machine = machine(own, engine);
                final Replayer replayer = replay(directory, machine);

                assertThat(replayer.outcome()).as("%s", engine).isEqualTo(Outcome.SHUTDOWN);
                assertThat(machine.digest()).as("%s", engine).isEqualTo(digest);
                assertThat(own.content()).isEqualTo(recorded.content()).isNotEqualTo(new TestDrive().content());
                assertThat(replayer.digestsCompared()).isPositive();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void replayWaitsUntilItsOwnDriveHasDoneTheRequest(final EngineKind engine) throws IOException
    {
        final Path directory = temp.resolve("journal");
        final long digest = record(directory, new TestDrive(), 9);
        // A drive that does nothing until it is waited for.
        final TestDrive lazy = new TestDrive();
        final Queue<BlockRequest> waiting = new ArrayDeque<>();
        final Machine machine = machine(waiting::add, engine);
        final Replayer replayer = new Replayer(machine, awaited ->
        {
            while (!waiting.isEmpty() && waiting.peek().number() <= awaited.number())
            {
                lazy.submit(waiting.remove());
            }
        });
        replay(directory, replayer);
        assertThat(machine.digest()).isEqualTo(digest);
    }

    @Test
    void anotherEngineMayGoOnAnywhere() throws IOException
    {
        final Path directory = temp.resolve("journal");
        final TestDrive recorded = new TestDrive();
        final long digest = record(directory, recorded, 5);

        final TestDrive own = new TestDrive();
        final Machine machine = machine(own);
        final EngineSwitches switches = new EngineSwitches(machine, 5);
        final Replayer replayer = switches.replay(directory);
        assertThat(replayer.outcome()).isEqualTo(Outcome.SHUTDOWN);
        assertThat(replayer.digestsCompared()).isPositive();
        assertThat(machine.digest()).isEqualTo(digest);
        assertThat(own.content()).isEqualTo(recorded.content());
        assertThat(switches.translatedInstructions()).isGreaterThan(machine.position() / 100);
    }

    @Tag("slow")
    @Test
    void anotherMachineMayGoOnAnywhereFromTheSavedState() throws IOException
    {
        final Path directory = temp.resolve("journal");
        final TestDrive recorded = new TestDrive();
        final long digest = record(directory, recorded, 6);

        // What is on the drive is what was completed: the next machine asks for the rest again.
        final TestDrive own = new TestDrive();
        final Queue<BlockRequest> waiting = new ArrayDeque<>();
        final StateMoves moves = new StateMoves(engine ->
        {
            waiting.clear();
            return machine(waiting::add, engine);
        }, awaited -> own.submit(waiting.remove()), 16, 6, directory.resolveSibling("moved"));
        final Machine machine = moves.replay(directory);
        assertThat(moves.moves()).isGreaterThan(20);
        assertThat(moves.replayer().outcome()).isEqualTo(Outcome.SHUTDOWN);
        assertThat(machine.digest()).isEqualTo(digest);
        assertThat(own.content()).isEqualTo(recorded.content());
    }

    @Test
    void aBitOfTheImageThatTheGuestReadsAndThatDiffersIsADivergence() throws IOException
    {
        final Path directory = temp.resolve("journal");
        record(directory, new TestDrive(), 1);
        final TestDrive changed = new TestDrive();
        changed.content()[500 * 512 + 17] ^= 4;

        assertThatThrownBy(() -> replay(directory, machine(changed)))
            .isInstanceOf(DivergenceException.class).hasMessageContaining("digest");
    }

    @Test
    void completionOfARequestThatTheGuestDoesNotWaitForIsADivergence() throws IOException
    {
        final Path directory = temp.resolve("journal");
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            writer.append(EVENTS.blockCompletion(0, 0, 0, 0, 0, BlockOutcome.OK));
        }
        assertThatThrownBy(() -> replay(directory, machine(new TestDrive())))
            .isInstanceOf(DivergenceException.class).hasMessageContaining("drive 0").hasMessageContaining("none");
    }

    private long record(final Path directory, final TestDrive drive, final long seed) throws IOException
    {
        return record(directory, drive, seed, EngineKind.MIXED);
    }

    private long record(final Path directory, final TestDrive drive, final long seed, final EngineKind engine)
        throws IOException
    {
        final Random random = new Random(seed);
        final Machine machine = machine(drive, engine);
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            final Recorder recorder = new Recorder(machine, EventLog.to(writer), () -> nowNs, 3_000_000);
            RunState state = recorder.runSlice();
            for (int i = 0; !state.isEnd(); i++)
            {
                while (recorder.blockRequest(0) != null && random.nextInt(3) == 0)
                {
                    recorder.blockCompletion(0);
                }
                nowNs += random.nextInt(300_000);
                state = recorder.runSlice();
                assertThat(i).isLessThan(1_000_000);
            }
            assertThat(state).isEqualTo(RunState.SHUTDOWN);
        }
        return machine.digest();
    }

    private static Replayer replay(final Path directory, final Machine machine)
    {
        return replay(directory, new Replayer(machine));
    }

    private static Replayer replay(final Path directory, final Replayer replayer)
    {
        int completions = 0;
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                replayer.apply(scan.entry());
                completions += scan.entry().type() == EventType.BLOCK_COMPLETION ? 1 : 0;
            }
            assertThat(scan.damage()).isNull();
        }
        assertThat(completions).isGreaterThan(500);
        return replayer;
    }

    private static Machine machine(final BlockRequests drive)
    {
        return machine(drive, EngineKind.MIXED);
    }

    private static Machine machine(final BlockRequests drive, final EngineKind engine)
    {
        return new Machine(
            new MachineConfiguration(
                MEMORY_BYTES, 3, guest(), null, "", List.of(TestDrive.CONFIGURATION)),
            new OutputSink()
            {
                @Override
                public void sendConsole(final byte[] data, final int offset, final int length)
                {
                }

                @Override
                public void sendVsock(final byte[] packet, final int offset, final int length)
                {
                }

                @Override
                public void sendFrame(final byte[] frame, final int offset, final int length)
                {
                }
            },
            drive,
            engine);
    }

    private static byte[] guest()
    {
        try
        {
            return Files.readAllBytes(GUEST);
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    private static Genesis genesis()
    {
        return new Genesis("test", MEMORY_BYTES, 3, "block_rounds", new byte[32], null, null, "", new byte[32], 1, 0);
    }
}
