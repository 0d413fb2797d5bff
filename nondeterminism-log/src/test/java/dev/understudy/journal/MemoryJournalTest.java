package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A journal in memory keeps what one in files keeps, and loses what a loss of power takes. */
class MemoryJournalTest
{
    private final EntryEncoder events = new EntryEncoder();
    private final MemoryJournal journal = new MemoryJournal("m", JournalBase.WHOLE);

    private void begin()
    {
        journal.append(events.genesis(SampleJournal.GENESIS));
    }

    private void sample(final Journal to, final long position)
    {
        to.append(events.clockSample(position, position * 3, 0, 1, 2));
    }

    @Test
    void entriesAreThoseOfAJournalInFiles(@TempDir final Path directory)
    {
        begin();
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, SampleJournal.options()))
        {
            for (int i = 0; i < 100; i++)
            {
                sample(journal, i);
                sample(writer, i);
            }
            assertThat(journal.chainHigh()).isEqualTo(writer.chainHigh());
            assertThat(journal.chainLow()).isEqualTo(writer.chainLow());
            assertThat(journal.lastSequence()).isEqualTo(writer.lastSequence()).isEqualTo(100);
            assertThat(journal.lastTimeNs()).isEqualTo(writer.lastTimeNs());
        }
        assertThat(journal.genesis().name()).isEqualTo(SampleJournal.GENESIS.name());
    }

    @Test
    void aCursorFindsWhatIsAppendedLaterAndGoesToAnyEntry()
    {
        begin();
        final JournalCursor cursor = journal.reader();
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.next()).isFalse();
        sample(journal, 7);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.entry().position()).isEqualTo(7);
        cursor.seek(0);
        assertThat(cursor.next()).isTrue();
        assertThat(cursor.entry().type()).isEqualTo(EventType.GENESIS);
        assertThatThrownBy(() -> cursor.seek(3)).isInstanceOf(JournalException.class);
    }

    @Test
    void anEntryOfAnotherJournalThatDoesNotFollowIsRefused()
    {
        begin();
        sample(journal, 1);
        final MemoryJournal copy = new MemoryJournal("copy", JournalBase.WHOLE);
        final JournalCursor cursor = journal.reader();
        final List<byte[]> entries = new ArrayList<>();
        while (cursor.next())
        {
            final byte[] bytes = new byte[cursor.entry().length()];
            cursor.entry().buffer().getBytes(cursor.entry().offset(), bytes);
            entries.add(bytes);
        }
        assertThatThrownBy(() -> append(copy, entries.get(1))).hasMessageContaining("it is entry 1, entry 0 is due");
        append(copy, entries.get(0));
        final byte[] changed = entries.get(1).clone();
        changed[changed.length - 1] ^= 1;
        assertThatThrownBy(() -> append(copy, changed)).hasMessageContaining("the hash chain of entry 1");
        append(copy, entries.get(1));
        assertThat(copy.chainHigh()).isEqualTo(journal.chainHigh());
    }

    private static void append(final Journal to, final byte[] entry)
    {
        to.append(new UnsafeBuffer(entry), 0, entry.length);
    }

    @Test
    void aProcessThatDiesLosesNothingAndAppendsNoMore()
    {
        begin();
        sample(journal, 1);
        final List<Long> told = new ArrayList<>();
        final MemoryJournal reopened = journal.reopened(entry -> told.add(entry.sequence()));
        assertThat(told).containsExactly(0L, 1L);
        assertThatThrownBy(() -> sample(journal, 2)).hasMessageContaining("closed");
        sample(reopened, 2);
        assertThat(reopened.lastSequence()).isEqualTo(2);
    }

    @Test
    void aLossOfPowerTakesWhatWasNotSynced()
    {
        begin();
        sample(journal, 1);
        journal.sync();
        sample(journal, 2);
        sample(journal, 3);
        assertThat(journal.losePower()).isEqualTo(2);
        final MemoryJournal reopened = journal.reopened(entry -> {});
        assertThat(reopened.lastSequence()).isEqualTo(1);
        sample(reopened, 5);
        assertThat(reopened.losePower()).isEqualTo(1);
    }
}
