package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal whose entries come before Chronicle has started. */
class JournalStartTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final JournalOptions OPTIONS = SampleJournal.options();

    /** Of 36 bytes and more: more than memory keeps. */
    private static final int MANY_ENTRIES = 6_000;

    private static final int FEW_ENTRIES = 50;

    @TempDir
    private Path root;

    private Path directory;

    @BeforeEach
    void nameTheJournal()
    {
        directory = root.resolve("guest-a");
    }

    @Test
    void whatIsAppendedBeforeChronicleHasStartedIsThereWhenItHas()
    {
        try (JournalWriter writer = JournalWriter.createUnstarted(directory, SampleJournal.GENESIS, OPTIONS))
        {
            append(writer, FEW_ENTRIES);
            assertThat(writer.lastSequence()).isEqualTo(FEW_ENTRIES);
            assertThat(QueueFiles.segments(directory)).isEmpty();

            writer.start();

            assertThat(SampleJournal.read(directory)).hasSize(1 + FEW_ENTRIES);
            append(writer, FEW_ENTRIES);
            assertThat(SampleJournal.read(directory)).hasSize(1 + 2 * FEW_ENTRIES);
        }
        final JournalReport report = JournalVerifier.verify(directory);
        assertThat(report.damage()).isNull();
        assertThat(report.entries()).isEqualTo(1 + 2 * FEW_ENTRIES);
    }

    @Test
    void itsEntriesAreThoseOfAJournalThatWaited()
    {
        try (JournalWriter writer = JournalWriter.createUnstarted(directory, SampleJournal.GENESIS, OPTIONS))
        {
            final CompletableFuture<Void> start = CompletableFuture.runAsync(writer::start);
            SampleJournal.append(writer, MANY_ENTRIES, 1, 200);
            start.join();
        }
        final Path waited = root.resolve("guest-b");
        try (JournalWriter writer = JournalWriter.create(waited, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, MANY_ENTRIES, 1, 200);
        }
        assertThat(SampleJournal.read(directory)).usingElementComparator(Arrays::compare).hasSize(1 + MANY_ENTRIES)
            .containsExactlyElementsOf(SampleJournal.read(waited));
        assertThat(JournalVerifier.verify(directory).damage()).isNull();
    }

    @Test
    void moreThanMemoryKeepsStartsChronicle()
    {
        try (JournalWriter writer = JournalWriter.createUnstarted(directory, SampleJournal.GENESIS, OPTIONS))
        {
            append(writer, MANY_ENTRIES);
            assertThat(SampleJournal.read(directory)).hasSize(1 + MANY_ENTRIES);
        }
    }

    @Test
    void theLastEntryIsThereWhenItsMethodReturns()
    {
        try (JournalWriter writer = JournalWriter.createUnstarted(directory, SampleJournal.GENESIS, OPTIONS))
        {
            writer.append(EVENTS.closed(1, 1, 1, Outcome.SHUTDOWN, 1));
            assertThat(SampleJournal.read(directory)).hasSize(2);
        }
    }

    @Test
    void whatWasNotStartedIsAWholeJournalWhenItIsClosed()
    {
        final JournalWriter writer = JournalWriter.createUnstarted(directory, SampleJournal.GENESIS, OPTIONS);
        append(writer, FEW_ENTRIES);

        writer.close();

        assertThat(JournalVerifier.verify(directory).damage()).isNull();
        assertThat(SampleJournal.read(directory)).hasSize(1 + FEW_ENTRIES);
    }

    @Test
    void aGuestThatNeverRanLeavesNoJournal()
    {
        JournalWriter.createUnstarted(directory, SampleJournal.GENESIS, OPTIONS).close();

        assertThat(QueueFiles.segments(directory)).isEmpty();
        // Nothing stands in the way of the next attempt.
        JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS).close();
    }

    @Test
    void whatKeepsItFromStartingIsToldAndLeavesNoSegment() throws IOException
    {
        final JournalWriter writer = JournalWriter.createUnstarted(directory, SampleJournal.GENESIS, OPTIONS);
        Files.createDirectory(QueueFiles.nextSegment(directory));

        assertThatThrownBy(writer::start).isInstanceOf(JournalException.class).hasMessageContaining("cannot be created");
        assertThatThrownBy(() -> append(writer, 1)).isInstanceOf(JournalException.class);
        writer.close();

        assertThat(QueueFiles.segments(directory)).isEmpty();
        // Nothing stands in the way of the next attempt.
        JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS).close();
    }

    private static void append(final JournalWriter writer, final int count)
    {
        for (int i = 0; i < count; i++)
        {
            writer.append(EVENTS.clockSample(writer.lastPosition() + 1, writer.lastTimeNs() + 1, i, i, i));
        }
    }
}
