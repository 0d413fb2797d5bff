package dev.understudy.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Removes the files at the beginning of a journal that nobody needs any more.
 * <p>
 * First it is written down where the journal begins, then the files go, the oldest first. Who is killed in between leaves
 * files that nobody looks at; the next one removes them.
 */
final class JournalTrimmer
{
    private JournalTrimmer()
    {
    }

    /** The files of a journal that hold entries from its base on, oldest first. */
    static List<Path> files(final Path directory, final JournalBase base)
    {
        final List<Path> files = QueueFiles.list(directory);
        return base.isTrimmed() ? files.subList(leftovers(files, base), files.size()) : files;
    }

    /** Number of files that lie before the base: who removed them was killed. */
    private static int leftovers(final List<Path> files, final JournalBase base)
    {
        int count = 0;
        for (final Path file : files)
        {
            final long first = firstSequence(file);
            if (first < 0 || first >= base.firstSequence())
            {
                return count;
            }
            count++;
        }
        return count;
    }

    /** Deletes the files before the base; returns the disk that they took, in bytes. */
    static long deleteLeftovers(final Path directory, final JournalBase base)
    {
        if (!base.isTrimmed())
        {
            return 0;
        }
        final List<Path> files = QueueFiles.list(directory);
        long bytes = 0;
        for (final Path file : files.subList(0, leftovers(files, base)))
        {
            bytes += DiskBlocks.allocatedBytes(file);
            try
            {
                Files.deleteIfExists(file);
            }
            catch (final IOException e)
            {
                throw new JournalException("journal " + file + " holds nothing that is needed and cannot be deleted: " +
                    e.getMessage() + ". Delete it", e);
            }
        }
        for (final Path segment : QueueFiles.segments(directory))
        {
            if (!QueueFiles.entryFiles(segment).isEmpty() || QueueFiles.hasPrecreated(segment))
            {
                break;
            }
            bytes += DiskBlocks.allocatedBytes(segment.resolve(QueueFiles.METADATA));
            QueueFiles.delete(segment);
        }
        return bytes;
    }

    /**
     * Where the journal would begin if all files were removed that lie wholly before an entry; the present base when there is
     * no such file. Reads what would be removed.
     */
    static JournalBase baseBefore(final Path directory, final JournalBase base, final long sequence)
    {
        long first = -1;
        for (final Path file : files(directory, base))
        {
            final long begins = firstSequence(file);
            if (begins > sequence)
            {
                break;
            }
            first = begins < 0 ? first : begins;
        }
        return first <= base.firstSequence() ? base : at(directory, base, first);
    }

    private static JournalBase at(final Path directory, final JournalBase base, final long first)
    {
        final JournalRemembrance remembered = new JournalRemembrance(base);
        try (JournalReader reader = JournalReader.open(directory))
        {
            while (reader.nextSequence() < first)
            {
                if (!reader.next())
                {
                    throw new JournalException("journal " + directory + " has no entry " + reader.nextSequence() +
                        ", though one that follows is there");
                }
                remembered.passed(reader.entry());
            }
            return remembered.base();
        }
    }

    /** Number of the first entry of a file; -1 while it has none. */
    private static long firstSequence(final Path path)
    {
        try (QueueFile file = new QueueFile(path))
        {
            long place = 0;
            int word = file.word(place);
            while (QueueFile.isMetadata(word) && !QueueFile.isIncomplete(word) &&
                QueueFile.lengthOf(word) <= QueueFile.MAX_METADATA_BYTES)
            {
                place = QueueFile.after(place, QueueFile.lengthOf(word));
                word = file.word(place);
            }
            final boolean isEntry = word != 0 && !QueueFile.isIncomplete(word) && !QueueFile.isMetadata(word) &&
                PackedEntry.isHead(file.word(place + QueueFile.WORD_BYTES));
            return isEntry ? PackedEntry.sequenceAt(file, place) : -1;
        }
    }
}
