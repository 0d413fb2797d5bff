package dev.understudy.journal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Follows a journal while this or another process writes it, and checks number and hash chain of each entry that it
 * reads from a file.
 * <p>
 * It reads the files and never maps them: neither damage nor a file that becomes shorter can hang or end the process.
 * An entry costs about a microsecond, as does finding that there is none; an interrupt of the thread changes nothing.
 * One that {@link JournalWriter#reader} made has what was appended just now from memory, and spares file and hash then.
 * For a journal that nobody writes, {@link JournalScan} says more about damage. Owned by one thread at a time.
 */
public final class JournalReader implements JournalCursor
{
    /** After so many calls of {@link #next} in vain it is looked whether something lies behind the place waited at. */
    private static final int IDLE_CALLS_BEFORE_LOOK = 256;

    private final Path directory;

    /** Null when another process may write the journal. */
    private final JournalTail.Cursor tail;
    private final HashChain chain = new HashChain();
    private final EntryUnpacker unpacker = new EntryUnpacker();
    private final JournalEntry entry = new JournalEntry();
    private final LaterEntries laterEntries = new LaterEntries();

    private QueueFile file;
    private long at;
    private long nextSequence;
    private boolean isAtFirstEntry;
    private int idleCalls;
    private long takenFromMemory;
    private JournalBase base;

    private JournalReader(final Path directory, final JournalTail.Cursor tail)
    {
        this.directory = directory;
        this.tail = tail;
        goToBase();
    }

    private void goToBase()
    {
        base = JournalBase.read(directory);
        nextSequence = base.firstSequence();
        chain.set(base.chainHigh(), base.chainLow());
    }

    /**
     * Opens the journal in a directory, before its first entry.
     *
     * @throws JournalException when there is none
     */
    public static JournalReader open(final Path directory)
    {
        return open(directory, null);
    }

    static JournalReader open(final Path directory, final JournalTail.Cursor tail)
    {
        if (QueueFiles.segments(directory).isEmpty())
        {
            throw new JournalException("journal " + directory + ": there is no journal in this directory");
        }
        return new JournalReader(directory, tail);
    }

    /**
     * Goes to the next entry.
     *
     * @return false when there is none yet
     * @throws JournalException when what is there is not the entry that follows the last one
     */
    @Override
    public boolean next()
    {
        if (tail == null)
        {
            return nextInFiles();
        }
        final int length = tail.take(nextSequence, unpacker.packed());
        if (length > 0)
        {
            takeFromMemory(length);
            return true;
        }
        return tail.isWritten(nextSequence) && nextInFiles();
    }

    private boolean nextInFiles()
    {
        while (file != null || openAfter(null))
        {
            final int word = file.freshWord(at);
            if (word == QueueFile.END)
            {
                if (!openAfter(file))
                {
                    return false;
                }
            }
            else if (word == 0 || QueueFile.isIncomplete(word))
            {
                idleCalls++;
                if (idleCalls % IDLE_CALLS_BEFORE_LOOK != 0 || !look(word))
                {
                    return false;
                }
            }
            else if (QueueFile.isMetadata(word))
            {
                if (QueueFile.lengthOf(word) > QueueFile.MAX_METADATA_BYTES)
                {
                    throw damaged("it, or one of Chronicle's own structures before it, was changed");
                }
                at = QueueFile.after(at, QueueFile.lengthOf(word));
            }
            else
            {
                take(QueueFile.lengthOf(word));
                return true;
            }
        }
        return false;
    }

    /** The entry that {@link #next} went to; valid until the next call. */
    @Override
    public JournalEntry entry()
    {
        return entry;
    }

    /** Number of entries that came from memory and not from a file. */
    long takenFromMemory()
    {
        return takenFromMemory;
    }

    /** Number of the entry that {@link #next} will go to. */
    @Override
    public long nextSequence()
    {
        return nextSequence;
    }

    /**
     * Has {@link #next} go to an entry; the entry before it must be in the journal. Its chain is taken on trust.
     *
     * @throws JournalException when the entry before is not in the journal; the reader is at the first entry then
     */
    @Override
    public void seek(final long sequence)
    {
        closeFile();
        goToBase();
        idleCalls = 0;
        if (sequence == nextSequence)
        {
            return;
        }
        if (sequence < nextSequence)
        {
            throw new JournalException("journal " + directory + " begins with entry " + nextSequence + ": entry " + sequence +
                " was removed, since a snapshot made it needless");
        }
        final List<Path> files = JournalTrimmer.files(directory, base);
        for (int i = files.size() - 1; i >= 0; i--)
        {
            file = new QueueFile(files.get(i));
            at = placeToBegin(sequence - 1);
            if (at >= 0)
            {
                trustUpTo(sequence - 1);
                return;
            }
            closeFile();
        }
        throw new JournalException("journal " + directory + " has no entry " + (sequence - 1) +
            ", so that entry " + sequence + " cannot be gone to");
    }

    @Override
    public void close()
    {
        closeFile();
    }

    /** Takes the complete document at the present place. */
    private void take(final int length)
    {
        String problem = check(length);
        if (problem != null)
        {
            file.forget();
            problem = check(length);
        }
        if (problem != null)
        {
            throw damaged(problem);
        }
        goBehind(length);
    }

    /** Takes the packed entry that the writer has just appended. Its chain is the writer's own. */
    private void takeFromMemory(final int length)
    {
        if (tail.isFirstOfFile() && !isAtFirstEntry && !openAfter(file))
        {
            throw damaged("its file is not there");
        }
        at = tail.place();
        final String problem = unpack(length);
        if (problem != null)
        {
            throw damaged(problem);
        }
        chain.set(entry.chainHigh(), entry.chainLow());
        takenFromMemory++;
        goBehind(length);
    }

    private void goBehind(final int length)
    {
        unpacker.accept();
        at = QueueFile.after(at, length);
        nextSequence++;
        idleCalls = 0;
        isAtFirstEntry = false;
    }

    private String check(final int length)
    {
        final String problem = read(length);
        if (problem != null)
        {
            return problem;
        }
        if (entry.sequence() != nextSequence)
        {
            final long first = JournalBase.read(directory).firstSequence();
            if (first > nextSequence)
            {
                return "the entries before " + first + " were removed meanwhile, since a snapshot made them needless";
            }
            return "entry " + entry.sequence() + " stands in its place" +
                (isAtFirstEntry ? ", so that a file before this one is missing" : "");
        }
        return chain.accept(unpacker.entry(), unpacker.entryLength()) ? null : "it does not match its hash chain";
    }

    /** Reads and unpacks the document at the present place; null when it is an entry. */
    private String read(final int length)
    {
        if (length < PackedEntry.MIN_BYTES || length > PackedEntry.MAX_BYTES ||
            !file.copy(at + QueueFile.WORD_BYTES, unpacker.packed(), length))
        {
            return "it has an impossible length of " + length + " bytes";
        }
        return unpack(length);
    }

    private String unpack(final int length)
    {
        final String problem = unpacker.unpack(length);
        return problem == null ? entry.tryWrap(unpacker.entry(), 0, unpacker.entryLength()) : problem;
    }

    /**
     * Looks behind the place where a word was not complete for long; true when the place is to be read again. Later
     * entries, or a later file, are there when the word was changed, or when the writer went on in the meantime.
     */
    private boolean look(final int word)
    {
        final boolean isBehind = laterEntries.areBehind(file, at, nextSequence);
        final boolean isLaterFile = after(file.path()) != null;
        file.forget();
        if (file.freshWord(at) != word)
        {
            return true;
        }
        if (isBehind)
        {
            throw damaged("the word before it was lost");
        }
        return isLaterFile && openAfter(file);
    }

    private JournalException damaged(final String problem)
    {
        return new JournalException("journal " + file.path() + ": entry " + nextSequence + ", at byte " + at + ": " +
            problem + ". Find out more with  understudy verify " + directory);
    }

    /** Where the entry stands that one in the present file can be unpacked from; -1 when the file does not have that one. */
    private long placeToBegin(final long sequence)
    {
        long begin = -1;
        long place = 0;
        int word = file.word(place);
        while (word != 0 && !QueueFile.isIncomplete(word))
        {
            if (!QueueFile.isMetadata(word))
            {
                final int head = file.word(place + QueueFile.WORD_BYTES);
                final long found = PackedEntry.sequenceAt(file, place);
                if (QueueFile.lengthOf(word) < PackedEntry.MIN_BYTES || !PackedEntry.isHead(head) || found > sequence)
                {
                    return -1;
                }
                begin = PackedEntry.isAlone(head) ? place : begin;
                if (found == sequence)
                {
                    return begin;
                }
            }
            place = QueueFile.after(place, QueueFile.lengthOf(word));
            word = file.word(place);
        }
        return -1;
    }

    /** Goes behind an entry that is known to be in the present file, taking those from the present place on trust. */
    private void trustUpTo(final long sequence)
    {
        nextSequence = PackedEntry.sequenceAt(file, at);
        unpacker.restart();
        while (nextSequence <= sequence)
        {
            final int length = QueueFile.lengthOf(file.word(at));
            if (!QueueFile.isMetadata(file.word(at)))
            {
                final String problem = read(length);
                if (problem != null)
                {
                    final JournalException damage = damaged(problem);
                    closeFile();
                    goToBase();
                    throw damage;
                }
                unpacker.accept();
                nextSequence++;
            }
            at = QueueFile.after(at, length);
        }
        chain.set(entry.chainHigh(), entry.chainLow());
        isAtFirstEntry = false;
    }

    /** Opens the file that follows one, or the first; false when there is none yet. */
    private boolean openAfter(final QueueFile before)
    {
        final QueueFile opened = fileAfter(before == null ? null : before.path());
        if (opened == null)
        {
            return false;
        }
        closeFile();
        file = opened;
        at = 0;
        isAtFirstEntry = true;
        idleCalls = 0;
        return true;
    }

    /** Opens the file that follows one, or the first; null when there is none. */
    private QueueFile fileAfter(final Path before)
    {
        Path path = after(before);
        while (path != null)
        {
            try
            {
                return new QueueFile(path);
            }
            catch (final JournalException e)
            {
                if (Files.exists(path))
                {
                    throw e;
                }
                // It was removed since it was looked for.
                path = after(path);
            }
        }
        return null;
    }

    private Path after(final Path before)
    {
        for (final Path path : before == null ? JournalTrimmer.files(directory, base) : QueueFiles.list(directory))
        {
            if (before == null || path.compareTo(before) > 0)
            {
                return path;
            }
        }
        return null;
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
