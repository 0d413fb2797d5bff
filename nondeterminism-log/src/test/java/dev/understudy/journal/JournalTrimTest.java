package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal whose first files are removed. */
class JournalTrimTest
{
    private static final Genesis GENESIS = new Genesis(
        "guest", 64 << 20, 3, "/kernel", new byte[32], null, null, "console=hvc0", new byte[32], 1, 1_700_000_000_000L);
    private static final JournalOptions OPTIONS = JournalOptions.defaults().rollingAt(JournalOptions.MIN_FILE_BYTES);
    private static final EntryEncoder EVENTS = new EntryEncoder();

    /** Some six files of entries. */
    private static final int ENTRIES = 1_600;

    @TempDir
    private Path root;
    private Path directory;

    @BeforeEach
    void write()
    {
        directory = root.resolve("journal");
        try (JournalWriter writer = JournalWriter.create(directory, GENESIS, OPTIONS))
        {
            fill(writer);
        }
        assertThat(QueueFiles.list(directory)).hasSizeGreaterThan(4);
    }

    private static void fill(final Journal journal)
    {
        final Random random = new Random(1);
        final UnsafeBuffer data = new UnsafeBuffer(new byte[1_000]);
        journal.append(EVENTS.generation(1, 1, 0, 1, GenerationCause.STARTED, "x"));
        journal.append(EVENTS.backupJoined(1, 1, 0, 1, "y"));
        journal.append(EVENTS.generation(2, 2, 0, 2, GenerationCause.PROMOTED, "a"));
        journal.append(EVENTS.backupJoined(3, 3, 0, 2, "b"));
        for (int i = 5; i < ENTRIES; i++)
        {
            random.nextBytes(data.byteArray());
            journal.append(EVENTS.vsockPacket(10L * i, 100L * i, i, data, 0, data.capacity()));
        }
    }

    @Test
    void whatIsLeftIsReadAndWrittenAsIfNothingHadBeenRemoved()
    {
        final String chain = JournalVerifier.verify(directory).chain();
        final long before = QueueFiles.diskBytes(directory);
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {});
            JournalReader early = JournalReader.open(directory))
        {
            assertThat(early.next()).isTrue();
            writer.removeBefore(1);
            assertThat(writer.base()).as("no file lies before").isEqualTo(JournalBase.WHOLE);

            writer.removeBefore(1_200);
            final long first = writer.base().firstSequence();
            assertThat(first).isBetween(700L, 1_200L);
            assertThat(QueueFiles.diskBytes(directory)).isLessThan(before / 2);
            assertThat(writer.bytesOnDisk()).isEqualTo(QueueFiles.diskBytes(directory));
            assertRoles(writer.base());
            assertThat(writer.genesis()).usingRecursiveComparison().isEqualTo(GENESIS);

            // One that had read there goes on as far as its file goes, and is told then.
            assertThatThrownBy(() -> readAll(early)).isInstanceOf(JournalException.class)
                .hasMessageContaining("the entries before " + first + " were removed meanwhile");
            writer.append(EVENTS.digest(writer.lastPosition(), writer.lastTimeNs(), ENTRIES, 0));
            try (JournalReader reader = writer.reader())
            {
                assertThat(readAll(reader)).hasSize((int)(ENTRIES + 1 - first)).startsWith(first).endsWith((long)ENTRIES);
                reader.seek(first);
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().sequence()).isEqualTo(first);
                reader.seek(first + 7);
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().sequence()).isEqualTo(first + 7);
                assertThatThrownBy(() -> reader.seek(first - 1)).isInstanceOf(JournalException.class)
                    .hasMessageContaining("begins with entry " + first);
            }
            // The last file stays whatever is asked for.
            writer.removeBefore(Long.MAX_VALUE);
            assertThat(writer.base().firstSequence()).isBetween(first, (long)ENTRIES);
            assertRoles(writer.base());
        }
        final JournalReport report = JournalVerifier.verify(directory);
        assertThat(report.damage()).isNull();
        assertThat(report.tornTail()).isNull();
        assertThat(report.first() + report.entries()).isEqualTo(ENTRIES + 1);
        assertThat(report.chain()).isNotEqualTo(chain);
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
        {
            assertThat(writer.lastSequence()).isEqualTo(ENTRIES);
            assertThat(writer.genesis()).usingRecursiveComparison().isEqualTo(GENESIS);
            assertRoles(writer.base());
        }
    }

    @Test
    void whoeverIsKilledWhileFilesAreRemovedLeavesAWholeJournal() throws IOException
    {
        final List<Path> files = QueueFiles.list(directory);
        final Path kept = root.resolve("kept");
        Files.createDirectory(kept);
        for (final Path file : files)
        {
            Files.copy(file, kept.resolve(file.getFileName()));
        }
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
        {
            writer.removeBefore(1_200);
        }
        final JournalReport whole = JournalVerifier.verify(directory);
        final List<Path> removed = files.stream().filter(Files::notExists).toList();
        assertThat(removed).hasSizeGreaterThan(1);
        // The oldest go first: so the last ones are there when the process dies.
        for (int from = removed.size() - 1; from >= 0; from--)
        {
            for (final Path file : removed.subList(from, removed.size()))
            {
                Files.createDirectories(file.getParent());
                Files.copy(kept.resolve(file.getFileName()), file, StandardCopyOption.REPLACE_EXISTING);
            }
            final JournalReport report = JournalVerifier.verify(directory);
            assertThat(report.damage()).isNull();
            assertThat(report.first()).isEqualTo(whole.first());
            assertThat(report.chain()).isEqualTo(whole.chain());
            try (JournalReader reader = JournalReader.open(directory))
            {
                assertThat(readAll(reader)).hasSize((int)whole.entries()).startsWith(whole.first());
                reader.seek(whole.first() + 1);
                assertThat(reader.next()).isTrue();
            }
            JournalWriter.open(directory, OPTIONS, text -> {}).close();
            assertThat(removed).noneMatch(Files::exists);
        }
    }

    @Test
    void aBitThatIsFlippedWhereItIsSaidWhereTheJournalBeginsIsFound() throws IOException
    {
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
        {
            writer.removeBefore(1_200);
        }
        final Path base = directory.resolve(JournalBase.FILE);
        final byte[] content = Files.readAllBytes(base);
        for (int i = 0; i < content.length * Byte.SIZE; i += 5)
        {
            final byte[] damaged = content.clone();
            damaged[i / Byte.SIZE] ^= (byte)(1 << i % Byte.SIZE);
            Files.write(base, damaged);
            assertThatThrownBy(() -> JournalScan.open(directory)).isInstanceOf(JournalException.class)
                .hasMessageContaining(base.toString());
        }
        Files.write(base, new byte[0]);
        assertThatThrownBy(() -> JournalReader.open(directory)).isInstanceOf(JournalException.class);
        // Without it, a journal has lost its beginning.
        Files.delete(base);
        assertThat(JournalVerifier.verify(directory).damage()).contains("A file before this one is missing");
    }

    @Test
    void aJournalBegunWhereAnotherOneBeginsTakesItsEntries() throws IOException
    {
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
        {
            writer.removeBefore(1_200);
            final JournalBase sent = JournalBase.decode(writer.base().encode(), "the peer's");
            try (JournalReader reader = writer.reader();
                JournalWriter copy = JournalWriter.createEmpty(root.resolve("copy"), sent, OPTIONS))
            {
                assertThat(copy.lastSequence()).isEqualTo(sent.firstSequence() - 1);
                while (reader.next())
                {
                    copy.append(reader.entry().buffer(), reader.entry().offset(), reader.entry().length());
                }
            }
        }
        assertThat(JournalVerifier.verify(root.resolve("copy")).chain()).isEqualTo(JournalVerifier.verify(directory).chain());
        // A whole journal in the place of another one has nothing of that one's beginning.
        final Path other = root.resolve("other");
        JournalBase.read(directory).write(Files.createDirectory(other));
        JournalWriter.create(other, GENESIS, OPTIONS).close();
        assertThat(JournalVerifier.verify(other).entries()).isEqualTo(1);
    }

    @Test
    void aJournalInMemoryForgetsAsOneOnTheDiskDoes()
    {
        final MemoryJournal memory = new MemoryJournal("m", JournalBase.WHOLE);
        memory.append(EVENTS.genesis(GENESIS));
        fill(memory);
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
        {
            writer.removeBefore(1_200);
            memory.removeBefore(writer.base().firstSequence());
            assertThat(memory.base().encode()).isEqualTo(writer.base().encode());
            assertThat(readAll(memory.reader())).isEqualTo(readAll(writer.reader()));
            assertThat(memory.chainHigh()).isEqualTo(writer.chainHigh());
        }
        final List<EventType> told = new ArrayList<>();
        final MemoryJournal again = memory.reopened(entry -> told.add(entry.type()));
        assertThat(told).startsWith(EventType.GENESIS, EventType.GENERATION, EventType.BACKUP_JOINED, EventType.VSOCK_PACKET);
        assertThat(again.lastSequence()).isEqualTo(ENTRIES - 1);
        assertThatThrownBy(() -> again.reader().seek(3)).isInstanceOf(JournalException.class);
    }

    private static void assertRoles(final JournalBase base)
    {
        final List<String> roles = new ArrayList<>();
        base.remember(entry -> roles.add(entry.type() + switch (entry.type())
        {
            case GENERATION, BACKUP_JOINED -> " " + entry.node();
            default -> "";
        }));
        assertThat(roles).containsExactly("GENESIS", "GENERATION a", "BACKUP_JOINED b");
    }

    private static List<Long> readAll(final JournalCursor cursor)
    {
        final List<Long> sequences = new ArrayList<>();
        while (cursor.next())
        {
            sequences.add(cursor.entry().sequence());
        }
        return sequences;
    }
}
