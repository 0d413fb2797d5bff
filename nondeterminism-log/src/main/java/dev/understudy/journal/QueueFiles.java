package dev.understudy.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Names the files of a journal.
 * <pre>
 *   guest-a/                     the journal
 *     writer.lock                held by the process that writes
 *     segment-000001/            what one writer wrote between its open and its close: one Chronicle queue
 *       metadata.cq4t            Chronicle's
 *       20261120-2250.cq4        entries; begun in that minute, or later when the minute before had its file already
 *       20261120-2251.precreated the next file, with its blocks allocated, for the moment of the roll
 *     segment-000002/
 * </pre>
 * A writer never opens a segment of another with Chronicle: it seals the last file and begins a segment of its own. So
 * what a crash or a disk did to Chronicle's own structures can make nothing hang, and a queue never has to be mended.
 */
final class QueueFiles
{
    /** Ending of the files that hold entries. */
    static final String SUFFIX = ".cq4";

    /** Ending of a file that Chronicle will take when it rolls. */
    static final String PRECREATED_SUFFIX = ".precreated";

    /** Chronicle's file for its locks and its directory listing. */
    static final String METADATA = "metadata.cq4t";

    private static final String SEGMENT_PREFIX = "segment-";

    private QueueFiles()
    {
    }

    /** The segments of a journal, oldest first; empty without a journal. */
    static List<Path> segments(final Path directory)
    {
        return sorted(directory, "", SEGMENT_PREFIX);
    }

    /** The segment to begin after those that are there. */
    static Path nextSegment(final Path directory)
    {
        final List<Path> segments = segments(directory);
        final String last = segments.isEmpty() ? SEGMENT_PREFIX + 0 : segments.getLast().getFileName().toString();
        try
        {
            final int number = Integer.parseInt(last.substring(SEGMENT_PREFIX.length())) + 1;
            return directory.resolve(String.format(Locale.ROOT, "%s%06d", SEGMENT_PREFIX, number));
        }
        catch (final NumberFormatException e)
        {
            throw new JournalException("journal " + directory + ": " + last + " is no segment: move it away", e);
        }
    }

    /** The files that hold entries, oldest first; empty without a journal. */
    static List<Path> list(final Path directory)
    {
        final List<Path> files = new ArrayList<>();
        for (final Path segment : segments(directory))
        {
            files.addAll(sorted(segment, SUFFIX, ""));
        }
        return files;
    }

    /** The files of a segment that hold entries, oldest first. */
    static List<Path> entryFiles(final Path segment)
    {
        return sorted(segment, SUFFIX, "");
    }

    /** Whether a file is allocated for a roll that has not happened yet. */
    static boolean hasPrecreated(final Path segment)
    {
        return !sorted(segment, PRECREATED_SUFFIX, "").isEmpty();
    }

    /** Deletes the segments that hold no entry: a writer began them and died, and their blocks count as the journal's. */
    static void deleteEmptySegments(final Path directory)
    {
        for (final Path segment : segments(directory))
        {
            if (entryFiles(segment).isEmpty())
            {
                delete(segment);
            }
        }
    }

    /** Deletes a segment that holds no entry. */
    static void delete(final Path segment)
    {
        try
        {
            // First, as a segment with it alone is taken for one that lost its entries.
            Files.deleteIfExists(segment.resolve(METADATA));
            for (final Path file : sorted(segment, "", ""))
            {
                Files.delete(file);
            }
            Files.deleteIfExists(segment);
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + segment + " holds no entry and cannot be deleted: " +
                e.getMessage() + ". Delete it", e);
        }
    }

    /** Disk that a journal takes, in bytes: what is allocated, not how long the files seem. */
    static long diskBytes(final Path directory)
    {
        long bytes = 0;
        for (final Path segment : segments(directory))
        {
            for (final Path file : sorted(segment, "", ""))
            {
                bytes += DiskBlocks.allocatedBytes(file);
            }
        }
        return bytes;
    }

    private static List<Path> sorted(final Path directory, final String suffix, final String prefix)
    {
        if (!Files.isDirectory(directory))
        {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory))
        {
            return files.filter(file -> file.getFileName().toString().endsWith(suffix))
                .filter(file -> file.getFileName().toString().startsWith(prefix))
                .sorted()
                .toList();
        }
        catch (final NoSuchFileException e)
        {
            // It was put aside since it was looked for.
            return List.of();
        }
        catch (final IOException e)
        {
            throw new JournalException(directory + " cannot be listed: " + e.getMessage(), e);
        }
    }
}
