package dev.understudy.journal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Reads a journal that nobody writes, straight from its files, checks every entry, and tells damage from a torn tail.
 * <p>
 * It depends on nothing but the layout of the files ({@link QueueFile}), so that no damage can make it hang. What is
 * wrong is a torn tail when no later entry is found, in the rest of the file or in a later one; then a writer, or its
 * host, died in writing. Else it is damage. Not thread-safe.
 */
public final class JournalScan implements JournalEntries
{
    private final Path directory;
    private final JournalBase base;
    private final List<Path> files;
    private final HashChain chain = new HashChain();
    private final EntryUnpacker unpacker = new EntryUnpacker();
    private final JournalEntry entry = new JournalEntry();
    private final List<End> lostEnds = new ArrayList<>();
    private final LaterEntries laterEntries = new LaterEntries();

    private int fileIndex = -1;
    private QueueFile file;
    private long at;
    private boolean isAtFirstEntry;
    private boolean isSealed;
    private boolean isForeign;
    private long nextSequence;
    private long lastPosition;
    private long lastTimeNs;
    private long dataBytes;
    private String damage;
    private String tornProblem;
    private long tornBytes;
    private boolean ended;

    /** Where the documents of a file end. */
    record End(Path file, long place)
    {
    }

    private JournalScan(final Path directory)
    {
        this.directory = directory;
        base = JournalBase.read(directory);
        files = JournalTrimmer.files(directory, base);
        nextSequence = base.firstSequence();
        lastPosition = base.position();
        lastTimeNs = base.timeNs();
        chain.set(base.chainHigh(), base.chainLow());
    }

    /** Whether a directory holds a journal. */
    public static boolean exists(final Path directory)
    {
        return !QueueFiles.segments(directory).isEmpty();
    }

    /** Opens the journal in a directory, before its first entry. */
    public static JournalScan open(final Path directory)
    {
        if (QueueFiles.segments(directory).isEmpty())
        {
            throw new JournalException("journal " + directory + ": there is no journal in this directory");
        }
        return new JournalScan(directory);
    }

    /** False at the end, at a torn tail, and at damage. */
    @Override
    public boolean next()
    {
        while (!ended)
        {
            if (file == null && !nextFile())
            {
                ended = true;
                checkNothingIsMissing();
                return false;
            }
            final int word = file.word(at);
            final int length = QueueFile.lengthOf(word);
            if (word == 0 || word == QueueFile.END)
            {
                endFile(word);
            }
            else if (QueueFile.isMetadata(word) && !QueueFile.isIncomplete(word))
            {
                if (length > QueueFile.MAX_METADATA_BYTES || at + QueueFile.WORD_BYTES + length > file.size() ||
                    laterEntries.areIn(file, at, QueueFile.after(at, length), nextSequence))
                {
                    fail("it, or one of Chronicle's own structures before it, was changed");
                }
                else
                {
                    at = QueueFile.after(at, length);
                }
            }
            else
            {
                String problem = check(word, length);
                if (problem != null)
                {
                    // Once more, from the file: another process may be writing it after all.
                    file.forget();
                    problem = check(file.word(at), QueueFile.lengthOf(file.word(at)));
                }
                if (problem == null)
                {
                    accept(QueueFile.lengthOf(file.word(at)));
                    return true;
                }
                fail(problem);
            }
        }
        return false;
    }

    @Override
    public JournalEntry entry()
    {
        return entry;
    }

    /** Where the journal begins. */
    public JournalBase base()
    {
        return base;
    }

    /** Number of entries so far. */
    public long entries()
    {
        return nextSequence - base.firstSequence();
    }

    /** Number of the entry that {@link #next} is to go to. */
    public long nextSequence()
    {
        return nextSequence;
    }

    /** Position of the last entry. */
    public long lastPosition()
    {
        return lastPosition;
    }

    /** Guest time of the last entry, in nanoseconds. */
    public long lastTimeNs()
    {
        return lastTimeNs;
    }

    /** Length of all entries so far as they are packed, in bytes. */
    public long dataBytes()
    {
        return dataBytes;
    }

    /** First 8 bytes of the hash chain at the last entry, as a big-endian number. */
    public long chainHigh()
    {
        return chain.high();
    }

    /** Next 8 bytes of the hash chain at the last entry, as a big-endian number. */
    public long chainLow()
    {
        return chain.low();
    }

    /** What is damaged, where, and what to do; null when nothing was found so far. */
    public String damage()
    {
        return damage;
    }

    /** What is wrong behind the last entry, when its writer died while it wrote; null when nothing was found. */
    public String tornTail()
    {
        return tornProblem == null ? null :
            String.format(Locale.ROOT,
                "journal %s: %,d bytes behind entry %d, at byte %,d, are not whole: %s. Its writer " +
                "died while it wrote.",
                files.get(fileIndex), tornBytes, nextSequence - 1, at, tornProblem);
    }

    /** Length in bytes of what {@link #tornTail} is about. */
    public long tornBytes()
    {
        return tornBytes;
    }

    /** The files that hold entries, oldest first. */
    List<Path> files()
    {
        return files;
    }

    /** Index of the file in which the entries end; -1 without a file. For a scan that is at its end without damage. */
    int endFileIndex()
    {
        return fileIndex;
    }

    /** Where the entries end in that file. */
    long endPlace()
    {
        return at;
    }

    /** Files before the last whose end mark is gone, with the place where it belongs: no entry is lost with it. */
    List<End> lostEnds()
    {
        return lostEnds;
    }

    /** Whether a sealed end mark, and nothing more, stands there. */
    boolean isEndSealed()
    {
        return isSealed && tornProblem == null;
    }

    @Override
    public void close()
    {
        closeFile();
        ended = true;
    }

    /** Null when the whole entry that is due stands at the present place. */
    private String check(final int word, final int length)
    {
        isForeign = false;
        if (QueueFile.isIncomplete(word))
        {
            return "it is unfinished";
        }
        if (length > PackedEntry.MAX_BYTES || length < PackedEntry.MIN_BYTES ||
            !file.copy(at + QueueFile.WORD_BYTES, unpacker.packed(), length))
        {
            return "it has an impossible length of " + length + " bytes";
        }
        final String unreadable = unpacker.unpack(length);
        if (unreadable != null)
        {
            // A release that packs in another way wrote it: nothing is cut from what it left.
            isForeign = PackedEntry.isOfOtherVersion(unpacker.packed(), nextSequence);
            return unreadable;
        }
        final String problem = entry.tryWrap(unpacker.entry(), 0, unpacker.entryLength());
        if (problem == null && entry.sequence() != nextSequence)
        {
            return "entry " + entry.sequence() + " stands in its place";
        }
        final long high = chain.high();
        final long low = chain.low();
        if (!chain.accept(unpacker.entry(), unpacker.entryLength()))
        {
            return problem == null ? "it does not match its hash chain" : problem;
        }
        if (problem == null && (entry.type() == EventType.GENESIS) == (nextSequence == 0))
        {
            return null;
        }
        chain.set(high, low);
        // The hash vouches for it: nothing was changed, but it is not for this release.
        isForeign = true;
        return problem == null ? "it is a " + entry.type() : problem;
    }

    private void accept(final int length)
    {
        unpacker.accept();
        at = QueueFile.after(at, length);
        isAtFirstEntry = false;
        dataBytes += length;
        lastPosition = entry.position();
        lastTimeNs = entry.timeNs();
        nextSequence++;
    }

    private void endFile(final int word)
    {
        isSealed = word == QueueFile.END && file.isSealed(at);
        final long rest = word == QueueFile.END ? QueueFile.afterEndMark(at) : at + QueueFile.WORD_BYTES;
        if (file.nextNonZero(rest) >= 0)
        {
            fail(word == 0 ? "its first word is zero" : "its first word says that nothing follows");
            return;
        }
        if (word == 0 && fileIndex < files.size() - 1)
        {
            lostEnds.add(new End(files.get(fileIndex), at));
        }
        if (fileIndex == files.size() - 1)
        {
            ended = true;
            checkNothingIsMissing();
        }
        closeFile();
    }

    private void fail(final String problem)
    {
        ended = true;
        final boolean isFileMissing = isAtFirstEntry && problem.contains("stands in its place");
        if (!isForeign && !isFileMissing && !laterEntries.areBehind(file, at, nextSequence) && !isInLaterFile())
        {
            tornProblem = problem;
            tornBytes = Math.max(file.endOfNonZero(at) - at, 0);
            if (tornBytes == 0)
            {
                tornProblem = null;
            }
            return;
        }
        final String cause = isForeign ? "Read it with the release that wrote it." :
            isFileMissing ? "A file before this one is missing or was shortened: put it back." :
            "The file was changed or the disk returned wrong bytes.";
        report(files.get(fileIndex), problem, cause);
    }

    private void report(final Path where, final String problem, final String cause)
    {
        final String remedy = entries() == 0 ? "" :
            String.format(Locale.ROOT,
                " Entries up to %d are intact: replay them with  understudy replay %s --until-entry %d",
                nextSequence - 1, directory, nextSequence - 1);
        damage = String.format(Locale.ROOT, "journal %s: entry %d (after position %s): %s.%n  %s%s",
            where, nextSequence, String.format(Locale.ROOT, "%,d", nextSequence == 0 ? 0 : lastPosition),
            problem, cause, remedy);
    }

    private boolean isInLaterFile()
    {
        for (int i = fileIndex + 1; i < files.size(); i++)
        {
            try (QueueFile later = new QueueFile(files.get(i)))
            {
                if (laterEntries.areIn(later, 0, later.size(), nextSequence))
                {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * Finds out whether files are gone from the end. Only a writer that closes its segment seals a file, and before one
     * rolls it has the next file ready under another name, so that an end without either means that a file is gone.
     */
    private void checkNothingIsMissing()
    {
        for (final Path segment : QueueFiles.segments(directory))
        {
            // In this order: a writer that is at work makes, then renames, then goes on, or deletes what it had no use for.
            if (Files.exists(segment.resolve(QueueFiles.METADATA)) && !QueueFiles.hasPrecreated(segment) &&
                QueueFiles.entryFiles(segment).isEmpty() && Files.exists(segment.resolve(QueueFiles.METADATA)))
            {
                report(segment, "the file that held it, or that it was to go to, is gone", "Put the file back.");
            }
        }
        if (file != null && file.word(at) == QueueFile.END && !isSealed &&
            !QueueFiles.hasPrecreated(files.get(fileIndex).getParent()) &&
            QueueFiles.list(directory).size() == files.size())
        {
            report(files.get(fileIndex), "the file that follows this one is gone", "Put the file back.");
        }
    }

    private boolean nextFile()
    {
        if (fileIndex >= files.size() - 1)
        {
            return false;
        }
        fileIndex++;
        file = new QueueFile(files.get(fileIndex));
        at = 0;
        isAtFirstEntry = true;
        return true;
    }

    private void closeFile()
    {
        if (file != null)
        {
            file.close();
            file = null;
        }
    }
}
