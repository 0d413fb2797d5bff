package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a writer that died may leave, made by hand. */
class TornTailTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final JournalOptions OPTIONS = SampleJournal.options();
    private static final int LAST = 20;

    @TempDir
    private Path root;
    private Path directory;
    private Path file;
    private List<byte[]> entries;

    /** A journal that was never closed. */
    @BeforeEach
    void killWriter() throws IOException
    {
        directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(root.resolve("live"), SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, LAST, 5, 100);
            SampleJournal.copy(root.resolve("live"), directory);
        }
        file = QueueFiles.list(directory).getFirst();
        entries = SampleJournal.read(directory);
    }

    @Test
    void aJournalThatWasNotClosedButIsWholeIsOpenedWithoutANotice()
    {
        assertThat(open()).isEmpty();
        assertThat(SampleJournal.read(directory)).containsExactlyElementsOf(entries);
    }

    @Test
    void anUnfinishedEntryIsCutWithANoticeThatCountsItsBytes() throws IOException
    {
        for (final int word : new int[] {0, QueueFile.BEING_WRITTEN, QueueFile.BEING_WRITTEN | 100})
        {
            final Path copy = SampleJournal.copy(directory, root.resolve("copy"));
            write(QueueFiles.list(copy).getFirst(), end(), word, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
            final List<String> notices = new ArrayList<>();
            JournalWriter.open(copy, OPTIONS, notices::add).close();
            assertThat(notices).hasSize(1);
            assertThat(notices.getFirst()).contains("12 bytes behind entry " + LAST).contains(".cq4");
            assertThat(SampleJournal.read(copy)).containsExactlyElementsOf(entries);
        }
    }

    @Test
    void whatAGuestSentIsNotTakenForLaterEntries() throws IOException
    {
        final byte[] packet = packetFullOfEntries();
        for (final int word : new int[] {0, QueueFile.BEING_WRITTEN})
        {
            final Path copy = SampleJournal.copy(directory, root.resolve("copy"));
            write(QueueFiles.list(copy).getFirst(), end(), word, packet);
            final List<String> notices = new ArrayList<>();
            JournalWriter.open(copy, OPTIONS, notices::add).close();
            assertThat(notices).hasSize(1);
            assertThat(SampleJournal.read(copy)).containsExactlyElementsOf(entries);
        }
        // They do look like entries, where it is not known that they are part of one.
        packet[PackedEntry.TYPE_OFFSET] = 0;
        write(file, end(), 0, packet);
        assertThatThrownBy(this::open).isInstanceOf(JournalException.class)
            .hasMessageContaining("entry " + (LAST + 1));
    }

    /** A packed packet of the number that is due, in which entries with later numbers stand at places for entries. */
    private static byte[] packetFullOfEntries()
    {
        final int groups = 20;
        final int groupBytes = PackedEntry.MASKED_WORDS * Integer.BYTES;
        final byte[] payload = new byte[groups * groupBytes - Integer.BYTES];
        Arrays.fill(payload, (byte)1);
        final EntryEncoder encoder = new EntryEncoder();
        final EntryPacker packer = new EntryPacker();
        final int length = pack(packer, LAST + 1, encoder.vsockPacket(
            1 << 30, 1, 1, new UnsafeBuffer(payload), 0, payload.length));
        final byte[] packet = Arrays.copyOf(packer.buffer().byteArray(), length);
        final int firstGroup = length - groups * (groupBytes + Integer.BYTES) + Integer.BYTES;
        for (int i = 0; i < groups; i++)
        {
            final int forgedLength = pack(packer, LAST + 5L + i, encoder.digest((1 << 30) + i, i, i, i));
            final int place = firstGroup + i * (groupBytes + Integer.BYTES) + QueueFile.WORD_BYTES - 1 & -QueueFile.WORD_BYTES;
            new UnsafeBuffer(packet).putInt(place, forgedLength, ByteOrder.LITTLE_ENDIAN);
            packer.buffer().getBytes(0, packet, place + QueueFile.WORD_BYTES, forgedLength);
        }
        return packet;
    }

    private static int pack(final EntryPacker packer, final long sequence, final EntryEncoder event)
    {
        event.sequence(sequence);
        return packer.pack(event.entry().type(), event.buffer(), event.entry().length());
    }

    @Test
    void aLostWordBeforeTheEndIsDamageAndNothingIsCut() throws IOException
    {
        final long place = JournalReaderTest.placeOfEntry(file, LAST - 3);
        write(file, place, 0, new byte[0]);
        assertThatThrownBy(this::open).isInstanceOf(JournalException.class)
            .hasMessageContaining("entry " + (LAST - 3)).hasMessageContaining("--until-entry " + (LAST - 4));
        try (JournalReader reader = JournalReader.open(directory))
        {
            for (int i = 0; i < LAST - 3; i++)
            {
                assertThat(reader.next()).isTrue();
            }
            assertThatThrownBy(() ->
            {
                for (int i = 0; i < 1000; i++)
                {
                    assertThat(reader.next()).isFalse();
                }
            }).isInstanceOf(JournalException.class).hasMessageContaining("entry " + (LAST - 3));
        }
    }

    @Test
    void aChangedLastEntryIsCut() throws IOException
    {
        JournalReaderTest.changeByte(file, JournalReaderTest.placeOfEntry(file, LAST) + 30, 4);
        assertThat(open()).hasSize(1);
        assertThat(SampleJournal.read(directory)).containsExactlyElementsOf(entries.subList(0, LAST));
    }

    @Test
    void aReaderThatWaitsBehindATornEntryGoesOnWhenTheJournalIsOpenedAgain() throws IOException
    {
        write(file, end(), QueueFile.BEING_WRITTEN, new byte[] {1, 2, 3, 4});
        try (JournalReader reader = JournalReader.open(directory))
        {
            for (int i = 0; i <= LAST; i++)
            {
                assertThat(reader.next()).isTrue();
            }
            for (int i = 0; i < 1000; i++)
            {
                assertThat(reader.next()).isFalse();
            }
            try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
            {
                writer.append(EVENTS.digest(1 << 30, 1, 2, 42));
                assertThat(reader.next()).isTrue();
                assertThat(reader.entry().state()).isEqualTo(42);
            }
        }
    }

    @Test
    void aLostEndMarkBetweenTwoFilesLosesNoEntry() throws IOException
    {
        open();
        try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, text -> {}))
        {
            writer.append(EVENTS.digest(1 << 30, 1, 2, 42));
        }
        write(file, JournalReaderTest.placeOfEnd(file), 0, new byte[12]);
        try (JournalReader reader = JournalReader.open(directory))
        {
            for (int i = 0; i <= LAST; i++)
            {
                assertThat(reader.next()).isTrue();
            }
            int calls = 1;
            while (!reader.next())
            {
                assertThat(calls++).isLessThan(1000);
            }
            assertThat(reader.entry().state()).isEqualTo(42);
        }
        assertThat(open()).isEmpty();
        assertThat(SampleJournal.read(directory)).hasSize(LAST + 2);
    }

    private List<String> open()
    {
        final List<String> notices = new ArrayList<>();
        JournalWriter.open(directory, OPTIONS, notices::add).close();
        return notices;
    }

    private long end()
    {
        return JournalReaderTest.placeOfEnd(file);
    }

    private static void write(final Path path, final long place, final int word, final byte[] bytes) throws IOException
    {
        try (RandomAccessFile opened = new RandomAccessFile(path.toFile(), "rw"))
        {
            opened.seek(place);
            opened.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(word).array());
            opened.write(bytes);
        }
    }
}
