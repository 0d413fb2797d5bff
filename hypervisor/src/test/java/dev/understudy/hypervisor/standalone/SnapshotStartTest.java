package dev.understudy.hypervisor.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.guest.RunState;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.snapshot.SnapshotKeeping;
import dev.understudy.hypervisor.snapshot.SnapshotPlace;
import dev.understudy.hypervisor.snapshot.SnapshotTaker;
import dev.understudy.hypervisor.snapshot.SnapshotUsageException;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalVerifier;
import dev.understudy.journal.JournalWriter;
import dev.understudy.replay.EventLog;
import dev.understudy.replay.snapshot.SnapshotInfo;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SnapshotStartTest
{
    private static final Path ROUNDS = Path.of("../guests/tests/block_rounds.elf");
    private static final Path ECHO = Path.of("../guests/tests/console_echo.elf");
    private static final int PIPE_BYTES = 1 << 20;
    private static final long MEMORY_BYTES = 16 << 20;

    @TempDir
    private Path directory;

    private Path store;

    @BeforeEach
    void chooseStore()
    {
        store = directory.resolve("store");
    }

    /** A guest at a keyboard, which is recorded. */
    private final class Recording implements AutoCloseable
    {
        private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
        private final PipedOutputStream typed = new PipedOutputStream();
        private final ExecutorService agent = Executors.newSingleThreadExecutor();
        private final JournalWriter writer;
        private final SnapshotTaker taker;
        private final Future<RunState> end;

        Recording(final Path journal, final GuestImage image, final GuestStart start, final long everyMs)
            throws IOException
        {
            this(journal, image, start, everyMs, 0);
        }

        /** @param keep snapshots that stay, and what the journal has from them on; 0 for all */
        Recording(
            final Path journal, final GuestImage image, final GuestStart start, final long everyMs, final int keep)
            throws IOException
        {
            final Genesis genesis = image.genesis("echo");
            writer = JournalWriter.createUnstarted(
                journal, genesis, JournalOptions.defaults().rollingAt(JournalOptions.MIN_FILE_BYTES));
            taker = new SnapshotTaker(journal,
                SnapshotPlace.ofRecording(journal, store, "echo", writer.chainHigh()),
                image, genesis, everyMs, keep == 0 ? SnapshotKeeping.all() : new SnapshotKeeping(keep, writer), start.isSnapshot(), InstantSource.system(), notice -> {});
            final StandaloneGuest guest = new StandaloneGuest(image, start, EngineKind.MIXED, List.of(), Netdev.none(),
                taker.opening((i, drive) -> (OverlayImage)start.openDrive(i, drive), start.snapshot()),
                new Terminal(new PipedInputStream(typed, PIPE_BYTES), shown), -1, InstantSource.system(), notice -> {});
            end = agent.submit(() -> guest.run(EventLog.to(writer), taker::attach, () ->
            {
                writer.start();
                taker.start();
            }));
        }

        /** Types a line, or many, and waits for the last answer. */
        void say(final String... lines) throws Exception
        {
            final int before = shown.size();
            final String answer = "echo: " + lines[lines.length - 1] + "\n";
            typed.write((String.join("\n", lines) + "\n").getBytes(StandardCharsets.US_ASCII));
            typed.flush();
            while (shown.size() < before + answer.length() || !shown.toString(StandardCharsets.US_ASCII).endsWith(answer))
            {
                Thread.sleep(1);
            }
        }

        void quit() throws Exception
        {
            typed.write("quit\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(end.get()).isEqualTo(RunState.SHUTDOWN);
        }

        @Override
        public void close() throws IOException
        {
            taker.close();
            writer.close();
            agent.shutdownNow();
        }
    }

    @Test
    void aGuestGoesOnFromASnapshotOfASnapshotAndIsReplayedFromEach() throws Exception
    {
        GuestImage image = GuestImage.read(ECHO, null, null, MEMORY_BYTES, List.of(), null);
        GuestStart start = GuestStart.boot();
        long positionBefore = -1;
        for (int generation = 0; generation < 3; generation++)
        {
            final Path journal = directory.resolve("journal" + generation);
            try (Recording recording = new Recording(journal, image, start, 0))
            {
                recording.say("first" + generation);
                assertThat(SnapshotTaker.ask(journal, "one")).startsWith("snapshot one at position ");
                assertThatThrownBy(() -> SnapshotTaker.ask(journal, "one"))
                    .isInstanceOf(SnapshotUsageException.class).hasMessageContaining("exists already");
                recording.say("second" + generation);
                recording.quit();
            }
            final StoredSnapshot one = SnapshotPlace.find(journal).open("one", notice -> {});
            assertThat(one.info().position()).isGreaterThan(positionBefore);
            positionBefore = one.info().position();

            final ByteArrayOutputStream whole = new ByteArrayOutputStream();
            final ByteArrayOutputStream rest = new ByteArrayOutputStream();
            final JournalReplay.Result fromTheStart = replay(journal, null, EngineKind.TRANSLATOR, whole);
            final JournalReplay.Result fromOne = replay(journal, "one", EngineKind.INTERPRETER, rest);
            assertThat(fromOne.outcome()).isEqualTo("SHUTDOWN").isEqualTo(fromTheStart.outcome());
            assertThat(fromOne.digest()).isEqualTo(fromTheStart.digest());
            assertThat(fromOne.position()).isEqualTo(fromTheStart.position());
            assertThat(fromOne.digestsCompared()).isPositive().isLessThan(fromTheStart.digestsCompared());
            assertThat(whole.toString(StandardCharsets.US_ASCII)).contains("first" + generation, "second" + generation);
            assertThat(rest.toString(StandardCharsets.US_ASCII))
                .contains("second" + generation).doesNotContain("first" + generation);

            // The last one is a clone.
            start = new GuestStart(one, generation == 1 ? new UUID(22, 150) : null);
            image = GuestImage.read(one.genesis(), one.kernelFile(), one.initrdFile(), List.of());
        }
        assertThat(SnapshotPlace.find(directory.resolve("journal2")).list(notice -> {}))
            .extracting(SnapshotInfo::name).containsExactly("start", "one");
    }

    @Test
    void aSnapshotOfAnotherJournalIsRefused() throws Exception
    {
        final GuestImage image = GuestImage.read(ECHO, null, null, MEMORY_BYTES, List.of(), null);
        for (final String name : List.of("a", "b"))
        {
            try (Recording recording = new Recording(directory.resolve(name), image, GuestStart.boot(), 0))
            {
                recording.say(name + "-line");
                SnapshotTaker.ask(directory.resolve(name), "one");
                recording.quit();
            }
        }
        Files.copy(directory.resolve("a/snapshots"), directory.resolve("b/snapshots"),
            StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> replay(directory.resolve("b"), "one", EngineKind.MIXED, new ByteArrayOutputStream()))
            .isInstanceOf(JournalException.class).hasMessageContaining("snapshot one is not of this journal");
    }

    @Test
    void aGuestThatDoesSomethingIsKeptFromTimeToTime() throws Exception
    {
        final GuestImage image = GuestImage.read(ECHO, null, null, MEMORY_BYTES, List.of(), null);
        final Path journal = directory.resolve("journal");
        try (Recording recording = new Recording(journal, image, GuestStart.boot(), 20))
        {
            for (int i = 0; SnapshotPlace.ofJournal(journal) == null || names(journal).size() < 3; i++)
            {
                recording.say("line" + i);
            }
            recording.quit();
        }
        assertThat(names(journal)).startsWith("s1", "s2", "s3");
        final long digest = replay(journal, null, EngineKind.MIXED, new ByteArrayOutputStream()).digest();
        for (final String name : names(journal).subList(0, 3))
        {
            assertThat(replay(journal, name, EngineKind.MIXED, new ByteArrayOutputStream()).digest()).isEqualTo(digest);
        }
    }

    @Test
    void aGuestGoesOnWithItsDrivesAsTheyWere() throws Exception
    {
        final Path disk = directory.resolve("disk.img");
        try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw"))
        {
            file.setLength(1 << 20);
        }
        final DriveFile drive = DriveFile.of(disk, false, true, "");
        final GuestImage image = GuestImage.read(ROUNDS, null, "rounds=200", MEMORY_BYTES, List.of(drive), null);
        final Path journal = directory.resolve("journal");
        try (Recording recording = new Recording(journal, image, GuestStart.boot(), 10))
        {
            assertThat(recording.end.get()).isEqualTo(RunState.SHUTDOWN);
            assertThat(recording.shown.toString(StandardCharsets.US_ASCII)).endsWith("block_rounds ok\n");
        }
        final List<String> names = names(journal);
        assertThat(names).hasSizeGreaterThan(1);
        final long digest = replay(journal, null, EngineKind.MIXED, new ByteArrayOutputStream()).digest();
        for (final String name : List.of(names.get(0), names.get(names.size() / 2), names.getLast()))
        {
            assertThat(replay(journal, name, EngineKind.MIXED, new ByteArrayOutputStream()).digest()).isEqualTo(digest);
            assertThat(SnapshotPlace.find(journal).open(name, notice -> {}).verify()).isEmpty();
        }

        // Another life from the middle on, in a store of its own, which does not have what the drive had before.
        final StoredSnapshot middle = SnapshotPlace.find(journal).open(names.get(names.size() / 2), notice -> {});
        final Path second = directory.resolve("second");
        store = directory.resolve("other-store");
        try (Recording recording = new Recording(second, image, new GuestStart(middle, null), 10))
        {
            assertThat(recording.end.get()).isEqualTo(RunState.SHUTDOWN);
            assertThat(recording.shown.toString(StandardCharsets.US_ASCII)).endsWith("block_rounds ok\n");
        }
        final long secondDigest = replay(second, null, EngineKind.MIXED, new ByteArrayOutputStream()).digest();
        assertThat(replay(second, names(second).getLast(), EngineKind.MIXED, new ByteArrayOutputStream()).digest())
            .isEqualTo(secondDigest);
        assertThat(SnapshotPlace.find(second).open("start", notice -> {}).verify()).isEmpty();
    }

    @Test
    void aJournalMayBeginWithTheOldestSnapshotThatIsKept() throws Exception
    {
        final GuestImage image = GuestImage.read(ECHO, null, null, MEMORY_BYTES, List.of(), null);
        final Path journal = directory.resolve("journal");
        final Random random = new Random(1);
        final byte[] much = new byte[80];
        try (Recording recording = new Recording(journal, image, GuestStart.boot(), 0, 2))
        {
            for (int i = 0; i < 12; i++)
            {
                recording.say(Stream.generate(() ->
                {
                    random.nextBytes(much);
                    return HexFormat.of().formatHex(much);
                }).limit(300).toArray(String[]::new));
                SnapshotTaker.ask(journal, i == 6 ? "named" : null);
            }
            recording.quit();
        }
        assertThat(names(journal)).containsExactly("named", "s10", "s11");
        assertThatThrownBy(() -> replay(journal, null, EngineKind.MIXED, new ByteArrayOutputStream()))
            .isInstanceOf(JournalException.class).hasMessageContaining("--from NAME");
        final long digest = replay(journal, "named", EngineKind.MIXED, new ByteArrayOutputStream()).digest();
        assertThat(replay(journal, "s11", EngineKind.MIXED, new ByteArrayOutputStream()).digest()).isEqualTo(digest);
        assertThat(JournalVerifier.verify(journal).damage()).isNull();
    }

    @Test
    void nobodyIsAskedWhereNothingIsRecorded()
    {
        assertThatThrownBy(() -> SnapshotTaker.ask(directory, null))
            .isInstanceOf(SnapshotUsageException.class).hasMessageContaining("no recording that runs there can be asked");
        assertThatThrownBy(() -> SnapshotPlace.find(directory))
            .isInstanceOf(SnapshotUsageException.class).hasMessageContaining("there are no snapshots");
    }

    private static List<String> names(final Path journal)
    {
        return SnapshotPlace.find(journal).list(notice -> {}).stream().map(SnapshotInfo::name).toList();
    }

    private static JournalReplay.Result replay(
        final Path journal, final String from, final EngineKind engine, final ByteArrayOutputStream shown) throws IOException
    {
        return JournalReplay.run(journal, from, null, null, List.of(), engine, shown, machine -> {},
            JournalReplay.NO_LIMIT, JournalReplay.NO_LIMIT, 0, (position, digest) -> {});
    }
}
