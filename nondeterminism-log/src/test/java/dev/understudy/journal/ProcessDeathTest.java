package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ProcessDeathTest
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final int ROUNDS = 3;
    private static final int ENTRIES_A_ROUND = 3_000;

    @TempDir
    private Path root;

    @Test
    void everyEntryThatAKilledProcessReportedIsThere() throws Exception
    {
        final Path directory = root.resolve("guest-a");
        for (int round = 0; round < ROUNDS; round++)
        {
            final Path output = root.resolve("output-" + round);
            final Process process = ForkedJvm.start(
                output, AppendingProcess.class, directory, 1L << 30, JournalOptions.MIN_FILE_BYTES);
            final long reported;
            try (JournalReader reader = awaitJournal(directory, process, output))
            {
                final long until = lastReported(directory) + ENTRIES_A_ROUND;
                while (reader.nextSequence() < until)
                {
                    assertThat(process.isAlive()).as(Files.readString(output)).isTrue();
                    if (!reader.next())
                    {
                        Thread.sleep(1);
                    }
                }
                // A second writer learns who has the journal.
                assertThatThrownBy(() -> JournalWriter.open(directory, SampleJournal.options(), text -> {}))
                    .isInstanceOf(JournalException.class).hasMessageContaining("process " + process.pid());
            }
            process.destroyForcibly();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            reported = lastLine(output);

            final List<String> notices = new ArrayList<>();
            try (JournalWriter writer = JournalWriter.open(directory, SampleJournal.options(), notices::add))
            {
                assertThat(writer.lastSequence()).isGreaterThanOrEqualTo(reported);
                // One more than was reported at the most: the one between append and report.
                assertThat(writer.lastSequence()).isLessThanOrEqualTo(reported + 1);
                writer.append(EVENTS.digest(writer.lastPosition(), 0, 0, 0));
            }
            final JournalReport report = JournalVerifier.verify(directory);
            assertThat(report.damage()).isNull();
            assertThat(report.tornTail()).isNull();
            assertThat(Files.readAllLines(output)).allMatch(line -> line.matches("\\d+"));
        }
    }

    @Test
    void aWriterSaysNothingOnItsOwn() throws Exception
    {
        final Path output = root.resolve("output");
        final Process process = ForkedJvm.start(output, AppendingProcess.class,
            root.resolve("guest-a"), 2 << 20, JournalOptions.MIN_FILE_BYTES);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        final List<String> lines = Files.readAllLines(output);
        assertThat(lines).allMatch(line -> line.matches("\\d+|# journal .*"));
        // The alarm, and the bound; then the closing entry from the reserve.
        assertThat(lines).filteredOn(line -> line.startsWith("#")).hasSize(2);
        assertThat(lines.getLast()).matches("\\d+");
        assertThat(process.exitValue()).isZero();
        final JournalReport report = JournalVerifier.verify(root.resolve("guest-a"));
        assertThat(report.outcome()).isEqualTo(Outcome.STOPPED);
        assertThat(report.entries()).isEqualTo(Long.parseLong(lines.getLast()) + 1);
        assertThat(report.diskBytes()).isLessThanOrEqualTo(2 << 20);
    }

    private static JournalReader awaitJournal(final Path directory, final Process process, final Path output)
        throws Exception
    {
        while (QueueFiles.list(directory).isEmpty())
        {
            assertThat(process.isAlive()).as(Files.readString(output)).isTrue();
            Thread.sleep(5);
        }
        return JournalReader.open(directory);
    }

    private static long lastReported(final Path directory)
    {
        return JournalVerifier.verify(directory).entries();
    }

    /** The last number of a file whose last line may be cut. */
    private static long lastLine(final Path output) throws IOException
    {
        final String text = Files.readString(output, StandardCharsets.US_ASCII);
        final String whole = text.substring(0, text.lastIndexOf('\n'));
        return Long.parseLong(whole.substring(whole.lastIndexOf('\n') + 1));
    }
}
