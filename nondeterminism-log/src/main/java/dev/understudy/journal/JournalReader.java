package dev.understudy.journal;

import dev.understudy.journal.codec.EntryHeaderDecoder;
import dev.understudy.journal.codec.MessageHeaderDecoder;
import java.io.Closeable;
import java.nio.file.Path;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Follows a journal while this or another process writes it, and checks number and hash chain of each entry.
 * <p>
 * It reads the files and never maps them: neither damage nor a file that becomes shorter can hang or end the process.
 * An entry costs about a microsecond, as does finding that there is none; an interrupt of the thread changes nothing.
 * For a journal that nobody writes, {@link JournalScan} says more about damage. Owned by one thread at a time.
 */
public final class JournalReader implements Closeable
{
    /** After so many calls of {@link #next} in vain it is looked whether something lies behind the place waited at. */
    private static final int IDLE_CALLS_BEFORE_LOOK = 256;

    private static final int SEQUENCE_OFFSET =
        MessageHeaderDecoder.ENCODED_LENGTH + EntryHeaderDecoder.sequenceEncodingOffset();

    private final Path directory;
    private final HashChain chain = new HashChain();
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[EntryEncoder.MAX_BYTES]);
    private final JournalEntry entry = new JournalEntry();
    private final LaterEntries laterEntries = new LaterEntries();

    private QueueFile file;
    private long at;
    private long nextSequence;
    private boolean isAtFirstEntry;
    private int idleCalls;

    private JournalReader(final Path directory)
    {
        this.directory = directory;
    }

    /**
     * Opens the journal in a directory, before its first entry.
     *
     * @throws JournalException when there is none
     */
    public static JournalReader open(final Path directory)
    {
        if (QueueFiles.segments(directory).isEmpty())
        {
            throw new JournalException("journal " + directory + ": there is no journal in this directory");
        }
        return new JournalReader(directory);
    }

    /**
     * Goes to the next entry.
     *
     * @return false when there is none yet
     * @throws JournalException when what is there is not the entry that follows the last one
     */
    public boolean next()
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
    public JournalEntry entry()
    {
        return entry;
    }

    /** Number of the entry that {@link #next} will go to. */
    public long nextSequence()
    {
        return nextSequence;
    }

    /**
     * Has {@link #next} go to an entry; the entry before it must be in the journal. Its chain is taken on trust.
     *
     * @throws JournalException when the entry before is not in the journal; the reader is at the first entry then
     */
    public void seek(final long sequence)
    {
        closeFile();
        chain.set(0, 0);
        nextSequence = 0;
        idleCalls = 0;
        if (sequence == 0)
        {
            return;
        }
        final List<Path> files = QueueFiles.list(directory);
        for (int i = files.size() - 1; i >= 0; i--)
        {
            file = new QueueFile(files.get(i));
            at = 0;
            final long first = skipTo(Long.MIN_VALUE);
            if (first >= 0 && first <= sequence - 1)
            {
                if (skipTo(sequence - 1) != sequence - 1)
                {
                    break;
                }
                trust();
                return;
            }
            closeFile();
        }
        closeFile();
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
        at = QueueFile.after(at, length);
        nextSequence++;
        idleCalls = 0;
        isAtFirstEntry = false;
    }

    private String check(final int length)
    {
        if (length < JournalEntry.MIN_BYTES || length > buffer.capacity() ||
            !file.copy(at + QueueFile.WORD_BYTES, buffer, length))
        {
            return "it has an impossible length of " + length + " bytes";
        }
        final String problem = entry.tryWrap(buffer, 0, length);
        if (problem != null)
        {
            return problem;
        }
        if (entry.sequence() != nextSequence)
        {
            return "entry " + entry.sequence() + " stands in its place" +
                (isAtFirstEntry ? ", so that a file before this one is missing" : "");
        }
        return chain.accept(buffer, length) ? null : "it does not match its hash chain";
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

    /** Goes from document to document, to the one with an entry's number, or to the first entry; its number, or -1. */
    private long skipTo(final long sequence)
    {
        int word = file.word(at);
        while (word != 0 && !QueueFile.isIncomplete(word))
        {
            if (!QueueFile.isMetadata(word))
            {
                if (QueueFile.lengthOf(word) < JournalEntry.MIN_BYTES)
                {
                    return -1;
                }
                final long place = at + QueueFile.WORD_BYTES + SEQUENCE_OFFSET;
                final long found = Integer.toUnsignedLong(file.word(place)) |
                    (long)file.word(place + Integer.BYTES) << Integer.SIZE;
                if (found >= sequence)
                {
                    return found;
                }
            }
            at = QueueFile.after(at, QueueFile.lengthOf(word));
            word = file.word(at);
        }
        return -1;
    }

    private void trust()
    {
        final int length = QueueFile.lengthOf(file.word(at));
        nextSequence = Integer.toUnsignedLong(file.word(at + QueueFile.WORD_BYTES + SEQUENCE_OFFSET)) |
            (long)file.word(at + QueueFile.WORD_BYTES + SEQUENCE_OFFSET + Integer.BYTES) << Integer.SIZE;
        final String problem = length > buffer.capacity() ||
            !file.copy(at + QueueFile.WORD_BYTES, buffer, length) ?
            "it has an impossible length of " + length + " bytes" : entry.tryWrap(buffer, 0, length);
        if (problem != null)
        {
            final JournalException damage = damaged(problem);
            closeFile();
            nextSequence = 0;
            throw damage;
        }
        chain.set(entry.chainHigh(), entry.chainLow());
        nextSequence++;
        at = QueueFile.after(at, length);
        isAtFirstEntry = false;
    }

    /** Opens the file that follows one, or the first; false when there is none yet. */
    private boolean openAfter(final QueueFile before)
    {
        final Path path = after(before == null ? null : before.path());
        if (path == null)
        {
            return false;
        }
        final QueueFile opened = new QueueFile(path);
        closeFile();
        file = opened;
        at = 0;
        isAtFirstEntry = true;
        idleCalls = 0;
        return true;
    }

    private Path after(final Path before)
    {
        for (final Path path : QueueFiles.list(directory))
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
