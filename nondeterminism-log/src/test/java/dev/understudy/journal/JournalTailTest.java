package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Readers in the process of the writer: what they take from memory and from the files is the same journal. */
@Timeout(60)
class JournalTailTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final JournalOptions OPTIONS = SampleJournal.options();

    /** Of some 600 bytes on average: several files, and many times what memory holds. */
    private static final int ENTRIES = 20_000;
    private static final int MAX_DATA_BYTES = 2_000;

    /** After so many entries the reader stops for a while, so that it loses its place in memory. */
    private static final int STALL_ENTRIES = 4_000;
    private static final long STALL_NS = 20_000_000;

    @TempDir
    private Path root;

    private Path directory;

    @BeforeEach
    void nameTheJournal()
    {
        directory = root.resolve("guest-a");
    }

    @Test
    void aReaderThatFallsBehindReadsTheSameAsTheFilesHold() throws Exception
    {
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS);
            ExecutorService executor = Executors.newSingleThreadExecutor())
        {
            final JournalReader reader = writer.reader();
            final Future<List<byte[]>> followed = executor.submit(() -> follow(reader));
            SampleJournal.append(writer, ENTRIES, 5, MAX_DATA_BYTES);
            final List<byte[]> entries = followed.get(50, TimeUnit.SECONDS);
            assertSame(entries, SampleJournal.read(directory));
            assertThat(QueueFiles.list(directory)).hasSizeGreaterThan(2);
            assertThat(reader.takenFromMemory()).isPositive().isLessThan(entries.size());
        }
    }

    private static List<byte[]> follow(final JournalReader reader)
    {
        final List<byte[]> entries = new ArrayList<>();
        while (entries.size() <= ENTRIES)
        {
            if (!reader.next())
            {
                Thread.onSpinWait();
                continue;
            }
            entries.add(SampleJournal.bytes(reader.entry()));
            if (entries.size() % STALL_ENTRIES == 0)
            {
                LockSupport.parkNanos(STALL_NS);
            }
        }
        reader.close();
        return entries;
    }

    @Test
    void whatWasAppendedJustNowComesFromMemoryAcrossFiles()
    {
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS);
            JournalReader reader = writer.reader())
        {
            final List<byte[]> entries = new ArrayList<>();
            take(reader, entries);
            for (int i = 0; i < ENTRIES; i++)
            {
                SampleJournal.append(writer, 1, i, MAX_DATA_BYTES);
                take(reader, entries);
            }
            assertThat(reader.takenFromMemory()).isEqualTo(ENTRIES + 1);
            assertThat(QueueFiles.list(directory)).hasSizeGreaterThan(2);
            assertSame(entries, SampleJournal.read(directory));
        }
    }

    /** One of 40,000 bytes is not kept in memory; those after it are. */
    @Test
    void anEntryThatIsTooLongForMemoryComesFromTheFile()
    {
        final UnsafeBuffer data = new UnsafeBuffer(new byte[40_000]);
        for (int i = 0; i < data.capacity(); i++)
        {
            data.putByte(i, (byte)(i * i >> 7));
        }
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS);
            JournalReader reader = writer.reader())
        {
            final List<byte[]> entries = new ArrayList<>();
            take(reader, entries);
            writer.append(EVENTS.consoleInput(1, 1, 1, data, 0, data.capacity()));
            take(reader, entries);
            assertThat(reader.entry().dataLength()).isEqualTo(data.capacity());
            assertThat(reader.takenFromMemory()).isOne();
            writer.append(EVENTS.digest(2, 2, 2, 2));
            take(reader, entries);
            assertThat(reader.takenFromMemory()).isEqualTo(2);
            assertSame(entries, SampleJournal.read(directory));
        }
    }

    @Test
    void aReaderOfAJournalThatGoesOnFindsWhatIsBeforeAndWhatComes()
    {
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, 100, 1, 100);
        }
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {});
            JournalReader reader = writer.reader())
        {
            reader.seek(90);
            for (int sequence = 90; sequence <= 100; sequence++)
            {
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().sequence()).isEqualTo(sequence);
            }
            assertThat(reader.next()).isFalse();
            assertThat(reader.takenFromMemory()).isZero();
            writer.append(EVENTS.digest(writer.lastPosition(), 1, 2, 3));
            assertThat(reader.next()).isTrue();
            assertThat(reader.takenFromMemory()).isOne();
            // Back to what memory has given already, and to what it never had.
            reader.seek(95);
            for (int sequence = 95; sequence <= 101; sequence++)
            {
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().sequence()).isEqualTo(sequence);
            }
            assertThat(reader.next()).isFalse();
        }
    }

    private static void take(final JournalReader reader, final List<byte[]> entries)
    {
        assertThat(reader.next()).isTrue();
        entries.add(SampleJournal.bytes(reader.entry()));
    }

    private static void assertSame(final List<byte[]> entries, final List<byte[]> files)
    {
        assertThat(entries).hasSameSizeAs(files);
        for (int i = 0; i < files.size(); i++)
        {
            assertThat(entries.get(i)).as("entry %d", i).isEqualTo(files.get(i));
        }
    }
}
