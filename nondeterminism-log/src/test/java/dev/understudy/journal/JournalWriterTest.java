package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalWriterTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final JournalOptions OPTIONS = SampleJournal.options();

    /** Two steps of new blocks. */
    private static final long MAX_RESIDENT_BYTES = 2 << 20;

    @TempDir
    private Path root;

    @Test
    void entriesAreReadBackAsTheyWereAppended()
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            assertThat(writer.lastSequence()).isZero();
            assertThat(writer.append(EVENTS.clockSample(10, 30, 7, 250, 2_000_000))).isEqualTo(1);
            assertThat(writer.append(EVENTS.closed(11, 33, 8, Outcome.SHUTDOWN, 0xABCDL))).isEqualTo(2);
        }
        try (JournalReader reader = JournalReader.open(directory))
        {
            assertThat(reader.next()).isTrue();
            assertThat(reader.entry().type()).isEqualTo(EventType.GENESIS);
            assertThat(reader.entry().genesis()).usingRecursiveComparison().isEqualTo(SampleJournal.GENESIS);
            assertThat(reader.next()).isTrue();
            assertThat(reader.entry().sequence()).isEqualTo(1);
            assertThat(reader.entry().position()).isEqualTo(10);
            assertThat(reader.entry().timeNs()).isEqualTo(30);
            assertThat(reader.entry().outputs()).isEqualTo(7);
            assertThat(reader.entry().picosPerInstruction()).isEqualTo(250);
            assertThat(reader.entry().limitNs()).isEqualTo(2_000_000);
            assertThat(reader.next()).isTrue();
            assertThat(reader.entry().outcome()).isEqualTo(Outcome.SHUTDOWN);
            assertThat(reader.entry().state()).isEqualTo(0xABCDL);
            assertThat(reader.next()).isFalse();
        }
    }

    @Test
    void filesRollWhenTheyAreLongEnoughAndEveryEntryStaysInOrder()
    {
        final Path directory = root.resolve("guest-a");
        final AtomicLong now = new AtomicLong(1_795_000_000_000L);
        final JournalOptions options = new JournalOptions(
            1L << 30, JournalOptions.DEFAULT_RESERVE_BYTES, JournalOptions.MIN_FILE_BYTES, text -> {}, now::get);
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, options))
        {
            // The clock stands still for half of the files, and jumps for the other half.
            SampleJournal.append(writer, 300, 1, 4_000);
            now.addAndGet(3_600_000);
            SampleJournal.append(writer, 300, 2, 4_000);
        }
        assertThat(QueueFiles.list(directory)).hasSizeGreaterThan(2).hasSizeLessThan(12);
        assertThat(SampleJournal.read(directory)).hasSize(601);
        final JournalReport report = JournalVerifier.verify(directory);
        assertThat(report.damage()).isNull();
        assertThat(report.tornTail()).isNull();
        assertThat(report.entries()).isEqualTo(601);
    }

    @Test
    void aWriterGoesOnWhereTheLastOneStopped()
    {
        final Path directory = root.resolve("guest-a");
        final List<String> notices = new ArrayList<>();
        final long chain;
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, 50, 1, 200);
            chain = writer.chainHigh();
        }
        for (int i = 1; i <= 3; i++)
        {
            try (JournalWriter writer = JournalWriter.open(directory, OPTIONS, notices::add))
            {
                if (i == 1)
                {
                    assertThat(writer.chainHigh()).isEqualTo(chain);
                }
                assertThat(writer.lastSequence()).isEqualTo(50L * i);
                assertThat(writer.genesis()).usingRecursiveComparison().isEqualTo(SampleJournal.GENESIS);
                SampleJournal.append(writer, 50, i, 200);
            }
        }
        assertThat(notices).isEmpty();
        assertThat(JournalVerifier.verify(directory).entries()).isEqualTo(201);
        assertThat(SampleJournal.read(directory)).hasSize(201);
    }

    @Test
    void aReceivedEntryIsAppendedByteForByte()
    {
        final Path primary = root.resolve("primary");
        final Path backup = root.resolve("backup");
        try (JournalWriter writer = JournalWriter.create(primary, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, 200, 3, 300);
        }
        final List<byte[]> sent = SampleJournal.read(primary);
        try (JournalWriter receiver = JournalWriter.createEmpty(backup, JournalBase.WHOLE, OPTIONS))
        {
            assertThat(receiver.lastSequence()).isEqualTo(-1);
            assertThat(receiver.genesis()).isNull();
            for (final byte[] entry : sent)
            {
                receiver.append(new UnsafeBuffer(entry), 0, entry.length);
            }
            assertThat(receiver.genesis().name()).isEqualTo("guest-a");
            assertThat(receiver.lastSequence()).isEqualTo(200);
        }
        assertThat(SampleJournal.read(backup)).containsExactlyElementsOf(sent);
    }

    @Test
    void aReceivedEntryThatDoesNotFollowIsRefusedAndNothingChanges()
    {
        final Path primary = root.resolve("primary");
        try (JournalWriter writer = JournalWriter.create(primary, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, 10, 3, 300);
        }
        final List<byte[]> sent = SampleJournal.read(primary);
        try (JournalWriter receiver = JournalWriter.createEmpty(root.resolve("backup"), JournalBase.WHOLE, OPTIONS))
        {
            assertThatThrownBy(() -> append(receiver, sent.get(1)))
                .isInstanceOf(JournalException.class).hasMessageContaining("entry 1, entry 0 is due");
            append(receiver, sent.get(0));
            append(receiver, sent.get(1));
            assertThatThrownBy(() -> append(receiver, sent.get(1))).hasMessageContaining("entry 1, entry 2 is due");
            assertThatThrownBy(() -> append(receiver, sent.get(3))).hasMessageContaining("entry 3, entry 2 is due");
            for (int i = 0; i < sent.get(2).length; i++)
            {
                final byte[] changed = sent.get(2).clone();
                changed[i] ^= 1;
                assertThatThrownBy(() -> append(receiver, changed)).isInstanceOf(JournalException.class);
            }
            final byte[] newer = sent.get(2).clone();
            newer[6] = 4;
            assertThatThrownBy(() -> append(receiver, newer)).hasMessageContaining("version 4");
            assertThat(receiver.lastSequence()).isEqualTo(1);
            append(receiver, sent.get(2));
            assertThat(receiver.lastSequence()).isEqualTo(2);
        }
        assertThat(SampleJournal.read(root.resolve("backup"))).containsExactlyElementsOf(sent.subList(0, 3));
    }

    @Test
    void theFirstEntryIsAGenesisAndPositionsNeverGoBack()
    {
        try (JournalWriter writer = JournalWriter.createEmpty(root.resolve("guest-a"), JournalBase.WHOLE, OPTIONS))
        {
            assertThatThrownBy(() -> writer.append(EVENTS.digest(0, 0, 0, 0)))
                .hasMessageContaining("the first entry, and no other, is a genesis");
            assertThat(writer.lastSequence()).isEqualTo(-1);
        }
        try (JournalWriter writer = JournalWriter.create(root.resolve("guest-b"), SampleJournal.GENESIS, OPTIONS))
        {
            writer.append(EVENTS.digest(100, 0, 0, 0));
            assertThatThrownBy(() -> writer.append(EVENTS.digest(99, 0, 0, 0))).hasMessageContaining("99").hasMessageContaining("100");
            assertThat(writer.append(EVENTS.digest(100, 0, 0, 0))).isEqualTo(2);
        }
    }

    @Test
    void aDirectoryWithAJournalIsNotBegunAgain()
    {
        final Path directory = root.resolve("guest-a");
        JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS).close();
        assertThatThrownBy(() -> JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
            .isInstanceOf(JournalException.class).hasMessageContaining(directory.toString());
        assertThatThrownBy(() -> JournalWriter.createEmpty(directory, JournalBase.WHOLE, OPTIONS)).isInstanceOf(JournalException.class);
        assertThatThrownBy(() -> JournalWriter.open(root.resolve("nothing"), OPTIONS, text -> {}))
            .isInstanceOf(JournalException.class).hasMessageContaining("no journal");
        assertThat(root.resolve("nothing")).doesNotExist();
    }

    @Test
    void aSecondWriterIsRefusedWithTheProcessNumberAndTheFirstStaysLocked()
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            for (int i = 0; i < 3; i++)
            {
                assertThatThrownBy(() -> JournalWriter.open(directory, OPTIONS, text -> {}))
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
            }
            assertThat(writer.append(EVENTS.digest(1, 1, 1, 1))).isEqualTo(1);
        }
        JournalWriter.open(directory, OPTIONS, text -> {}).close();
    }

    @Test
    void aJournalThatNeverGotAnEntryIsNoneWhenItIsClosed()
    {
        final Path directory = root.resolve("guest-a");
        JournalWriter.createEmpty(directory, JournalBase.WHOLE, OPTIONS).close();
        assertThat(JournalScan.exists(directory)).isFalse();
        final byte[] genesis;
        try (JournalWriter other = JournalWriter.create(root.resolve("guest-b"), SampleJournal.GENESIS, OPTIONS))
        {
            genesis = SampleJournal.read(root.resolve("guest-b")).getFirst();
            assertThat(other.lastSequence()).isZero();
        }
        try (JournalWriter writer = JournalWriter.createEmpty(directory, JournalBase.WHOLE, OPTIONS))
        {
            assertThat(writer.lastSequence()).isEqualTo(-1);
            append(writer, genesis);
        }
        assertThat(JournalVerifier.verify(directory).entries()).isEqualTo(1);
    }

    @Test
    void aPayloadThatIsTooLongIsRefused()
    {
        try (JournalWriter writer = JournalWriter.create(root.resolve("guest-a"), SampleJournal.GENESIS, OPTIONS))
        {
            final UnsafeBuffer data = new UnsafeBuffer(new byte[EntryEncoder.MAX_DATA_BYTES + 1]);
            assertThat(writer.append(EVENTS.vsockPacket(0, 0, 0, data, 0, EntryEncoder.MAX_DATA_BYTES))).isEqualTo(1);
            assertThatThrownBy(() -> writer.append(EVENTS.vsockPacket(0, 0, 0, data, 0, EntryEncoder.MAX_DATA_BYTES + 1)))
                .isInstanceOf(IllegalArgumentException.class);
            assertThat(writer.lastSequence()).isEqualTo(1);
        }
    }

    @Test
    void aClosedJournalTakesLittleDisk() throws IOException
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, JournalOptions.defaults()))
        {
            SampleJournal.append(writer, 20, 1, 100);
            writer.sync();
            assertThat(writer.bytesOnDisk()).isLessThan(2 << 20);
        }
        assertThat(QueueFiles.diskBytes(directory)).isLessThan(64 * 1024);
        assertThat(Files.size(QueueFiles.list(directory).getFirst())).isLessThan(16 * 1024);
        final long before = QueueFiles.diskBytes(directory);
        JournalWriter.open(directory, JournalOptions.defaults(), text -> {}).close();
        assertThat(QueueFiles.diskBytes(directory) - before).isLessThan(64 * 1024);
    }

    @Test
    void appendingAllocatesNothingButForNewBlocks()
    {
        final int entries = 20_000;
        final UnsafeBuffer data = new UnsafeBuffer(new byte[40]);
        final ThreadMXBean threads = (ThreadMXBean)ManagementFactory.getThreadMXBean();
        try (JournalWriter writer = JournalWriter.create(
            root.resolve("guest-a"), SampleJournal.GENESIS, JournalOptions.defaults()))
        {
            for (int i = 0; i < entries * 2; i++)
            {
                writer.append(EVENTS.vsockPacket(i, i, i, data, 0, data.capacity()));
            }
            final long before = threads.getThreadAllocatedBytes(Thread.currentThread().threadId());
            for (int i = 0; i < entries; i++)
            {
                writer.append(EVENTS.vsockPacket(entries * 2L, i, i, data, 0, data.capacity()));
            }
            // An object an entry would be sixteen bytes each at the least; the blocks of 1 MiB cost a few KiB.
            assertThat(threads.getThreadAllocatedBytes(Thread.currentThread().threadId()) - before)
                .isLessThan(entries * 8L);
        }
    }

    @Test
    void whatWasAppendedDoesNotStayInMemory() throws IOException
    {
        final Path directory = root.resolve("guest-a");
        final JournalOptions options = JournalOptions.defaults();
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, options))
        {
            SampleJournal.append(writer, 10_000, 1, 4_000);

            assertThat(QueueFiles.diskBytes(directory)).isGreaterThan(2 * MAX_RESIDENT_BYTES);
            assertThat(residentBytes(directory)).isPositive().isLessThan(MAX_RESIDENT_BYTES);
        }
        assertThat(SampleJournal.read(directory)).hasSize(10_001);
    }

    /** How much of the files in a directory is mapped and in this process's memory. */
    private static long residentBytes(final Path directory) throws IOException
    {
        long kilobytes = 0;
        boolean isInDirectory = false;
        for (final String line : Files.readAllLines(Path.of("/proc/self/smaps")))
        {
            if (!line.matches("[A-Z].*"))
            {
                isInDirectory = line.contains(directory.toString());
            }
            else if (isInDirectory && line.startsWith("Rss:"))
            {
                kilobytes += Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return kilobytes * 1024;
    }

    @Test
    void chronicleItselfReadsTheSameEntries()
    {
        final Path directory = root.resolve("guest-a");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, OPTIONS))
        {
            SampleJournal.append(writer, 500, 4, 2_000);
        }
        final List<byte[]> entries = new ArrayList<>();
        final EntryUnpacker unpacker = new EntryUnpacker();
        final Path segment = QueueFiles.segments(directory).getFirst();
        try (SingleChronicleQueue queue = SingleChronicleQueueBuilder.binary(segment)
            .rollCycle(LegacyRollCycles.MINUTELY).readOnly(true).build(); ExcerptTailer tailer = queue.createTailer())
        {
            while (true)
            {
                try (DocumentContext document = tailer.readingDocument())
                {
                    if (!document.isPresent())
                    {
                        break;
                    }
                    final byte[] entry = new byte[(int)document.wire().bytes().readRemaining()];
                    document.wire().bytes().read(entry);
                    unpacker.packed().putBytes(0, entry);
                    assertThat(unpacker.unpack(entry.length)).isNull();
                    unpacker.accept();
                    entries.add(Arrays.copyOf(unpacker.entry().byteArray(), unpacker.entryLength()));
                }
            }
        }
        assertThat(entries).containsExactlyElementsOf(SampleJournal.read(directory));
    }

    private static void append(final JournalWriter writer, final byte[] entry)
    {
        writer.append(new UnsafeBuffer(entry), 0, entry.length);
    }
}
