package dev.understudy.hypervisor.pair;

import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.Journal;
import dev.understudy.journal.JournalBase;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalReader;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.JournalSyncer;
import dev.understudy.journal.JournalWriter;
import dev.understudy.node.Doorbell;
import dev.understudy.node.Journals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The data directory of a node, with its journal in it. On the agent thread, but for what says otherwise.
 */
final class DataDirectory implements Journals, AutoCloseable
{
    private static final String DIRECTORY = "journal";
    private static final String DISCARDED = "journal.discarded";

    /** And the last generation of a guest that has ended. */
    private static final String ENDED = "journal.ended-";

    private final Path data;
    private final Path directory;
    private final JournalOptions options;
    private final Journal found;
    private JournalSyncer syncer;
    private volatile String failure;

    /**
     * Finds out whether a journal can be written there, and takes the one that is there before another process does.
     *
     * @param notices takes what the operator should know, a line each
     * @throws JournalException when the directory cannot be written, its journal is damaged or another process has it
     */
    DataDirectory(final Path data, final JournalOptions options, final Consumer<String> notices)
    {
        this.data = data;
        directory = data.resolve(DIRECTORY);
        this.options = options;
        try
        {
            Files.createDirectories(data);
        }
        catch (final IOException e)
        {
            throw new JournalException("data directory " + data + " cannot be made: " + e, e);
        }
        rehearse();
        found = JournalScan.exists(directory) ? JournalWriter.openUnstarted(directory, options, notices) : null;
    }

    /**
     * Has what is appended synced from now on.
     *
     * @param intervalMs time between two syncs, in milliseconds
     * @param bell       rung when one has failed
     */
    void sync(final int intervalMs, final Doorbell bell)
    {
        syncer = new JournalSyncer(directory, intervalMs, problem ->
        {
            failure = problem;
            bell.ring();
        });
    }

    /**
     * Writes and reads a journal that is thrown away: finds out early whether that works here, and has the classes
     * loaded that would otherwise keep the agent thread from its heartbeats for half a second.
     */
    private void rehearse()
    {
        final Path rehearsal = data.resolve("rehearsal");
        try
        {
            deleteTree(rehearsal);
            final Genesis genesis = new Genesis(
                "rehearsal", 0, 0, "", new byte[32], null, null, "", new byte[32], 0, System.currentTimeMillis());
            try (JournalWriter rehearsed = JournalWriter.create(rehearsal, genesis, options);
                JournalReader reader = rehearsed.reader())
            {
                rehearsed.append(new EntryEncoder().digest(0, 0, 0, 0));
                reader.seek(1);
                reader.next();
            }
            deleteTree(rehearsal);
        }
        catch (final IOException | UncheckedIOException e)
        {
            throw new JournalException("data directory " + data + " cannot be written: " + e, e);
        }
    }

    @Override
    public String name()
    {
        return directory.toString();
    }

    @Override
    public Journal open(final Consumer<JournalEntry> entries)
    {
        if (found == null)
        {
            return null;
        }
        try (JournalScan scan = JournalScan.open(directory))
        {
            scan.base().remember(entries);
            while (scan.next())
            {
                entries.accept(scan.entry());
            }
        }
        return found;
    }

    @Override
    public Journal create(final Genesis genesis)
    {
        return JournalWriter.create(directory, genesis, options);
    }

    @Override
    public Journal createEmpty(final JournalBase base)
    {
        return JournalWriter.createEmpty(directory, base, options);
    }

    @Override
    public String putAside(final boolean isKept)
    {
        if (!Files.isDirectory(directory))
        {
            return null;
        }
        final Path aside = data.resolve(DISCARDED);
        try
        {
            if (!isKept)
            {
                deleteTree(directory);
                return null;
            }
            deleteTree(aside);
            Files.move(directory, aside);
            return aside.toString();
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be put aside: " + e, e);
        }
    }

    @Override
    public String keepEnded(final long generation)
    {
        final Path kept = data.resolve(ENDED + generation);
        try
        {
            // One that is there was of another arbiter.
            deleteTree(kept);
            Files.move(directory, kept);
            return kept.toString();
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be kept as " + kept + ": " + e, e);
        }
    }

    @Override
    public long syncUnderWay()
    {
        return syncer == null ? -1 : syncer.underWay();
    }

    @Override
    public String failure()
    {
        return failure;
    }

    private static void deleteTree(final Path root) throws IOException
    {
        if (!Files.isDirectory(root))
        {
            return;
        }
        try (Stream<Path> paths = Files.walk(root))
        {
            paths.sorted((a, b) -> b.compareTo(a)).forEach(path ->
            {
                try
                {
                    Files.delete(path);
                }
                catch (final IOException e)
                {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** Syncs no more. */
    @Override
    public void close()
    {
        if (syncer != null)
        {
            syncer.close();
        }
    }
}
