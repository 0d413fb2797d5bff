package dev.understudy.failover.arbiter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An {@link Arbiter} in a directory that both nodes see, on a local disk or NFS.
 * <p>
 * A generation is a file {@code generation-0000000007} that is written and synced under another name and then linked
 * into place: link(2) fails when the name exists, on NFS too, so one of several claimers succeeds, and a claimer that
 * dies leaves a whole term or none. A directory that is missing is never made by a claim: it may be a file system that
 * is not mounted, and a node must not become its own arbiter; {@link #create} is for the operator.
 * <p>
 * A claim is decided by the server of the file system, whatever the client's caches say. {@link #current} reads the
 * directory through them: mount NFS with {@code lookupcache=none,actimeo=0}, else a node may learn some seconds late
 * that it was deposed.
 * <pre>
 *   understudy-term 2
 *   generation 7
 *   node b
 *   claim 0c8e5bd9-3e2f-4f0e-9a53-6a1f9f6f3d52
 *   epochMs 1763676000000
 *   reason a was silent for 201 ms
 * </pre>
 * Terms of format 1, which have no claim, are read as well. A claim whose answer was lost, because the directory could
 * not be synced say, is made again and finds its own term: then only the sync is left to do.
 */
public final class DirectoryArbiter implements Arbiter
{
    private static final String PREFIX = "generation-";
    private static final Pattern TERM_NAME = Pattern.compile(PREFIX + "\\d{10}");
    private static final String FORMAT = "understudy-term 2";
    private static final int TERM_LINES = 6;
    private static final String FIRST_FORMAT = "understudy-term 1";
    private static final int FIRST_TERM_LINES = 5;

    private static final String DRAFT_PREFIX = ".claim-";

    /** Terms that are kept, for people and against claims that come very late; older ones are deleted. */
    private static final int KEPT_TERMS = 1000;

    /** The longest file that can be a term, in bytes; what is longer is not read into memory. */
    private static final long MAX_TERM_BYTES = 64 * 1024;

    /** The longest reason that is kept, in characters: it is for people, and a term must stay readable. */
    private static final int MAX_REASON = 1000;

    /** Age at which the draft of a claimer that died is deleted, in milliseconds; no claim takes so long. */
    private static final long STALE_DRAFT_MS = 24 * 3600 * 1000L;

    private final Path directory;
    private final DirectorySync disk;

    /** Has a disk take what a directory lists. */
    interface DirectorySync
    {
        void sync(Path directory) throws IOException;
    }

    /**
     * Does not touch the directory.
     *
     * @param directory that both nodes see
     */
    public DirectoryArbiter(final Path directory)
    {
        this(directory, DirectoryArbiter::force);
    }

    /** With a disk that may fail. */
    DirectoryArbiter(final Path directory, final DirectorySync disk)
    {
        this.directory = directory;
        this.disk = disk;
    }

    /**
     * Makes the directory, with its parents, unless it is there. For the operator's command that sets a pair up, never
     * for a node that starts.
     *
     * @throws ArbiterUnavailableException when it cannot be made
     */
    public static DirectoryArbiter create(final Path directory)
    {
        final DirectoryArbiter arbiter = new DirectoryArbiter(directory);
        try
        {
            Files.createDirectories(directory);
        }
        catch (final IOException e)
        {
            throw arbiter.unavailable("cannot be made", e);
        }
        return arbiter;
    }

    @Override
    public Term current()
    {
        final List<Path> terms = terms();
        return terms.isEmpty() ? Term.NONE : read(terms.getLast());
    }

    /**
     * {@inheritDoc}
     *
     * @param claim whose reason becomes one line
     * @throws IllegalArgumentException when the node's name is empty or has a line break
     */
    @Override
    public Term claim(final Claim claim)
    {
        final String node = claim.node();
        if (node.isBlank() || node.lines().count() != 1 || !node.equals(node.strip()))
        {
            throw new IllegalArgumentException("'" + node + "' is no name of a node");
        }
        final Term newest = current();
        if (newest.isOf(claim))
        {
            // Made before, and the answer was lost.
            sync();
            return newest;
        }
        if (!newest.isSameAs(claim.after()))
        {
            return newest;
        }
        final Term term =
            new Term(claim.generation(), node, claim.id(), oneLine(claim.reason()), System.currentTimeMillis());
        final Path place = placeOf(term.generation());
        if (!put(term, place))
        {
            // By its name: the list of the directory may be older than the answer was.
            return Files.exists(place) ? read(place) : current();
        }
        if (newest() - term.generation() >= KEPT_TERMS)
        {
            // This claimer slept for so long that the term it asked for was granted and has been deleted since.
            deleteQuietly(place);
            return current();
        }
        deleteOld();
        return term;
    }

    @Override
    public void rehearse()
    {
        final UUID id = UUID.randomUUID();
        final Path place = directory.resolve(DRAFT_PREFIX + id + "-rehearsed");
        try
        {
            if (!put(new Term(1, "nobody", id, "a rehearsal", 0), place))
            {
                throw new ArbiterUnavailableException(
                    "arbiter directory " + directory + " makes no links; choose one on a file system that does");
            }
        }
        finally
        {
            deleteQuietly(place);
        }
    }

    /** Puts a term into a place that is free; returns whether it was. */
    private boolean put(final Term term, final Path place)
    {
        final Path draft = directory.resolve(DRAFT_PREFIX + UUID.randomUUID());
        try
        {
            write(draft, term);
            if (!link(place, draft))
            {
                return false;
            }
        }
        catch (final IOException e)
        {
            throw unavailable("cannot be written", e);
        }
        finally
        {
            deleteQuietly(draft);
        }
        sync();
        return true;
    }

    private void sync()
    {
        try
        {
            disk.sync(directory);
        }
        catch (final IOException e)
        {
            throw unavailable("cannot be synced", e);
        }
    }

    private static String oneLine(final String reason)
    {
        final String line = String.join(" ", reason.lines().toList());
        return line.length() > MAX_REASON ? line.substring(0, MAX_REASON) : line;
    }

    private Path placeOf(final long generation)
    {
        return directory.resolve(PREFIX + String.format(Locale.ROOT, "%010d", generation));
    }

    private static boolean link(final Path place, final Path draft) throws IOException
    {
        try
        {
            Files.createLink(place, draft);
            return true;
        }
        catch (final FileAlreadyExistsException e)
        {
            // When the answer to a link over NFS is lost, it is asked for again and fails although it was made.
            return Files.isSameFile(place, draft);
        }
    }

    private long newest()
    {
        final List<Path> terms = terms();
        return terms.isEmpty() ? 0 :
            Long.parseLong(terms.getLast().getFileName().toString().substring(PREFIX.length()));
    }

    /** The files of the terms, oldest first. */
    private List<Path> terms()
    {
        try (Stream<Path> files = Files.list(directory))
        {
            return files.filter(file -> TERM_NAME.matcher(file.getFileName().toString()).matches()).sorted().toList();
        }
        catch (final NoSuchFileException e)
        {
            throw new ArbiterUnavailableException("arbiter directory " + directory +
                " does not exist: create it, or mount the file system that holds it", e);
        }
        catch (final NotDirectoryException e)
        {
            throw new ArbiterUnavailableException("arbiter directory " + directory +
                " is no directory: name one that both nodes see", e);
        }
        catch (final UncheckedIOException e)
        {
            throw unavailable("cannot be read", e.getCause());
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
            final List<String> lines = Files.size(file) > MAX_TERM_BYTES ? List.of() :
                Files.readAllLines(file, StandardCharsets.UTF_8);
            final Term term = parse(lines);
            if (term != null && file.equals(placeOf(term.generation())))
            {
                return term;
            }
        }
        catch (final CharacterCodingException | IllegalArgumentException e)
        {
            // Falls through: it is not a term.
        }
        catch (final IOException e)
        {
            throw unavailable("cannot be read", e);
        }
        throw new ArbiterUnavailableException("arbiter file " + file +
            " is not a term of office: it was damaged or written by something else; restore it or move it away");
    }

    /** Null when it is no term. */
    private static Term parse(final List<String> lines)
    {
        final boolean hasClaim = lines.size() == TERM_LINES && lines.getFirst().equals(FORMAT);
        if (!hasClaim && (lines.size() != FIRST_TERM_LINES || !lines.getFirst().equals(FIRST_FORMAT)))
        {
            return null;
        }
        final int next = hasClaim ? 4 : 3;
        return new Term(
            Long.parseLong(value(lines, 1, "generation ")),
            value(lines, 2, "node "),
            hasClaim ? UUID.fromString(value(lines, 3, "claim ")) : null,
            value(lines, next + 1, "reason "),
            Long.parseLong(value(lines, next, "epochMs ")));
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
            "\nclaim " + term.claim() + "\nepochMs " + term.epochMs() + "\nreason " + term.reason() + "\n";
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

    private static void force(final Path directory) throws IOException
    {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ))
        {
            channel.force(true);
        }
    }

    /** Deletes what only people would miss; whatever fails is tried again by the next claim. */
    private void deleteOld()
    {
        try (Stream<Path> files = Files.list(directory))
        {
            final List<Path> all = files.sorted().toList();
            final List<Path> terms =
                all.stream().filter(file -> TERM_NAME.matcher(file.getFileName().toString()).matches()).toList();
            terms.subList(0, Math.max(0, terms.size() - KEPT_TERMS)).forEach(DirectoryArbiter::deleteQuietly);
            // By the times of the file system, which need not be this host's, and against a term that was just made.
            final long staleMs = Files.getLastModifiedTime(terms.getLast()).toMillis() - STALE_DRAFT_MS;
            for (final Path file : all)
            {
                if (file.getFileName().toString().startsWith(DRAFT_PREFIX) &&
                    Files.getLastModifiedTime(file).toMillis() < staleMs)
                {
                    deleteQuietly(file);
                }
            }
        }
        catch (final IOException | UncheckedIOException e)
        {
            // The claim is decided: this must not turn it into a failure.
        }
    }

    private static void deleteQuietly(final Path file)
    {
        try
        {
            Files.deleteIfExists(file);
        }
        catch (final IOException e)
        {
            // A draft means nothing to anyone, and an old term only to people.
        }
    }

    private ArbiterUnavailableException unavailable(final String what, final IOException e)
    {
        // Without the file's name, which differs at each attempt.
        final String reason = e instanceof final FileSystemException failure && failure.getReason() != null ?
            failure.getReason() : e.getClass().getSimpleName();
        return new ArbiterUnavailableException("arbiter directory " + directory + " " + what + ": " + reason +
            "; check its permissions and its file system", e);
    }
}
