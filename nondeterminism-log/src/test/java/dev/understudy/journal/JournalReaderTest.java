package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class JournalReaderTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final JournalOptions OPTIONS = SampleJournal.options();

    @TempDir
    private Path root;

    @Test
    void aReaderFollowsAWriterThroughRollsAndReopens() throws Exception
    {
        final Path directory = root.resolve("guest-a");
        final int rounds = 3;
        final int entriesARound = 2_000;
        final int last = rounds * entriesARound;
        JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS);
        try (ExecutorService executor = Executors.newSingleThreadExecutor())
        {
            final Callable<Long> follow = () -> follow(directory, last);
            final Future<Long> followed = executor.submit(follow);
            for (int round = 0; round < rounds; round++)
            {
                SampleJournal.append(writer, entriesARound, round, 500);
                writer.close();
                writer = JournalWriter.open(directory, OPTIONS, text -> {});
            }
            assertThat(followed.get(50, TimeUnit.SECONDS)).isEqualTo(writer.chainHigh());
        }
        finally
        {
            writer.close();
        }
    }

    private static long follow(final Path directory, final long last)
    {
        try (JournalReader reader = JournalReader.open(directory))
        {
            while (reader.nextSequence() <= last)
            {
                if (!reader.next())
                {
                    Thread.onSpinWait();
                }
            }
            return reader.entry().chainHigh();
        }
    }

    @Test
    void anEntryIsThereWhenAppendReturns()
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS);
            JournalReader reader = JournalReader.open(directory))
        {
            assertThat(reader.next()).isTrue();
            for (int i = 1; i <= 5_000; i++)
            {
                assertThat(reader.next()).isFalse();
                writer.append(EVENTS.digest(i, i, i, i));
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().state()).isEqualTo(i);
            }
        }
    }

    @Test
    void seekGoesToAnyEntryOfAnyFile()
    {
        final Path directory = root.resolve("guest-a");
        final int last = 400;
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, last, 9, 8_000);
        }
        JournalWriter.open(directory, OPTIONS, text -> {}).close();
        assertThat(QueueFiles.list(directory)).hasSizeGreaterThan(2);
        final List<byte[]> all = SampleJournal.read(directory);
        try (JournalReader reader = JournalReader.open(directory))
        {
            for (int sequence = last; sequence >= 0; sequence--)
            {
                reader.seek(sequence);
                assertThat(reader.next()).isTrue();
                assertThat(SampleJournal.bytes(reader.entry())).isEqualTo(all.get(sequence));
                assertThat(reader.next()).isEqualTo(sequence < last);
            }
            reader.seek(last + 1);
            assertThat(reader.next()).isFalse();
            assertThatThrownBy(() -> reader.seek(last + 2))
                .isInstanceOf(JournalException.class).hasMessageContaining("no entry " + (last + 1));
            try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
            {
                reader.seek(last + 1);
                assertThat(reader.next()).isFalse();
                writer.append(EVENTS.digest(writer.lastPosition(), 1, 2, 3));
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().sequence()).isEqualTo(last + 1);
            }
        }
    }

    @Test
    void anInterruptChangesNothing()
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS);
            JournalReader reader = JournalReader.open(directory))
        {
            assertThat(reader.next()).isTrue();
            Thread.currentThread().interrupt();
            writer.append(EVENTS.digest(1, 1, 1, 1));
            writer.sync();
            assertThat(reader.next()).isTrue();
            assertThat(reader.entry().state()).isEqualTo(1);
            assertThat(Thread.interrupted()).isTrue();
        }
        finally
        {
            Thread.interrupted();
        }
    }

    @Test
    void aReaderNamesFileAndEntryOfDamageAgainAndAgain() throws IOException
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, 20, 9, 100);
        }
        final Path file = QueueFiles.list(directory).getFirst();
        changeByte(file, placeOfEntry(file, 10) + 40, 1);
        try (JournalReader reader = JournalReader.open(directory))
        {
            for (int i = 0; i < 10; i++)
            {
                assertThat(reader.next()).isTrue();
            }
            for (int i = 0; i < 3; i++)
            {
                assertThatThrownBy(reader::next).isInstanceOf(JournalException.class)
                    .hasMessageContaining(file.toString()).hasMessageContaining("entry 10");
            }
        }
        final JournalReport report = JournalVerifier.verify(directory);
        assertThat(report.entries()).isEqualTo(10);
        assertThat(report.damage()).contains(file.toString()).contains("entry 10").contains("hash chain")
            .contains("--until-entry 9");
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 5})
    void anEntryOfAnotherFormatIsAnErrorEvenAtTheEnd(final int version) throws IOException
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, 5, 9, 100);
        }
        final Path file = QueueFiles.list(directory).getFirst();
        final long place = placeOfEntry(file, 5);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
        {
            bytes.seek(place + QueueFile.WORD_BYTES + PackedEntry.VERSION_OFFSET);
            bytes.write(version);
        }
        assertThat(JournalVerifier.verify(directory).damage()).contains("version " + version).contains("release");
        assertThatThrownBy(() -> JournalWriter.open(directory, OPTIONS, text -> {}))
            .isInstanceOf(JournalException.class).hasMessageContaining("version " + version);
        try (JournalReader reader = JournalReader.open(directory))
        {
            for (int i = 0; i < 5; i++)
            {
                assertThat(reader.next()).isTrue();
            }
            assertThatThrownBy(reader::next).hasMessageContaining("version " + version);
        }
    }

    @Test
    void aJournalOfTheFirstFormatIsAnErrorThatSaysSo() throws IOException
    {
        final Path directory = root.resolve("guest-a");
        Files.createDirectory(directory);
        final EntryEncoder encoder = new EntryEncoder();
        final int length = encoder.genesis(SampleJournal.GENESIS).entry().length();
        new HashChain().seal(encoder.buffer(), length);
        try (QueueSegment segment = new QueueSegment(QueueFiles.nextSegment(directory), OPTIONS,
            new DiskReserve(directory, OPTIONS), encoder.buffer().byteArray()))
        {
            assertThat(segment.prepare(length, false)).isTrue();
            segment.append(length);
        }
        assertThatThrownBy(() -> JournalWriter.open(directory, OPTIONS, text -> {}))
            .isInstanceOf(JournalException.class).hasMessageContaining("version 1").hasMessageContaining("release");
        try (JournalReader reader = JournalReader.open(directory))
        {
            assertThatThrownBy(reader::next).hasMessageContaining("version 1");
        }
    }

    @Test
    void seekUnpacksWhatManyEntriesBeforeSay()
    {
        final Path directory = root.resolve("guest-a");
        final int last = 3 * PackedEntry.MAX_DEPENDENT;
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, JournalOptions.defaults()))
        {
            SampleJournal.append(writer, last, 11, 100);
        }
        final List<byte[]> all = SampleJournal.read(directory);
        try (JournalReader reader = JournalReader.open(directory))
        {
            for (int sequence = 1; sequence <= last; sequence += 97)
            {
                reader.seek(sequence);
                assertThat(reader.next()).isTrue();
                assertThat(SampleJournal.bytes(reader.entry())).isEqualTo(all.get(sequence));
            }
        }
    }

    static long placeOfEntry(final Path path, final int index)
    {
        try (QueueFile file = new QueueFile(path))
        {
            long at = 0;
            int seen = 0;
            while (true)
            {
                final int word = file.word(at);
                assertThat(word).isNotZero();
                if (!QueueFile.isMetadata(word) && seen++ == index)
                {
                    return at;
                }
                at = QueueFile.after(at, QueueFile.lengthOf(word));
            }
        }
    }

    /** Where the documents end. */
    static long placeOfEnd(final Path path)
    {
        try (QueueFile file = new QueueFile(path))
        {
            return file.endFrom(0);
        }
    }

    static void changeByte(final Path file, final long place, final int mask) throws IOException
    {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
        {
            bytes.seek(place);
            final int old = bytes.read();
            bytes.seek(place);
            bytes.write(old ^ mask);
        }
    }
}
