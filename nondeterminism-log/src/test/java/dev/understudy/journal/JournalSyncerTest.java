package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class JournalSyncerTest
{
    @TempDir
    private Path root;

    private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();

    @Test
    void aSyncerFollowsRollsAndTheReplacementOfTheJournal() throws IOException, InterruptedException
    {
        final Path directory = root.resolve("journal");
        try (JournalSyncer syncer = new JournalSyncer(directory, 1, failures::add))
        {
            for (int i = 0; i < 3; i++)
            {
                try (JournalWriter writer =
                    JournalWriter.create(directory, SampleJournal.GENESIS, SampleJournal.options()))
                {
                    final long before = syncer.syncs();
                    SampleJournal.append(writer, 5_000, i, 500);
                    awaitSyncs(syncer, before + 3);
                }
                Files.move(directory, root.resolve("aside" + i));
            }
        }
        assertThat(failures).isEmpty();
    }

    @Test
    void aDiskThatDoesNotTakeTheJournalIsReportedOnce() throws IOException, InterruptedException
    {
        final Path directory = root.resolve("journal");
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, SampleJournal.options()))
        {
            SampleJournal.append(writer, 10, 1, 100);
            // The null device has no disk behind it: the kernel refuses to sync it.
            Files.createSymbolicLink(
                QueueFiles.segments(directory).getLast().resolve("99991231-2359" + QueueFiles.SUFFIX),
                Path.of("/dev/null"));
            try (JournalSyncer syncer = new JournalSyncer(directory, 1, failures::add))
            {
                assertThat(failures.poll(20, TimeUnit.SECONDS)).contains("cannot be written to the disk");
                assertThat(syncer.syncs()).isZero();
            }
        }
        assertThat(failures).isEmpty();
    }

    private static void awaitSyncs(final JournalSyncer syncer, final long count) throws InterruptedException
    {
        while (syncer.syncs() < count)
        {
            Thread.sleep(1);
        }
    }
}
