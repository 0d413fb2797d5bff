package dev.understudy.hypervisor.pair;

import dev.understudy.failover.role.JournalTerm;
import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.EventType;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalReader;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.JournalWriter;
import dev.understudy.journal.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.agrona.DirectBuffer;

/**
 * The journal of a node: opened, received into, put aside. On the agent thread; while the guest is live, its writer
 * belongs to the hart thread.
 */
final class JournalStore implements AutoCloseable
{
    private static final String DIRECTORY = "journal";
    private static final String DISCARDED = "journal.discarded";

    private final Path data;
    private final Path directory;
    private final JournalOptions options;
    private final Consumer<String> notices;
    private final JournalEntry entry = new JournalEntry();
    private JournalWriter writer;
    private JournalTerm term = JournalTerm.NONE;
    private Outcome outcome;

    JournalStore(final Path data, final JournalOptions options, final Consumer<String> notices)
    {
        this.data = data;
        directory = data.resolve(DIRECTORY);
        this.options = options;
        this.notices = notices;
        try
        {
            Files.createDirectories(data);
        }
        catch (final IOException e)
        {
            throw new JournalException("data directory " + data + " cannot be made: " + e, e);
        }
        rehearse();
        if (JournalScan.exists(directory))
        {
            writer = JournalWriter.openUnstarted(directory, options, notices);
            if (writer.lastSequence() < 0)
            {
                discard();
            }
            else
            {
                readTerm();
            }
        }
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

    private void readTerm()
    {
        try (JournalScan scan = JournalScan.open(directory))
        {
            while (scan.next())
            {
                follow(scan.entry());
            }
        }
    }

    private void follow(final JournalEntry next)
    {
        if (next.type() == EventType.GENERATION)
        {
            term = term.begun(next.generation(), next.node());
        }
        else if (next.type() == EventType.BACKUP_JOINED)
        {
            term = term.joined(next.node());
        }
        outcome = next.type() == EventType.CLOSED ? next.outcome() : null;
    }

    /** Makes ready to append to the journal that was found, if one was: the node is to run. */
    void start()
    {
        if (writer != null)
        {
            writer.start();
        }
    }

    Path directory()
    {
        return directory;
    }

    /** The writer; null while there is no journal. */
    JournalWriter writer()
    {
        return writer;
    }

    /** What the journal's first entry says; null while there is none. */
    Genesis genesis()
    {
        return writer == null ? null : writer.genesis();
    }

    /** What the role entries say; those that a live guest adds are not followed. */
    JournalTerm term()
    {
        return term;
    }

    /** How the guest ended, or null. */
    Outcome outcome()
    {
        return outcome;
    }

    long lastSequence()
    {
        return writer == null ? -1 : writer.lastSequence();
    }

    /** Begins the journal of a new guest. */
    void create(final Genesis genesis)
    {
        writer = JournalWriter.create(directory, genesis, options);
    }

    /** Puts what there is aside and makes ready to receive a journal from its first entry. */
    void restart()
    {
        discard();
        writer = JournalWriter.createEmpty(directory, options);
    }

    /** Appends an entry from the primary. */
    void append(final DirectBuffer buffer, final int offset, final int length)
    {
        writer.append(buffer, offset, length);
        if (entry.tryWrap(buffer, offset, length) == null)
        {
            follow(entry);
        }
    }

    /** A reader before the first entry. */
    JournalReader reader()
    {
        return writer.reader();
    }

    /** Whether the journal has an entry with this chain. */
    boolean holds(final long sequence, final long chainHigh, final long chainLow)
    {
        try (JournalReader reader = reader())
        {
            reader.seek(sequence);
            return reader.next() && reader.entry().chainHigh() == chainHigh && reader.entry().chainLow() == chainLow;
        }
        catch (final JournalException e)
        {
            return false;
        }
    }

    private void discard()
    {
        final boolean hasRun = lastSequence() > 0;
        close();
        term = JournalTerm.NONE;
        outcome = null;
        if (!Files.isDirectory(directory))
        {
            return;
        }
        final Path aside = data.resolve(DISCARDED);
        try
        {
            if (!hasRun)
            {
                // A first entry alone says nothing that the configuration does not.
                deleteTree(directory);
                return;
            }
            deleteTree(aside);
            Files.move(directory, aside);
            notices.accept("the journal of this node was put aside in " + aside);
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be put aside: " + e, e);
        }
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

    @Override
    public void close()
    {
        if (writer != null)
        {
            writer.close();
            writer = null;
        }
    }
}
