package dev.understudy.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.LongSupplier;

import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads one of Chronicle's files by its layout alone.
 * <pre>
 *   0         4
 *   +---------+----------------------+---------+---- ...      documents begin at multiples of 4
 *   |  word   |  document            |  word   |
 *   +---------+----------------------+---------+---- ...
 *   word: bit 31 not complete, bit 30 one of Chronicle's own, bits 0-29 length of the document in bytes
 *         0 nothing yet; 0x80000000 being written; 0xC0000000 no more in this file
 *
 *   0            4            8            12
 *   +------------+------------+------------+------------+
 *   | 0xC0000000 | "EOF" name |     0      |    seal    |     the end mark; Chronicle's has no seal
 *   +------------+------------+------------+------------+
 * </pre>
 * The seal says that no file of the segment follows. The file is read with pread and never mapped: a map of a file
 * that becomes shorter would end the process. Not thread-safe.
 */
final class QueueFile implements AutoCloseable
{
    /** Bytes of a word before a document. */
    static final int WORD_BYTES = 4;

    /** The word of a document that is being written; its length comes with its end. */
    static final int BEING_WRITTEN = 0x8000_0000;

    /** The word after the last document. */
    static final int END = 0xC000_0000;

    /** No document of Chronicle's own is longer: an index page has 2 KiB. */
    static final int MAX_METADATA_BYTES = 8 * 1024;

    private static final int INCOMPLETE = 0x8000_0000;
    private static final int METADATA = 0x4000_0000;
    private static final int LENGTH_MASK = 0x3FFF_FFFF;

    private static final int END_TEXT = 0x464F_45C3;
    private static final int SEAL = 0x4C41_4553;
    private static final int END_MARK_BYTES = 16;

    /** Read at once: twice the longest entry. */
    private static final int WINDOW_BYTES = 256 * 1024;

    /** Read at once at the end of a file that grows, where most of what a larger read brought would be unwritten. */
    private static final int MIN_READ_AHEAD_BYTES = 4 * 1024;

    private final Path path;
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(WINDOW_BYTES);
    private final ByteBuffer wordBytes = ByteBuffer.allocateDirect(WORD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final UnsafeBuffer window = new UnsafeBuffer(bytes);
    private FileChannel channel;
    private long windowStart;
    private int windowBytes;
    private int readAhead = MIN_READ_AHEAD_BYTES;

    QueueFile(final Path path)
    {
        this.path = path;
        open();
    }

    static boolean isIncomplete(final int word)
    {
        return (word & INCOMPLETE) != 0;
    }

    static boolean isMetadata(final int word)
    {
        return (word & METADATA) != 0;
    }

    static int lengthOf(final int word)
    {
        return word & LENGTH_MASK;
    }

    /** Where the document after one begins. */
    static long after(final long place, final int length)
    {
        return place + WORD_BYTES + length + WORD_BYTES - 1 & -WORD_BYTES;
    }

    /**
     * Puts an end mark with the seal at a place and cuts off whatever is behind.
     *
     * @throws JournalException when the disk does not take it
     */
    static void seal(final Path path, final long place)
    {
        final ByteBuffer mark = ByteBuffer.allocate(END_MARK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        mark.putInt(END).putInt(END_TEXT).putInt(0).putInt(SEAL);
        // Written first and in one go, over blocks that are there: nothing is lost when the cut does not happen.
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw"))
        {
            file.seek(place);
            file.write(mark.array());
            file.setLength(place + END_MARK_BYTES);
            file.getFD().sync();
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + path + " cannot be sealed: " + e.getMessage() +
                ". Its entries are intact: free disk space, or check the disk, and try again", e);
        }
    }

    Path path()
    {
        return path;
    }

    /** Length of the file now, in bytes. */
    long size()
    {
        try
        {
            return channel.size();
        }
        catch (final ClosedByInterruptException e)
        {
            return reopened(this::size);
        }
        catch (final IOException e)
        {
            throw unreadable(e);
        }
    }

    /** The word at a place, which was read a while ago perhaps; zero behind the end of the file. */
    int word(final long place)
    {
        if (!isInWindow(place, WORD_BYTES))
        {
            fill(place);
        }
        return isInWindow(place, WORD_BYTES) ? window.getInt((int)(place - windowStart), ByteOrder.LITTLE_ENDIAN) : 0;
    }

    /**
     * The word at a place as it is now when it was not complete before. For files that are written at the same time.
     */
    int freshWord(final long place)
    {
        if (isInWindow(place, WORD_BYTES))
        {
            final int known = window.getInt((int)(place - windowStart), ByteOrder.LITTLE_ENDIAN);
            if (known != 0 && !isIncomplete(known))
            {
                return known;
            }
        }
        wordBytes.clear();
        read(wordBytes, place);
        if (wordBytes.hasRemaining())
        {
            return 0;
        }
        final int word = wordBytes.getInt(0);
        if (word == 0 || isIncomplete(word))
        {
            readAhead = MIN_READ_AHEAD_BYTES;
            return word;
        }
        // The document was complete before its word was: what is read from here on is whole.
        fill(place, Math.max(readAhead, WORD_BYTES + lengthOf(word)));
        readAhead = Math.min(readAhead * 2, WINDOW_BYTES);
        return word;
    }

    /** Copies a part of the file; false when the file ends before it does. */
    boolean copy(final long place, final UnsafeBuffer to, final int length)
    {
        int done = 0;
        while (done < length)
        {
            final long from = place + done;
            if (!isInWindow(from, 1))
            {
                fill(from);
                if (windowBytes == 0)
                {
                    return false;
                }
            }
            final int index = (int)(from - windowStart);
            final int count = Math.min(length - done, windowBytes - index);
            window.getBytes(index, to, done, count);
            done += count;
        }
        return true;
    }

    /** Forgets what was read, so that it is read again. */
    void forget()
    {
        windowBytes = 0;
    }

    /** Where the documents end: the first place from a document's start on where none, or no complete one, stands. */
    long endFrom(final long start)
    {
        long place = start;
        int word = word(place);
        while (word != 0 && !isIncomplete(word))
        {
            place = after(place, lengthOf(word));
            word = word(place);
        }
        return place;
    }

    /** Whether the end mark at a place says that no file of the segment follows. One changed bit leaves a seal one. */
    boolean isSealed(final long place)
    {
        return word(place + END_MARK_BYTES - WORD_BYTES) != 0;
    }

    /** Where the bytes after an end mark begin. */
    static long afterEndMark(final long place)
    {
        return place + END_MARK_BYTES;
    }

    /**
     * The first place from a place on, a multiple of four, where a word that is not zero stands; -1 when all is zero to
     * the end.
     */
    long nextNonZero(final long start)
    {
        final long size = size();
        long place = start;
        while (place < size)
        {
            if (!isInWindow(place, WORD_BYTES))
            {
                fill(place);
                if (windowBytes == 0)
                {
                    return -1;
                }
            }
            int index = (int)(place - windowStart);
            while (index + Long.BYTES <= windowBytes && window.getLong(index) == 0)
            {
                index += Long.BYTES;
            }
            for (int i = 0; i < WORD_BYTES * 2 && index < windowBytes; i++, index++)
            {
                if (window.getByte(index) != 0)
                {
                    return windowStart + index & -WORD_BYTES;
                }
            }
            place = windowStart + index;
        }
        return -1;
    }

    /** Where the last byte that is not zero stands, plus one, looked for from a place on; the place when all is zero. */
    long endOfNonZero(final long start)
    {
        long end = start;
        long place = nextNonZero(start);
        while (place >= 0)
        {
            end = place + WORD_BYTES;
            place = nextNonZero(end);
        }
        return end;
    }

    private boolean isInWindow(final long place, final int count)
    {
        return place >= windowStart && place + count <= windowStart + windowBytes;
    }

    private void fill(final long place)
    {
        fill(place, WINDOW_BYTES);
    }

    private void fill(final long place, final int count)
    {
        bytes.clear().limit(Math.min(count, WINDOW_BYTES));
        read(bytes, place);
        windowStart = place;
        windowBytes = bytes.position();
    }

    private void read(final ByteBuffer to, final long place)
    {
        try
        {
            while (to.hasRemaining())
            {
                if (channel.read(to, place + to.position()) < 0)
                {
                    break;
                }
            }
        }
        catch (final ClosedByInterruptException e)
        {
            reopened(() ->
            {
                read(to, place);
                return 0L;
            });
        }
        catch (final IOException e)
        {
            throw unreadable(e);
        }
    }

    /** Does again what the interrupt of the thread broke off, and leaves the thread interrupted. */
    private long reopened(final LongSupplier again)
    {
        Thread.interrupted();
        try
        {
            open();
            return again.getAsLong();
        }
        finally
        {
            Thread.currentThread().interrupt();
        }
    }

    private void open()
    {
        try
        {
            channel = FileChannel.open(path, StandardOpenOption.READ);
        }
        catch (final IOException e)
        {
            throw unreadable(e);
        }
    }

    private JournalException unreadable(final IOException e)
    {
        return new JournalException("journal " + path + " cannot be read: " + e.getClass().getSimpleName() + ": " +
            e.getMessage() + ". Check the disk and the file's permissions", e);
    }

    @Override
    public void close()
    {
        windowBytes = 0;
        if (!channel.isOpen())
        {
            return;
        }
        try
        {
            channel.close();
        }
        catch (final IOException e)
        {
            throw unreadable(e);
        }
        // Not left to the collector: a journal of many files is read faster than it comes by.
        BufferUtil.free(bytes);
    }
}
