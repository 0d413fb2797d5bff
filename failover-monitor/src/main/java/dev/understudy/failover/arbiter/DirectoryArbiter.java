package dev.understudy.failover.arbiter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * An {@link Arbiter} in a directory that both nodes see, on a local disk or NFS.
 * <p>
 * A generation is a file {@code generation-0000000007} that is linked into place whole: link(2) fails when the name
 * exists, on NFS too, so one of several claimers succeeds. A directory that is missing is never made here: it may be a
 * file system that is not mounted.
 * <pre>
 *   understudy-term 1
 *   generation 7
 *   node b
 *   epochMs 1763676000000
 *   reason a was silent for 201 ms
 * </pre>
 */
public final class DirectoryArbiter implements Arbiter
{
    private static final String PREFIX = "generation-";
    private static final String FORMAT = "understudy-term 1";

    /** Terms that are kept, for people; older ones are deleted. */
    private static final int KEPT_TERMS = 1000;

    private final Path directory;

    public DirectoryArbiter(final Path directory)
    {
        this.directory = directory;
    }

    @Override
    public Term current()
    {
        final List<Path> terms = terms();
        return terms.isEmpty() ? Term.NONE : read(terms.getLast());
    }

    @Override
    public Optional<Term> claim(final long generation, final String node, final String reason)
    {
        if (current().generation() + 1 != generation)
        {
            return Optional.empty();
        }
        final Term term = new Term(generation, node, reason.replace('\n', ' '), System.currentTimeMillis());
        final Path place = directory.resolve(PREFIX + "%010d".formatted(generation));
        final Path draft = directory.resolve(".claim-" + node + "-" + UUID.randomUUID());
        try
        {
            try
            {
                write(draft, term);
                Files.createLink(place, draft);
                syncDirectory();
            }
            finally
            {
                Files.deleteIfExists(draft);
            }
        }
        catch (final FileAlreadyExistsException e)
        {
            return Optional.empty();
        }
        catch (final IOException e)
        {
            throw unavailable("cannot be written", e);
        }
        deleteOld();
        return Optional.of(term);
    }

    private List<Path> terms()
    {
        if (!Files.isDirectory(directory))
        {
            throw new ArbiterUnavailableException("arbiter directory " + directory +
                " does not exist: create it, or mount the file system that holds it");
        }
        try (Stream<Path> files = Files.list(directory))
        {
            return files.filter(file -> file.getFileName().toString().matches(PREFIX + "\\d{10}")).sorted().toList();
        }
        catch (final IOException e)
        {
            throw unavailable("cannot be read", e);
        }
    }

    private Term read(final Path file)
    {
        try
        {
            final List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            if (lines.size() >= 5 && lines.getFirst().equals(FORMAT))
            {
                final Term term = new Term(
                    Long.parseLong(value(lines, 1, "generation ")),
                    value(lines, 2, "node "),
                    value(lines, 4, "reason "),
                    Long.parseLong(value(lines, 3, "epochMs ")));
                if (file.getFileName().toString().equals(PREFIX + "%010d".formatted(term.generation())))
                {
                    return term;
                }
            }
        }
        catch (final IOException e)
        {
            throw unavailable("cannot be read", e);
        }
        catch (final IllegalArgumentException e)
        {
            // Falls through: it is not a term.
        }
        throw new ArbiterUnavailableException("arbiter file " + file +
            " is not a term of office: it was damaged or written by something else; restore it or move it away");
    }

    private static String value(final List<String> lines, final int index, final String key)
    {
        final String line = lines.get(index);
        if (!line.startsWith(key))
        {
            throw new IllegalArgumentException(line);
        }
        return line.substring(key.length());
    }

    private static void write(final Path draft, final Term term) throws IOException
    {
        final String text = FORMAT + "\ngeneration " + term.generation() + "\nnode " + term.node() +
            "\nepochMs " + term.epochMs() + "\nreason " + term.reason() + "\n";
        try (FileChannel channel =
            FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))
        {
            final ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining())
            {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private void syncDirectory() throws IOException
    {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ))
        {
            channel.force(true);
        }
    }

    private void deleteOld()
    {
        final List<Path> terms = terms();
        for (int i = 0; i < terms.size() - KEPT_TERMS; i++)
        {
            try
            {
                Files.deleteIfExists(terms.get(i));
            }
            catch (final IOException e)
            {
                // Old terms are kept for people alone; the next claim tries again.
                return;
            }
        }
    }

    private ArbiterUnavailableException unavailable(final String what, final IOException e)
    {
        return new ArbiterUnavailableException("arbiter directory " + directory + " " + what + ": " +
            e.getClass().getSimpleName() + " " + e.getMessage() + "; check its permissions and its file system", e);
    }
}
