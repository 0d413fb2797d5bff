package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.statistics.Statistics;

/**
 * Whatever happens to a journal's files, opening it gives back all entries, or an exact prefix of them with a notice
 * that the rest was torn, or a clean error; a journal in which later entries are intact is never cut.
 */
class JournalDamageTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final int TRIES = 150;
    private static final long NEAR_BYTES = 200;

    /** More words than the last entry of a sample and the end mark take together. */
    private static final int LAST_WORDS = 40;

    /** The bit of a word that says that what follows is Chronicle's own. */
    private static final int METADATA = 0x4000_0000;

    private static Path root;

    /** Sealed, several files; never closed, as after kill -9, one file; and three segments. */
    private static List<Sample> samples;

    private record Sample(Path directory, List<byte[]> entries)
    {
    }

    @BeforeContainer
    static void makeSamples() throws IOException
    {
        // In memory where there is such a file system: each try waits for the disk several times.
        final Path memory = Path.of("/dev/shm");
        root = Files.isWritable(memory) ? Files.createTempDirectory(memory, "journal-damage") :
            Files.createTempDirectory("journal-damage");
        samples = List.of(rolled(), killed(), reopened());
    }

    @AfterContainer
    static void deleteSamples() throws IOException
    {
        SampleJournal.deleteTree(root);
    }

    @Property(tries = TRIES)
    void aChangedBitIsFoundOrHarmless(@ForAll @IntRange(max = 2) final int which, @ForAll final long seed)
        throws IOException
    {
        // The property says nothing unless all three happen.
        Statistics.coverage(seen ->
        {
            seen.check("error").count(count -> count > 0);
            seen.check("cut").count(count -> count > 0);
            seen.check("intact").count(count -> count > 0);
        });
        final Random random = new Random(seed);
        check(which, false, directory ->
        {
            final Path file = pick(QueueFiles.list(directory), random);
            final long length = usefulLength(file);
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
            {
                // Half of the changes are near the end, where the torn tail is told from damage.
                final long place = random.nextBoolean() ?
                    random.nextLong(length) : length - 1 - random.nextLong(Math.min(length, NEAR_BYTES));
                bytes.seek(place);
                final int old = bytes.read();
                bytes.seek(place);
                bytes.write(old ^ 1 << random.nextInt(Byte.SIZE));
            }
        });
    }

    @Property(tries = TRIES)
    void changedBytesAreFoundOrHarmless(@ForAll @IntRange(max = 2) final int which, @ForAll final long seed)
        throws IOException
    {
        final Random random = new Random(seed);
        final boolean zeros = random.nextBoolean();
        check(which, zeros, directory ->
        {
            final Path file = pick(QueueFiles.list(directory), random);
            final byte[] noise = new byte[1 + random.nextInt(600)];
            if (!zeros)
            {
                random.nextBytes(noise);
            }
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
            {
                bytes.seek(random.nextLong(usefulLength(file)));
                bytes.write(noise);
            }
        });
    }

    @Property(tries = TRIES)
    void aShortenedFileIsFoundOrHarmless(@ForAll @IntRange(max = 2) final int which, @ForAll final long seed)
        throws IOException
    {
        final Random random = new Random(seed);
        check(which, true, directory ->
        {
            final Path file = random.nextBoolean() ?
                QueueFiles.list(directory).getLast() : pick(QueueFiles.list(directory), random);
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
            {
                bytes.setLength(random.nextLong(usefulLength(file)));
            }
        });
    }

    @Property(tries = TRIES)
    void garbageBehindTheEntriesIsFoundOrHarmless(
        @ForAll @IntRange(max = 2) final int which, @ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        check(which, false, directory ->
        {
            final Path file = QueueFiles.list(directory).getLast();
            final byte[] noise = new byte[1 + random.nextInt(3000)];
            random.nextBytes(noise);
            try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
            {
                bytes.seek(usefulLength(file));
                bytes.write(noise);
            }
        });
    }

    @Property(tries = 20)
    void aMissingFileIsAnError(@ForAll @IntRange(max = 2) final int which, @ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        final Path directory = copy(which);
        Files.delete(pick(QueueFiles.list(directory), random));
        assertThat(JournalVerifier.verify(directory).damage()).isNotNull();
        try (JournalWriter writer = JournalWriter.open(directory, SampleJournal.options(), text -> {}))
        {
            fail("it was opened with %d entries", writer.lastSequence() + 1);
        }
        catch (final JournalException e)
        {
            assertClean(e);
        }
    }

    @Property(tries = TRIES)
    void aChangedBitInChroniclesMetadataChangesNothing(
        @ForAll @IntRange(max = 2) final int which, @ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        final Path directory = copy(which);
        final Path metadata = pick(QueueFiles.segments(directory), random).resolve(QueueFiles.METADATA);
        final byte[] noise = new byte[200];
        random.nextBytes(noise);
        try (RandomAccessFile bytes = new RandomAccessFile(metadata.toFile(), "rw"))
        {
            bytes.seek(random.nextInt(1000));
            bytes.write(noise);
        }
        final List<String> notices = new ArrayList<>();
        try (JournalWriter writer = JournalWriter.open(directory, SampleJournal.options(), notices::add))
        {
            assertThat(writer.lastSequence() + 1).isEqualTo(samples.get(which).entries.size());
        }
        assertThat(notices).isEmpty();
    }

    @Property(tries = TRIES)
    void aReaderOfDamagedFilesGivesAnExactPrefixOrACleanError(
        @ForAll @IntRange(max = 2) final int which, @ForAll final long seed) throws IOException
    {
        final Random random = new Random(seed);
        final Path directory = copy(which);
        final Path file = pick(QueueFiles.list(directory), random);
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
        {
            final byte[] noise = new byte[1 + random.nextInt(40)];
            random.nextBytes(noise);
            bytes.seek(random.nextLong(usefulLength(file)));
            bytes.write(noise);
        }
        final List<byte[]> read = new ArrayList<>();
        try (JournalReader reader = JournalReader.open(directory))
        {
            int idle = 0;
            while (idle < 600)
            {
                if (reader.next())
                {
                    read.add(SampleJournal.bytes(reader.entry()));
                }
                else
                {
                    idle++;
                }
            }
        }
        catch (final JournalException e)
        {
            assertClean(e);
        }
        assertPrefix(read, samples.get(which).entries);
    }

    /** The bit that makes Chronicle's own structure of an entry, wherever the last entry begins. */
    @Example
    void aLastEntryThatPassesForMetadataIsFound() throws IOException
    {
        for (int which = 0; which < samples.size(); which++)
        {
            for (int back = 1; back <= LAST_WORDS; back++)
            {
                final int words = back;
                check(which, false, directory ->
                {
                    final Path file = QueueFiles.list(directory).getLast();
                    final long place = (usefulLength(file) & -Integer.BYTES) - (long)words * Integer.BYTES;
                    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
                    {
                        bytes.seek(place + Integer.BYTES - 1);
                        final int old = bytes.read();
                        bytes.seek(place + Integer.BYTES - 1);
                        bytes.write(old ^ METADATA >>> 3 * Byte.SIZE);
                    }
                });
            }
        }
    }

    /** A word that was changed so that it passes for one of Chronicle's own, behind which nothing is. */
    @Example
    void aWordThatLeapsBehindTheEntriesIsFound() throws IOException
    {
        final int killed = 1;
        final int step = Integer.BYTES;
        for (int words = 1; words <= LAST_WORDS * 4; words++)
        {
            final int back = words * step;
            check(killed, false, directory ->
            {
                final Path file = QueueFiles.list(directory).getLast();
                final int end = (int)usefulLength(file) & -step;
                try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw"))
                {
                    bytes.seek(end - back);
                    bytes.writeInt(Integer.reverseBytes(METADATA | back + 64));
                }
            });
        }
    }

    private interface Change
    {
        void apply(Path directory) throws IOException;
    }

    private static void check(final int which, final boolean mayEndUnnoticed, final Change change) throws IOException
    {
        final Path directory = copy(which);
        final List<byte[]> original = samples.get(which).entries;
        change.apply(directory);
        final JournalReport report = JournalVerifier.verify(directory);
        final List<String> notices = new ArrayList<>();
        final long count;
        try (JournalWriter writer = JournalWriter.open(directory, SampleJournal.options(), notices::add))
        {
            assertThat(report.damage()).isNull();
            count = writer.lastSequence() + 1;
            assertThat(report.entries()).isEqualTo(count);
            assertThat(notices).hasSize(report.tornTail() == null ? 0 : 1);
            if (count > 0)
            {
                writer.append(EVENTS.digest(writer.lastPosition(), 1, 2, 3));
            }
        }
        catch (final JournalException e)
        {
            assertThat(e).hasMessage(report.damage());
            assertClean(e);
            assertThat(report.entries()).isLessThanOrEqualTo(original.size());
            Statistics.collect("error");
            return;
        }
        final List<byte[]> left = SampleJournal.read(directory);
        assertThat((long)left.size()).isEqualTo(count == 0 ? 0 : count + 1);
        if (count > 0)
        {
            left.removeLast();
        }
        assertPrefix(left, original);
        assertThat(JournalVerifier.verify(directory).damage()).isNull();
        assertThat(JournalVerifier.verify(directory).tornTail()).isNull();
        Statistics.collect(left.size() == original.size() ? "intact" : "cut");
        if (left.size() < original.size() && report.tornTail() == null)
        {
            // Without a notice only what cannot be known: nothing, or zeros only, is left behind a whole entry.
            assertThat(mayEndUnnoticed).isTrue();
        }
    }

    private static void assertPrefix(final List<byte[]> entries, final List<byte[]> original)
    {
        assertThat(entries).hasSizeLessThanOrEqualTo(original.size());
        for (int i = 0; i < entries.size(); i++)
        {
            assertThat(entries.get(i)).isEqualTo(original.get(i));
        }
    }

    private static void assertClean(final JournalException e)
    {
        assertThat(e.getMessage()).contains("journal ").hasSizeGreaterThan(60);
    }

    private static Path copy(final int which) throws IOException
    {
        return SampleJournal.copy(samples.get(which).directory, root.resolve("copy"));
    }

    private static Path pick(final List<Path> paths, final Random random)
    {
        return paths.get(random.nextInt(paths.size()));
    }

    /** Length of a file without the zeros at its end. */
    private static long usefulLength(final Path path)
    {
        try (QueueFile file = new QueueFile(path))
        {
            return Math.max(1, file.endOfNonZero(0));
        }
    }

    private static Sample rolled()
    {
        final Path directory = root.resolve("rolled");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, SampleJournal.options()))
        {
            SampleJournal.append(writer, 60, 1, 40_000);
        }
        assertThat(QueueFiles.list(directory)).hasSizeGreaterThan(2);
        return new Sample(directory, SampleJournal.read(directory));
    }

    private static Sample killed() throws IOException
    {
        final Path directory = root.resolve("killed");
        try (JournalWriter writer = JournalWriter.create(
            root.resolve("live"), SampleJournal.GENESIS, SampleJournal.options()))
        {
            SampleJournal.append(writer, 40, 2, 100);
            SampleJournal.copy(root.resolve("live"), directory);
        }
        return new Sample(directory, SampleJournal.read(directory));
    }

    private static Sample reopened()
    {
        final Path directory = root.resolve("reopened");
        JournalWriter.create(directory, SampleJournal.GENESIS, SampleJournal.options()).close();
        for (int i = 0; i < 2; i++)
        {
            try (JournalWriter writer = JournalWriter.open(directory, SampleJournal.options(), text -> {}))
            {
                SampleJournal.append(writer, 20, i, 100);
            }
        }
        return new Sample(directory, SampleJournal.read(directory));
    }
}
