package dev.understudy.journal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads a journal that nobody writes, straight from its files, and checks every entry.
 * <p>
 * It depends on nothing but the layout of Chronicle's files, so that no damage can make it hang: a file is a row of
 * documents, each behind a word that holds its length in the low 30 bits, and two flags: bit 31 for one that is not
 * complete, bit 30 for one of Chronicle's own. A word of zero is the end. Documents begin at multiples of four bytes.
 * Not thread-safe.
 */
public final class JournalScan implements Closeable
{
    private static final int LENGTH_MASK = 0x3FFF_FFFF;
    private static final int INCOMPLETE = 0x8000_0000;
    private static final int METADATA = 0x4000_0000;
    private static final int END_OF_FILE = 0xC000_0000;
    private static final int WORD_BYTES = 4;
    private static final int READ_BYTES = 256 * 1024;

    /** Entries further ahead than this are not looked for when it is decided whether damage is at the tail. */
    private static final long MAX_LOOKAHEAD_ENTRIES = 1L << 32;

    private final Path directory;
    private final List<Path> files;
    private final HashChain chain = new HashChain();
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[EntryEncoder.MAX_BYTES]);
    private final JournalEntry entry = new JournalEntry();
    private final ByteBuffer window = ByteBuffer.allocate(READ_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private int fileIndex = -1;
    private FileChannel channel;
    private long fileBytes;
    private long windowStart;
    private int windowBytes;
    private long at;
    private long nextSequence;
    private long lastPosition;
    private long lastTimeNs;
    private long dataBytes;
    private String damage;
    private Path tornFile;
    private long tornAt;
    private String tornProblem;
    private boolean ended;

    private JournalScan(final Path directory)
    {
        this.directory = directory;
        files = QueueFiles.list(directory);
    }

    /** Opens the journal in a directory, before its first entry. */
    public static JournalScan open(final Path directory)
    {
        final JournalScan scan = new JournalScan(directory);
        if (scan.files.isEmpty())
        {
            throw new JournalException("journal " + directory + ": there is no journal in this directory");
        }
        return scan;
    }

    /** The files that hold entries, oldest first. */
    List<Path> files()
    {
        return files;
    }

    /** Goes to the next entry; false at the end, at a torn tail, and at damage. */
    public boolean next()
    {
        if (ended)
        {
            return false;
        }
        try
        {
            while (channel != null || nextFile())
            {
                final int word = word(at);
                final int length = word & LENGTH_MASK;
                if (word == 0 || word == END_OF_FILE)
                {
                    if (holdsEntryAfter(at + WORD_BYTES))
                    {
                        return fail("its header word was lost, later entries are there");
                    }
                    closeFile();
                    if (fileIndex == files.size() - 1)
                    {
                        break;
                    }
                    continue;
                }
                if ((word & METADATA) != 0 && (word & INCOMPLETE) == 0)
                {
                    if (at + WORD_BYTES + length > fileBytes)
                    {
                        return fail("a header of the file was changed");
                    }
                    at = after(length);
                    continue;
                }
                final String problem = check(word, length);
                if (problem != null)
                {
                    return fail(problem);
                }
                at = after(length);
                dataBytes += length;
                lastPosition = entry.position();
                lastTimeNs = entry.timeNs();
                nextSequence++;
                return true;
            }
        }
        catch (final IOException e)
        {
            damage = "journal %s: it cannot be read: %s".formatted(currentFile(), e.getMessage());
        }
        ended = true;
        return false;
    }

    /** The entry that {@link #next} went to. */
    public JournalEntry entry()
    {
        return entry;
    }

    /** Number of entries so far. */
    public long entries()
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

    /** Length of all entries so far, in bytes. */
    public long dataBytes()
    {
        return dataBytes;
    }

    public long chainHigh()
    {
        return chain.high();
    }

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
        return tornFile == null ? null : "journal %s: %s after entry %d at byte %d: the writer died while it wrote"
            .formatted(tornFile, tornProblem, nextSequence - 1, tornAt);
    }

    @Override
    public void close()
    {
        closeFile();
    }

    /** Null when a whole entry that follows the last one stands at the present place. */
    private String check(final int word, final int length) throws IOException
    {
        if ((word & INCOMPLETE) != 0)
        {
            return "an unfinished entry";
        }
        if (length > buffer.capacity() || length < JournalEntry.MIN_BYTES || at + WORD_BYTES + length > fileBytes)
        {
            return "an entry with an impossible length of " + length + " bytes";
        }
        read(at + WORD_BYTES, length);
        final String problem = entry.tryWrap(buffer, 0, length);
        if (problem != null)
        {
            return problem;
        }
        if (entry.sequence() != nextSequence)
        {
            return "entry %d where entry %d is due".formatted(entry.sequence(), nextSequence);
        }
        return chain.accept(buffer, length) ? null : "it does not match its hash chain";
    }

    private boolean fail(final String problem) throws IOException
    {
        ended = true;
        final boolean isKnownForeign = problem.contains("version") || problem.contains("not known");
        final boolean isLastFile = fileIndex == files.size() - 1;
        if (!isKnownForeign && isLastFile && !holdsEntryAfter(at + WORD_BYTES))
        {
            tornFile = currentFile();
            tornAt = at;
            tornProblem = problem;
            return false;
        }
        final String remedy = nextSequence == 0 ? "" :
            " Entries up to %d are intact: replay them with  understudy replay %s --until-entry %d".formatted(
                nextSequence - 1, directory, nextSequence - 1);
        damage = "journal %s: entry %d (after position %,d): %s.%s%s".formatted(
            currentFile(), nextSequence, lastPosition, problem,
            isKnownForeign ? "" : " The file was changed or the disk returned wrong bytes.", remedy);
        return false;
    }

    /** Whether something that looks like a later entry of this journal stands behind a place of the file. */
    private boolean holdsEntryAfter(final long from) throws IOException
    {
        final JournalEntry candidate = new JournalEntry();
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[JournalEntry.MIN_BYTES]);
        for (long place = from & -WORD_BYTES; place + WORD_BYTES + JournalEntry.MIN_BYTES <= fileBytes;
            place += WORD_BYTES)
        {
            if (skipsHole(place))
            {
                place = windowStart + windowBytes - WORD_BYTES & -WORD_BYTES;
                continue;
            }
            final int length = word(place) & LENGTH_MASK;
            if (length < JournalEntry.MIN_BYTES || length > EntryEncoder.MAX_BYTES)
            {
                continue;
            }
            for (int i = 0; i < JournalEntry.MIN_BYTES; i += WORD_BYTES)
            {
                bytes.putInt(i, word(place + WORD_BYTES + i), ByteOrder.LITTLE_ENDIAN);
            }
            // Only the head is looked at; the whole would have to follow a chain that is broken.
            if (candidate.tryWrapHead(bytes, length) && candidate.sequence() > nextSequence &&
                candidate.sequence() - nextSequence < MAX_LOOKAHEAD_ENTRIES)
            {
                return true;
            }
        }
        return false;
    }

    /** Whether the window that holds a place is all zero from there on, as the unwritten part of a file is. */
    private boolean skipsHole(final long place) throws IOException
    {
        word(place);
        for (int i = (int)(place - windowStart); i + Long.BYTES <= windowBytes; i += Long.BYTES)
        {
            if (window.getLong(i) != 0)
            {
                return false;
            }
        }
        return windowBytes > (int)(place - windowStart) + Long.BYTES;
    }

    private boolean nextFile() throws IOException
    {
        if (fileIndex >= files.size() - 1)
        {
            return false;
        }
        fileIndex++;
        channel = FileChannel.open(files.get(fileIndex), StandardOpenOption.READ);
        fileBytes = channel.size();
        windowBytes = 0;
        at = 0;
        return true;
    }

    private void closeFile()
    {
        if (channel != null)
        {
            try
            {
                channel.close();
            }
            catch (final IOException e)
            {
                throw new JournalException("journal " + currentFile() + ": it cannot be closed", e);
            }
            channel = null;
        }
    }

    private Path currentFile()
    {
        return files.get(Math.max(0, fileIndex));
    }

    private long after(final int length)
    {
        return at + WORD_BYTES + length + WORD_BYTES - 1 & -WORD_BYTES;
    }

    /** The word at a place; zero behind the end of the file. */
    private int word(final long place) throws IOException
    {
        if (place + WORD_BYTES > fileBytes)
        {
            return 0;
        }
        if (place < windowStart || place + WORD_BYTES > windowStart + windowBytes)
        {
            fill(place);
        }
        return window.getInt((int)(place - windowStart));
    }

    private void read(final long place, final int length) throws IOException
    {
        int done = 0;
        while (done < length)
        {
            final long from = place + done;
            if (from < windowStart || from >= windowStart + windowBytes)
            {
                fill(from);
            }
            final int index = (int)(from - windowStart);
            final int count = Math.min(length - done, windowBytes - index);
            buffer.putBytes(done, window.array(), index, count);
            done += count;
        }
    }

    private void fill(final long place) throws IOException
    {
        windowStart = place;
        window.clear();
        while (window.hasRemaining())
        {
            if (channel.read(window, place + window.position()) < 0)
            {
                break;
            }
        }
        windowBytes = window.position();
        if (windowBytes == 0)
        {
            throw new IOException("the file became shorter while it was read");
        }
    }
}
