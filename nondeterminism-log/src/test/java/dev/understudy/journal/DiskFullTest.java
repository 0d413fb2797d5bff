package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** On a small disk of its own, which only root can make. */
@Timeout(120)
class DiskFullTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final int DISK_BYTES = 16 << 20;

    @TempDir
    private Path root;
    private Path disk;
    private boolean isMounted;

    @BeforeEach
    void mount() throws Exception
    {
        disk = Files.createDirectory(root.resolve("disk"));
        isMounted = run("mount", "-t", "tmpfs", "-o", "size=" + DISK_BYTES, "tmpfs", disk.toString());
        final String needed = "a tmpfs can be mounted, which needs root";
        assertThat(isMounted || System.getenv("UNDERSTUDY_SKIP_NOTHING") == null).as(needed).isTrue();
        assumeThat(isMounted).as(needed).isTrue();
    }

    @AfterEach
    void unmount() throws Exception
    {
        if (isMounted)
        {
            assertThat(run("umount", "-l", disk.toString())).isTrue();
        }
    }

    @Test
    void aFullDiskIsACleanErrorAndTheClosingEntryStillFits()
    {
        final Path directory = disk.resolve("guest-a");
        final List<String> alarms = new ArrayList<>();
        final JournalOptions options = JournalOptions.defaults().bounded(1L << 30, alarms::add);
        final UnsafeBuffer data = new UnsafeBuffer(new byte[1000]);
        final long full;
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, options))
        {
            assertThatThrownBy(() -> appendUntilFull(writer, data))
                .isInstanceOf(JournalFullException.class)
                .hasMessageContaining(directory.toString()).hasMessageContaining("it is full");
            // It stays so, and it stays whole.
            assertThatThrownBy(() -> writer.append(EVENTS.entropy(1L << 40, 0, 0, data, 0, data.capacity())))
                .isInstanceOf(JournalFullException.class);
            full = writer.lastSequence();
            assertThat(SampleJournal.read(directory)).hasSize((int)full + 1);
            assertThat(writer.append(EVENTS.closed(1L << 40, 0, 0, Outcome.STOPPED, 0))).isEqualTo(full + 1);
        }
        assertThat(alarms).hasSize(1);
        assertThat(full * 1000).isGreaterThan(DISK_BYTES * 8L / 10);
        final JournalReport report = JournalVerifier.verify(directory);
        assertThat(report.damage()).isNull();
        assertThat(report.outcome()).isEqualTo(Outcome.STOPPED);
        assertThat(report.entries()).isEqualTo(full + 2);
    }

    @Test
    void aProcessOnAFullDiskIsNotKilledBySigbus() throws Exception
    {
        final Path output = root.resolve("output");
        final Process process = ForkedJvm.start(
            output, AppendingProcess.class, disk.resolve("guest-a"), 1L << 30, 1 << 20);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
        final JournalReport report = JournalVerifier.verify(disk.resolve("guest-a"));
        assertThat(report.damage()).isNull();
        assertThat(report.isClosed()).isTrue();
    }

    @Test
    void onADiskThatIsFullAlreadyNoJournalIsBegunAndNothingIsLeftBehind() throws IOException
    {
        final Path directory = disk.resolve("guest-a");
        fill(disk.resolve("ballast"));
        assertThatThrownBy(() -> JournalWriter.create(directory, SampleJournal.GENESIS, JournalOptions.defaults()))
            .isInstanceOf(JournalFullException.class);
        Files.delete(disk.resolve("ballast"));
        JournalWriter.create(directory, SampleJournal.GENESIS, JournalOptions.defaults()).close();
        assertThat(JournalVerifier.verify(directory).entries()).isEqualTo(1);
    }

    @Test
    void aJournalThatCannotGoOnForLackOfDiskIsOpenedOnceThereIsSome() throws IOException
    {
        final Path directory = disk.resolve("guest-a");
        JournalWriter.create(directory, SampleJournal.GENESIS, JournalOptions.defaults()).close();
        fill(disk.resolve("ballast"));
        for (int i = 0; i < 2; i++)
        {
            assertThatThrownBy(() -> JournalWriter.open(directory, JournalOptions.defaults(), text -> {}))
                .isInstanceOf(JournalFullException.class);
        }
        assertThat(SampleJournal.read(directory)).hasSize(1);
        Files.delete(disk.resolve("ballast"));
        try (JournalWriter writer = JournalWriter.open(directory, JournalOptions.defaults(), text -> {}))
        {
            assertThat(writer.append(EVENTS.digest(1, 1, 1, 1))).isEqualTo(1);
        }
    }

    @Test
    void severalJournalsOfSomeMegabytesFitASmallDisk()
    {
        final UnsafeBuffer data = new UnsafeBuffer(new byte[1000]);
        for (int i = 0; i < 3; i++)
        {
            final JournalOptions options = JournalOptions.defaults();
            try (JournalWriter writer = JournalWriter.create(disk.resolve("guest-" + i), SampleJournal.GENESIS, options))
            {
                for (int j = 0; j < 3_500; j++)
                {
                    writer.append(EVENTS.entropy(j, j, j, data, 0, data.capacity()));
                }
            }
        }
    }

    private static void appendUntilFull(final JournalWriter writer, final UnsafeBuffer data)
    {
        for (int i = 0; i < DISK_BYTES; i++)
        {
            writer.append(EVENTS.vsockPacket(i, i, i, data, 0, data.capacity()));
        }
    }

    private static void fill(final Path ballast) throws IOException
    {
        Files.createFile(ballast);
        for (int step = 1 << 20; step >= 4096; step /= 2)
        {
            while (DiskBlocks.allocate(ballast, Files.size(ballast), step) == 0)
            {
                assertThat(Files.size(ballast)).isLessThanOrEqualTo(DISK_BYTES);
            }
        }
    }

    private boolean run(final String... command) throws Exception
    {
        final Process process = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(root.resolve("mount-output").toFile()).start();
        return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}
