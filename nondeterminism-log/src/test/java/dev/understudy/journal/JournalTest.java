package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final Genesis GENESIS = new Genesis(
        "guest", 64 << 20, 3, "/kernel", new byte[32], null, null, "console=hvc0", new byte[32], 1, 1_700_000_000_000L);

    /** Numbers have digits of their own there. */
    private static final Locale PERSIAN = Locale.of("fa", "IR");

    @TempDir
    private Path temp;

    @Test
    void everyTypeOfEntryIsReadBackAsItWasWritten()
    {
        final Path directory = temp.resolve("journal");
        final UnsafeBuffer data = new UnsafeBuffer("payload".getBytes(StandardCharsets.US_ASCII));
        try (JournalWriter writer = JournalWriter.create(directory, GENESIS, JournalOptions.defaults()))
        {
            writer.append(EVENTS.clockSample(10, 100, 1, 5_000, 2_000_000));
            writer.append(EVENTS.consoleInput(20, 200, 2, data, 0, 7));
            writer.append(EVENTS.entropy(30, 300, 3, data, 1, 3));
            writer.append(EVENTS.vsockPacket(40, 400, 4, data, 0, 7));
            writer.append(EVENTS.digest(50, 500, 5, 0xD16E57L));
            writer.append(EVENTS.generation(60, 600, 6, 2, GenerationCause.PROMOTED, "b"));
            writer.append(EVENTS.backupJoined(70, 700, 7, 2, "a"));
            writer.append(EVENTS.blockCompletion(80, 800, 8, 3, 1L << 40, BlockOutcome.IOERR));
            writer.append(EVENTS.networkFrame(90, 900, 9, new UnsafeBuffer("payload".getBytes(StandardCharsets.UTF_8)), 0, 7));
            writer.append(EVENTS.consoleSize(100, 1000, 10, 65_535, 24));
            writer.append(EVENTS.balloonTarget(110, 1100, 11, 0xFFFF_FFFFL));
            writer.append(EVENTS.date(120, 1200, 12, 1_796_118_093_000_000_001L));
            writer.append(EVENTS.closed(130, 1300, 13, Outcome.FAILURE, 0xF1A7L));
        }

        final List<String> types = new ArrayList<>();
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                final JournalEntry entry = scan.entry();
                types.add(entry.type().name());
                assertThat(entry.sequence()).isEqualTo(types.size() - 1);
                assertThat(entry.position()).isEqualTo(10 * entry.sequence());
                assertThat(entry.timeNs()).isEqualTo(100 * entry.sequence());
                assertThat(entry.outputs()).isEqualTo(entry.sequence());
                switch (entry.type())
                {
                    case GENESIS -> assertThat(entry.genesis()).usingRecursiveComparison().isEqualTo(GENESIS);
                    case CLOCK_SAMPLE -> assertThat(entry.picosPerInstruction() + entry.limitNs()).isEqualTo(2_005_000);
                    case CONSOLE_INPUT, VSOCK_PACKET, NETWORK_FRAME -> assertThat(payload(entry)).isEqualTo("payload");
                    case ENTROPY -> assertThat(payload(entry)).isEqualTo("ayl");
                    case DIGEST -> assertThat(entry.state()).isEqualTo(0xD16E57L);
                    case GENERATION ->
                    {
                        assertThat(entry.generation()).isEqualTo(2);
                        assertThat(entry.cause()).isEqualTo(GenerationCause.PROMOTED);
                        assertThat(entry.node()).isEqualTo("b");
                    }
                    case BACKUP_JOINED -> assertThat(entry.node()).isEqualTo("a");
                    case BLOCK_COMPLETION ->
                    {
                        assertThat(entry.drive()).isEqualTo(3);
                        assertThat(entry.request()).isEqualTo(1L << 40);
                        assertThat(entry.status()).isEqualTo(BlockOutcome.IOERR);
                    }
                    case CONSOLE_SIZE ->
                    {
                        assertThat(entry.columns()).isEqualTo(65_535);
                        assertThat(entry.rows()).isEqualTo(24);
                    }
                    case BALLOON_TARGET -> assertThat(entry.pages()).isEqualTo(0xFFFF_FFFFL);
                    case DATE ->
                    {
                        assertThat(entry.epochNs()).isEqualTo(1_796_118_093_000_000_001L);
                        assertThat(entry).asString().endsWith(" 2026-12-01T09:41:33.000000001Z");
                    }
                    case CLOSED ->
                    {
                        assertThat(entry.outcome()).isEqualTo(Outcome.FAILURE);
                        assertThat(entry.state()).isEqualTo(0xF1A7L);
                    }
                }
            }
            assertThat(scan.damage()).isNull();
            assertThat(scan.tornTail()).isNull();
        }
        assertThat(types).hasSize(EventType.values().length).doesNotHaveDuplicates();
    }

    @Test
    void readerFollowsAWriterAndSeeks()
    {
        final Path directory = temp.resolve("journal");
        try (JournalWriter writer = JournalWriter.create(directory, GENESIS, JournalOptions.defaults());
            JournalReader reader = JournalReader.open(directory))
        {
            assertThat(reader.next()).isTrue();
            assertThat(reader.next()).isFalse();
            for (int i = 1; i <= 1000; i++)
            {
                writer.append(EVENTS.digest(i, i, i, i));
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().state()).isEqualTo(i);
            }
            reader.seek(500);
            assertThat(reader.next()).isTrue();
            assertThat(reader.entry().sequence()).isEqualTo(500);
            reader.seek(1001);
            assertThat(reader.next()).isFalse();
            writer.append(EVENTS.digest(1001, 1001, 0, 7));
            assertThat(reader.next()).isTrue();
            assertThat(reader.entry().state()).isEqualTo(7);
        }
    }

    @Test
    void reopenedJournalGoesOnWhereItEnded()
    {
        final Path directory = write(100);
        try (JournalWriter writer = JournalWriter.open(directory, JournalOptions.defaults(), text -> {}))
        {
            assertThat(writer.lastSequence()).isEqualTo(100);
            assertThat(writer.genesis().commandLine()).isEqualTo(GENESIS.commandLine());
            writer.append(EVENTS.digest(101, 101, 101, 101));
        }
        assertThat(JournalVerifier.verify(directory).entries()).isEqualTo(102);
        assertThat(JournalVerifier.verify(directory).damage()).isNull();
    }

    @Test
    void aLocaleWithDigitsOfItsOwnChangesNothing() throws IOException
    {
        final Locale before = Locale.getDefault();
        Locale.setDefault(PERSIAN);
        try
        {
            final Path directory = write(3);
            for (int i = 4; i < 7; i++)
            {
                try (JournalWriter writer = JournalWriter.open(directory, JournalOptions.defaults(), text -> {}))
                {
                    writer.append(EVENTS.digest(i, i, i, i));
                }
            }
            assertThat(JournalVerifier.verify(directory).entries()).isEqualTo(7);
            assertThat(JournalVerifier.verify(directory).chain()).matches("[0-9a-f]{32}");
            try (Stream<Path> files = Files.walk(directory))
            {
                assertThat(files.map(directory::relativize).map(Path::toString))
                    .allMatch(name -> name.chars().allMatch(it -> it < 128));
            }
        }
        finally
        {
            Locale.setDefault(before);
        }
    }

    @Test
    void aWriterThatAppendsNothingLeavesNothing() throws IOException
    {
        final Path directory = write(3);
        final long bytes = QueueFiles.diskBytes(directory);
        final JournalOptions options = JournalOptions.defaults().bounded(bytes + (2 << 20), text -> {});
        for (int i = 0; i < 4; i++)
        {
            JournalWriter.open(directory, options, text -> {}).close();
            JournalWriter.openUnstarted(directory, options, text -> {}).close();
        }
        assertThat(QueueFiles.segments(directory)).hasSize(1);

        for (int i = 0; i < 4; i++)
        {
            // As one that was killed leaves it.
            try (JournalWriter writer = JournalWriter.open(directory, options, text -> {}))
            {
                assertThat(writer.lastSequence()).isEqualTo(3);
                copy(directory, temp.resolve("killed" + i));
            }
            Files.move(directory, temp.resolve("old" + i));
            Files.move(temp.resolve("killed" + i), directory);
            assertThat(QueueFiles.segments(directory)).hasSize(2);
        }
        assertThat(JournalVerifier.verify(directory).damage()).isNull();
        try (JournalWriter writer = JournalWriter.open(directory, options, text -> {}))
        {
            writer.append(EVENTS.digest(4, 4, 4, 4));
        }
        assertThat(QueueFiles.segments(directory)).hasSize(2);
        assertThat(JournalVerifier.verify(directory).entries()).isEqualTo(5);
    }

    private static void copy(final Path from, final Path to) throws IOException
    {
        try (Stream<Path> files = Files.walk(from))
        {
            for (final Path file : files.toList())
            {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    @Test
    void receivedEntryThatDoesNotFollowIsRefusedAndNothingIsAppended()
    {
        final Path source = write(3);
        final Path copy = temp.resolve("copy");
        try (JournalScan scan = JournalScan.open(source);
            JournalWriter writer = JournalWriter.createEmpty(copy, JournalBase.WHOLE, JournalOptions.defaults()))
        {
            scan.next();
            final JournalEntry entry = scan.entry();
            writer.append(entry.buffer(), entry.offset(), entry.length());
            scan.next();
            scan.next();
            assertThatThrownBy(() -> writer.append(entry.buffer(), entry.offset(), entry.length()))
                .isInstanceOf(JournalException.class).hasMessageContaining("entry 2").hasMessageContaining("entry 1");
            final byte[] changed = new byte[entry.length()];
            entry.buffer().getBytes(entry.offset(), changed);
            changed[8] = 1;
            assertThatThrownBy(() -> writer.append(new UnsafeBuffer(changed), 0, changed.length))
                .isInstanceOf(JournalException.class).hasMessageContaining("hash chain");
            assertThat(writer.lastSequence()).isZero();
        }
    }

    @Test
    void secondWriterIsRefusedAndNamesTheFirst()
    {
        final Path directory = temp.resolve("journal");
        try (JournalWriter writer = JournalWriter.create(directory, GENESIS, JournalOptions.defaults()))
        {
            assertThatThrownBy(() -> JournalWriter.open(directory, JournalOptions.defaults(), text -> {}))
                .isInstanceOf(JournalException.class)
                .hasMessageContaining(Long.toString(ProcessHandle.current().pid()));
            assertThat(writer.lastSequence()).isZero();
        }
    }

    @Test
    void boundedJournalIsFullBeforeTheDiskIs()
    {
        final List<String> alarms = new ArrayList<>();
        final Path directory = temp.resolve("journal");
        final JournalOptions options = JournalOptions.defaults().bounded(8 << 20, alarms::add);
        final UnsafeBuffer data = new UnsafeBuffer(new byte[1000]);
        final Random random = new Random(1);
        try (JournalWriter writer = JournalWriter.create(directory, GENESIS, options))
        {
            assertThatThrownBy(() ->
            {
                for (int i = 0; i < 100_000; i++)
                {
                    random.nextBytes(data.byteArray());
                    writer.append(EVENTS.entropy(i, i, i, data, 0, 1000));
                }
            }).isInstanceOf(JournalFullException.class).hasMessageContaining("bound");
        }
        assertThat(alarms).hasSize(1);
        assertThat(JournalVerifier.verify(directory).damage()).isNull();
        assertThat(JournalVerifier.verify(directory).entries()).isGreaterThan(5_000);
    }

    @Test
    void flippedBitInTheMiddleIsNamedAtItsEntry() throws IOException
    {
        final Path directory = write(200);
        final Path file = QueueFiles.list(directory).getFirst();
        final byte[] bytes = Files.readAllBytes(file);
        final int place = indexOf(bytes, 0x5EED_0064L);
        flip(file, place);

        final JournalReport report = JournalVerifier.verify(directory);
        assertThat(report.entries()).isEqualTo(100);
        assertThat(report.damage()).contains(file.toString()).contains("entry 100").contains("--until-entry 99");
        assertThatThrownBy(() -> JournalWriter.open(directory, JournalOptions.defaults(), text -> {}))
            .isInstanceOf(JournalException.class).hasMessageContaining("entry 100");
    }

    @Test
    void tornTailIsCutAtTheLastWholeEntry() throws IOException
    {
        final Path directory = write(200);
        final Path file = QueueFiles.list(directory).getFirst();
        final byte[] bytes = Files.readAllBytes(file);
        final int place = indexOf(bytes, 0x5EED_00C8L);
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw"))
        {
            raw.setLength(place + 3);
        }

        assertThat(JournalVerifier.verify(directory).tornTail()).contains("entry 199");
        final List<String> notices = new ArrayList<>();
        try (JournalWriter writer = JournalWriter.open(directory, JournalOptions.defaults(), notices::add))
        {
            assertThat(writer.lastSequence()).isEqualTo(199);
            writer.append(EVENTS.digest(200, 200, 200, 200));
        }
        assertThat(notices).hasSize(1);
        final JournalReport report = JournalVerifier.verify(directory);
        assertThat(report.entries()).isEqualTo(201);
        assertThat(report.damage()).isNull();
        assertThat(report.tornTail()).isNull();
    }

    @Test
    void whateverIsDoneToAFileNothingButAPrefixOfTheEntriesIsRead() throws IOException
    {
        final Path directory = write(60);
        final Path file = QueueFiles.list(directory).getFirst();
        final byte[] original = Files.readAllBytes(file);
        final long seed = Long.getLong("fuzz.seed", System.nanoTime());
        final Random random = new Random(seed);
        final int used = Math.min(original.length, indexOf(original, 0x5EED_003CL) + 200);
        for (int round = 0; round < 300; round++)
        {
            final byte[] changed = original.clone();
            int length = changed.length;
            switch (random.nextInt(3))
            {
                case 0 -> changed[random.nextInt(used)] ^= (byte)(1 << random.nextInt(8));
                case 1 -> length = random.nextInt(used);
                default ->
                {
                    final int from = random.nextInt(used);
                    for (int i = from; i < Math.min(used, from + 64); i++)
                    {
                        changed[i] = (byte)random.nextInt();
                    }
                }
            }
            Files.write(file, Arrays.copyOf(changed, length));
            try
            {
                assertAPrefixIsRead(directory);
            }
            catch (final RuntimeException | Error e)
            {
                throw new AssertionError("with -Dfuzz.seed=" + seed + ", round " + round + ": " + e.getMessage(), e);
            }
        }
    }

    private static void assertAPrefixIsRead(final Path directory)
    {
        try (JournalScan scan = JournalScan.open(directory))
        {
            for (long expected = 0; scan.next(); expected++)
            {
                assertThat(scan.entry().sequence()).isEqualTo(expected);
                if (expected > 0)
                {
                    assertThat(scan.entry().state()).isEqualTo(0x5EED_0000L + expected);
                }
            }
        }
    }

    @Test
    void nothingThatCallsHomeIsOnTheClassPath()
    {
        assertThatThrownBy(() -> Class.forName("net.openhft.chronicle.analytics.Analytics"))
            .isInstanceOf(ClassNotFoundException.class);
    }

    /** A journal with so many digests behind its first entry: digest and outputs are 0x5EED0000 plus their number. */
    private Path write(final int digests)
    {
        final Path directory = temp.resolve("journal-" + digests);
        try (JournalWriter writer = JournalWriter.create(directory, GENESIS, JournalOptions.defaults()))
        {
            for (int i = 1; i <= digests; i++)
            {
                writer.append(EVENTS.digest(i, i, 0x5EED_0000L + i, 0x5EED_0000L + i));
            }
        }
        return directory;
    }

    private static int indexOf(final byte[] bytes, final long value)
    {
        for (int i = 0; i + Long.BYTES <= bytes.length; i++)
        {
            long found = 0;
            for (int j = Long.BYTES - 1; j >= 0; j--)
            {
                found = found << 8 | (bytes[i + j] & 0xFF);
            }
            if (found == value)
            {
                return i;
            }
        }
        throw new AssertionError("not in the file");
    }

    private static void flip(final Path file, final int place) throws IOException
    {
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw"))
        {
            raw.seek(place);
            final int value = raw.read();
            raw.seek(place);
            raw.write(value ^ 4);
        }
    }

    private static String payload(final JournalEntry entry)
    {
        final byte[] bytes = new byte[entry.dataLength()];
        entry.data().getBytes(entry.dataOffset(), bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
