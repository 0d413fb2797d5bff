package dev.understudy.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The small test guests print here what they print on QEMU, and their recordings, made under each engine, replay under each
 * to the same digests.
 */
class GuestProgramsTest
{
    private static final Path GUESTS = Path.of("../guests/tests");
    private static final int MEMORY_BYTES = 64 << 20;
    private static final long MAX_POSITION = 4_000_000_000L;

    /** Ask for input, do not end, or end in a way that has a test of its own. */
    private static final List<String> SPECIAL = List.of("console_echo", "loop", "trap_loop");

    /** End on purpose with a failure. */
    private static final List<String> FAILING = List.of("crash");

    /** A digest at the end of each slice. */
    private static final long DIGEST_INTERVAL_NS = 1;

    /** From machine to machine, about. */
    private static final int MOVES = 12;

    @TempDir
    private Path temp;

    private long nowNs;

    /** Each program, and each engine that it is recorded under. */
    static Stream<Arguments> recordings() throws IOException
    {
        try (Stream<Path> files = Files.list(GUESTS.resolve("expected")))
        {
            return files.map(file -> file.getFileName().toString().replace(".txt", ""))
                .filter(name -> !SPECIAL.contains(name)).sorted().toList().stream()
                .flatMap(name -> Stream.of(EngineKind.values()).map(engine -> Arguments.of(name, engine)));
        }
    }

    @Tag("slow")
    @ParameterizedTest
    @MethodSource("recordings")
    void programPrintsWhatItPrintsOnQemuAndReplays(final String name, final EngineKind recording) throws IOException
    {
        final Path directory = temp.resolve(name);
        final Console recorded = new Console();
        final Machine machine = machine(name, recorded, recording);
        assertThat(record(directory, machine))
            .isEqualTo(FAILING.contains(name) ? RunState.FAILURE : RunState.SHUTDOWN);
        assertThat(recorded.text()).isEqualTo(expected(name));

        for (final EngineKind engine : EngineKind.values())
        {
            final Console replayed = new Console();
            final Machine again = machine(name, replayed, engine);
            final Replayer replayer = replay(directory, again);
            assertThat(replayer.outcome()).as("%s", engine)
                .isEqualTo(FAILING.contains(name) ? Outcome.FAILURE : Outcome.SHUTDOWN);
            assertThat(replayed.text()).as("%s", engine).isEqualTo(recorded.text());
            assertThat(again.digest()).as("%s", engine).isEqualTo(machine.digest());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"block_reboot", "clock", "crash", "entropy", "page_fault", "rtc", "sbi", "smc", "timer", "user", "wfi"})
    void anotherEngineMayGoOnAnywhere(final String name) throws IOException
    {
        final Path directory = temp.resolve(name);
        final Machine machine = machine(name, new Console());
        final Outcome end = Outcome.valueOf(record(directory, machine).name());
        final Machine switched = machine(name, new Console());
        assertThat(new EngineSwitches(switched, 1).replay(directory).outcome()).isEqualTo(end);
        assertThat(switched.digest()).isEqualTo(machine.digest());
    }

    @Tag("slow")
    @ParameterizedTest
    @ValueSource(strings = {"clock", "crash", "entropy", "page_fault", "sbi", "smc", "timer", "user", "wfi"})
    void anotherMachineMayGoOnAnywhereFromTheSavedState(final String name) throws IOException
    {
        final Path directory = temp.resolve(name);
        final Console recorded = new Console();
        final Machine machine = machine(name, recorded);
        final Outcome end = Outcome.valueOf(record(directory, machine).name());
        final byte[] kernel = Files.readAllBytes(GUESTS.resolve(name + ".elf"));
        final Console replayed = new Console();
        final StateMoves moves = new StateMoves(
            engine -> machine(kernel, List.of(), replayed, engine), request -> {}, 1 + entries(directory) / MOVES, 1,
            directory.resolveSibling("moved-" + directory.getFileName()));
        assertThat(moves.replay(directory).digest()).isEqualTo(machine.digest());
        assertThat(moves.replayer().outcome()).isEqualTo(end);
        assertThat(moves.moves()).isPositive();
        assertThat(replayed.text()).isEqualTo(recorded.text());
    }

    @Test
    void guestWhoseTrapHandlerTrapsIsReportedAsCrashedAndReplaysSo() throws IOException
    {
        final Path directory = temp.resolve("trap_loop");
        final Machine machine = machine("trap_loop", new Console());
        assertThat(record(directory, machine)).isEqualTo(RunState.CRASHED);
        assertThat(machine.crash()).contains("trap handler");
        for (final EngineKind engine : EngineKind.values())
        {
            final Machine again = machine("trap_loop", new Console(), engine);
            assertThat(replay(directory, again).outcome()).as("%s", engine).isEqualTo(Outcome.CRASHED);
            assertThat(again.digest()).as("%s", engine).isEqualTo(machine.digest());
        }
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void endlessLoopStopsExactlyWhereItIsTold(final EngineKind engine) throws IOException
    {
        final Machine machine = machine("loop", new Console(), engine);
        for (final long position : new long[]{1, 2, 1_000, 1_000_003, 50_000_017})
        {
            machine.run(position);
            assertThat(machine.position()).isEqualTo(position);
        }
    }

    private RunState record(final Path directory, final Machine machine) throws IOException
    {
        try (JournalWriter writer = JournalWriter.create(directory, genesis(), JournalOptions.defaults()))
        {
            return run(new Recorder(machine, EventLog.to(writer), () -> nowNs, DIGEST_INTERVAL_NS));
        }
    }

    private RunState run(final Recorder recorder)
    {
        final byte[] random = new byte[4096];
        RunState state = recorder.runSlice();
        while (!state.isEnd())
        {
            final int wanted = recorder.entropyWanted();
            if (recorder.driveCount() > 0 && recorder.blockRequest(0) != null)
            {
                recorder.blockCompletion(0);
            }
            else if (wanted > 0)
            {
                new Random(nowNs).nextBytes(random);
                recorder.receiveEntropy(random, wanted);
            }
            else
            {
                nowNs += state == RunState.IDLE && recorder.idleNs() < Long.MAX_VALUE ? recorder.idleNs() + 1 : 100_000;
            }
            state = recorder.runSlice();
            assertThat(nowNs).as("the guest should have ended").isLessThan(MAX_POSITION * 10);
        }
        return state;
    }

    private static int entries(final Path directory)
    {
        int entries = 0;
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                entries++;
            }
        }
        return entries;
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

    private static Machine machine(final String name, final OutputSink sink) throws IOException
    {
        return machine(name, sink, EngineKind.MIXED);
    }

    private static Machine machine(final String name, final OutputSink sink, final EngineKind engine)
        throws IOException
    {
        final List<DriveConfiguration> drives =
            name.startsWith("block") ? List.of(TestDrive.CONFIGURATION) : List.of();
        return machine(Files.readAllBytes(GUESTS.resolve(name + ".elf")), drives, sink, engine);
    }

    private static Machine machine(
        final byte[] kernel, final List<DriveConfiguration> drives, final OutputSink sink, final EngineKind engine)
    {
        return new Machine(
            new MachineConfiguration(MEMORY_BYTES, 3, kernel, null, "", drives), sink, new TestDrive(), engine);
    }

    private static String expected(final String name) throws IOException
    {
        return Files.readString(GUESTS.resolve("expected").resolve(name + ".txt"), StandardCharsets.US_ASCII);
    }

    private static Genesis genesis()
    {
        return new Genesis("test", MEMORY_BYTES, 3, "test", new byte[32], null, null, "", new byte[32], 1, 0);
    }

    private static final class Console implements OutputSink
    {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            bytes.write(data, offset, length);
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
        }

        String text()
        {
            return bytes.toString(StandardCharsets.US_ASCII);
        }
    }
}
