package dev.understudy.journal;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.core.io.Closeable;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import org.agrona.concurrent.EpochClock;

/**
 * Appends to a segment of its own: a Chronicle queue that nobody wrote before.
 * <p>
 * Chronicle rolls by its clock, so that clock is ours: it stands still until a file is long enough, then it goes on to
 * the present minute, or to the next one when the file of that minute is there. A file's first blocks are allocated
 * before Chronicle takes it (it renames a precreated file), those that follow before they are written.
 * <p>
 * Chronicle takes a tenth of a second and more to start. Until someone asks for that, entries wait in memory; whoever
 * does appends them. All else is the writer's thread's.
 */
final class QueueSegment implements AutoCloseable
{
    private static final long MINUTE_MS = 60_000;

    /** Chronicle's own format of {@link LegacyRollCycles#MINUTELY}. */
    private static final DateTimeFormatter FILE_NAME =
        DateTimeFormatter.ofPattern("yyyyMMdd-HHmm", Locale.ROOT).withZone(ZoneOffset.UTC);

    /** Places of an index page: 2 KiB a page and 4 million entries a file, instead of 16 KiB a page. */
    private static final int INDEX_COUNT = 256;
    private static final int INDEX_SPACING = 64;

    /** What Chronicle may write around an entry: an index page, padding, the end mark. */
    private static final long AROUND_ENTRY_BYTES = 8 * 1024;

    /** Chronicle's header and its first two index pages. */
    private static final long FILE_HEAD_BYTES = 16 * 1024;

    /** Chronicle uses 1 KiB of it. */
    private static final long METADATA_BYTES = 16 * 1024;

    /** Chronicle lets an entry be a quarter of this long. */
    private static final long MIN_BLOCK_BYTES = 1 << 20;

    /** Entries that may wait for Chronicle to start: the blocks that a file begins with have room for them. */
    private static final int MAX_KEPT_BYTES = PackedEntry.MAX_BYTES;

    /** Nobody but this writer has the segment, so that Chronicle has nothing to wait for. */
    private static final long CHRONICLE_TIMEOUT_MS = 1_000;

    static
    {
        // Its background checks and its banner are not wanted in a process whose output is its user's.
        setDefault("chronicle.analytics.disable", "true");
        setDefault("chronicle.announcer.disable", "true");
        setDefault("chronicle.disk.monitor.disable", "true");
    }

    private final Path directory;
    private final EpochClock clock;
    private final DiskReserve reserve;
    private final long reserveBytes;
    private final long fileBytes;
    private final long usefulBytes;
    private final byte[] staging;
    private final List<Path> unsynced = new ArrayList<>();

    private final AtomicBoolean isStartBegun = new AtomicBoolean();

    /** Done when the files have what was kept, or cannot be had. */
    private final CompletableFuture<Void> start = new CompletableFuture<>();

    /** Of the thread that starts, until the start is done: even the first of Chronicle's classes takes long to load. */
    private SingleChronicleQueue queue;
    private ExcerptAppender appender;
    private Bytes<byte[]> staged;
    private long minute;
    private Path file;
    private long allocatedEnd;
    private long writePosition;
    private long lastPlace;
    private boolean hasFile;

    /** What was appended before Chronicle was there, in order. Guarded by itself, as is the end of the start. */
    private final List<byte[]> kept = new ArrayList<>();
    private long keptBytes;

    private boolean isFileEmpty = true;
    private boolean isDirectorySynced;

    /**
     * A segment that is not on the disk before {@link #start}.
     *
     * @param staging holds each packed entry that is appended, from its start on
     */
    QueueSegment(
        final Path directory, final JournalOptions options, final DiskReserve reserve, final byte[] staging)
    {
        this.directory = directory;
        this.reserve = reserve;
        clock = options.clock();
        reserveBytes = options.reserveBytes();
        fileBytes = options.fileBytes();
        usefulBytes = fileBytes + reserveBytes + AROUND_ENTRY_BYTES;
        this.staging = staging;
    }

    /**
     * Makes room for an entry.
     *
     * @param length        the most that the entry may take
     * @param mayUseReserve whether the entry is one that the reserve is kept for
     * @return whether the entry will be the first of a file
     * @throws JournalFullException when there is no room; the segment is as before then
     */
    boolean prepare(final int length, final boolean mayUseReserve)
    {
        if (!isReady())
        {
            // A failure is told at the next entry, and the last entry is there when its method returns.
            if (!start.isDone() && !mayUseReserve && keptBytes + length <= MAX_KEPT_BYTES)
            {
                return isFileEmpty;
            }
            start();
        }
        final long end = writePosition + length + AROUND_ENTRY_BYTES;
        if (end + (mayUseReserve ? 0 : reserveBytes) > allocatedEnd || end > fileBytes && !mayUseReserve)
        {
            makeRoom(length, mayUseReserve);
        }
        return isFileEmpty;
    }

    /**
     * Appends what is staged, after {@link #prepare}.
     *
     * @return where the word before the entry stands in its file; -1 when the entry waits for Chronicle
     */
    long append(final int length)
    {
        isFileEmpty = false;
        if (!isReady() && keep(length))
        {
            return -1;
        }
        staged.readPositionRemaining(0, length);
        write(staged, length);
        return lastPlace;
    }

    /**
     * Starts Chronicle and appends what was kept, or waits until another thread has done so.
     *
     * @throws JournalFullException when the disk has no room for the first file
     * @throws JournalException     when it cannot be created, or Chronicle does not start: nothing can be appended then
     */
    void start()
    {
        if (isStartBegun.compareAndSet(false, true))
        {
            begin();
        }
        try
        {
            start.join();
        }
        catch (final CompletionException e)
        {
            if (e.getCause() instanceof final JournalException failure)
            {
                throw failure;
            }
            throw new JournalException("journal " + directory + " cannot be begun: " + e.getCause(), e.getCause());
        }
    }

    private void begin()
    {
        try
        {
            minute = clock.time() / MINUTE_MS;
            createDirectory();
            // First, as JournalScan takes a segment that has Chronicle's metadata and no file for one that lost it.
            precreate();
            createMetadata();
            open();
            synchronized (kept)
            {
                kept.forEach(entry -> write(Bytes.wrapForRead(entry), entry.length));
                kept.clear();
                start.complete(null);
            }
        }
        // Whatever it is, the writer's thread must know.
        catch (final Throwable e)
        {
            start.completeExceptionally(e);
        }
    }

    private void open()
    {
        staged = Bytes.wrapForRead(staging);
        final long blockBytes = Math.max(MIN_BLOCK_BYTES, fileBytes + reserveBytes + FILE_HEAD_BYTES);
        queue = SingleChronicleQueueBuilder.binary(directory)
            .rollCycle(LegacyRollCycles.MINUTELY)
            .indexCount(INDEX_COUNT)
            .indexSpacing(INDEX_SPACING)
            .blockSize(blockBytes)
            .timeoutMS(CHRONICLE_TIMEOUT_MS)
            .checkInterrupts(false)
            .timeProvider(() -> minute * MINUTE_MS)
            .build();
        appender = queue.createAppender();
        appender.singleThreadedCheckDisabled(true);
    }

    private boolean isReady()
    {
        return start.state() == Future.State.SUCCESS;
    }

    /** Has what is staged wait for Chronicle; false when that has started meanwhile. */
    private boolean keep(final int length)
    {
        synchronized (kept)
        {
            if (isReady())
            {
                return false;
            }
            kept.add(Arrays.copyOf(staging, length));
            keptBytes = QueueFile.after(keptBytes, length);
            return true;
        }
    }

    private void write(final Bytes<byte[]> entry, final int length)
    {
        appender.writeBytes(entry);
        writePosition = appender.wire().bytes().writePosition();
        lastPlace = writePosition - length - QueueFile.WORD_BYTES;
        hasFile = true;
    }

    /** Waits until the disk has every entry. */
    void sync()
    {
        start();
        unsynced.forEach(DiskBlocks::sync);
        unsynced.clear();
        if (hasFile)
        {
            DiskBlocks.sync(file);
        }
        if (!isDirectorySynced)
        {
            DiskBlocks.sync(directory);
            DiskBlocks.sync(directory.toAbsolutePath().getParent());
            isDirectorySynced = true;
        }
    }

    /** Lets go of the files and gives back what was allocated in advance; the entries' end is sealed, if there are any. */
    @Override
    public void close()
    {
        final boolean isFailureTold = start.isCompletedExceptionally();
        try
        {
            start();
        }
        catch (final JournalException e)
        {
            Closeable.closeQuietly(appender, queue);
            QueueFiles.delete(directory);
            if (isFailureTold)
            {
                return;
            }
            throw e;
        }
        appender.close();
        queue.close();
        if (Files.exists(file))
        {
            final long end;
            try (QueueFile written = new QueueFile(file))
            {
                end = written.endFrom(lastPlace);
            }
            QueueFile.seal(file, end);
        }
        else
        {
            QueueFiles.delete(directory);
        }
    }

    /** Has a segment that nobody has started never be on the disk; false when someone has. What is kept is forgotten. */
    boolean abandon()
    {
        if (!isStartBegun.compareAndSet(false, true))
        {
            return false;
        }
        start.completeExceptionally(new JournalException("journal " + directory + " is closed"));
        return true;
    }

    private Path precreated()
    {
        return directory.resolve(
            FILE_NAME.format(Instant.ofEpochMilli(minute * MINUTE_MS)) + QueueFiles.PRECREATED_SUFFIX);
    }

    private void makeRoom(final int length, final boolean mayUseReserve)
    {
        final long end = writePosition + length + AROUND_ENTRY_BYTES;
        if (end > fileBytes && !mayUseReserve)
        {
            roll();
            return;
        }
        final long needed = end + reserveBytes;
        if (needed > allocatedEnd)
        {
            allocatedEnd = reserve.extend(file, allocatedEnd, needed, usefulBytes);
            releaseWritten();
        }
    }

    /** What was appended is not looked at again, and the map of a whole file would count as memory of the process. */
    private void releaseWritten()
    {
        if (hasFile && !isFileEmpty)
        {
            final BytesStore<?, ?> map = appender.wire().bytes().bytesStore();
            DiskBlocks.release(map.addressForRead(map.start()), writePosition - map.start());
        }
    }

    /** The next entry goes to a new file. */
    private void roll()
    {
        final Path full = file;
        final long fullEnd = allocatedEnd;
        final long fullPosition = writePosition;
        final long fullMinute = minute;
        minute = Math.max(clock.time() / MINUTE_MS, minute + 1);
        try
        {
            precreate();
        }
        catch (final JournalException e)
        {
            file = full;
            allocatedEnd = fullEnd;
            writePosition = fullPosition;
            minute = fullMinute;
            throw e;
        }
        isFileEmpty = true;
        unsynced.add(full);
        isDirectorySynced = false;
    }

    private void precreate()
    {
        final Path precreated = precreated();
        try
        {
            createFile(precreated);
            final long needed =
                FILE_HEAD_BYTES + reserveBytes + PackedEntry.MAX_BYTES + AROUND_ENTRY_BYTES;
            allocatedEnd = reserve.extend(precreated, 0, needed, usefulBytes);
            writePosition = FILE_HEAD_BYTES;
            file = directory.resolve(
                FILE_NAME.format(Instant.ofEpochMilli(minute * MINUTE_MS)) + QueueFiles.SUFFIX);
        }
        catch (final IOException e)
        {
            throw failed(precreated, e);
        }
    }

    private void createDirectory()
    {
        try
        {
            Files.createDirectory(directory);
        }
        catch (final IOException e)
        {
            throw failed(directory, e);
        }
    }

    private void createMetadata()
    {
        final Path metadata = directory.resolve(QueueFiles.METADATA);
        try
        {
            createFile(metadata);
            reserve.extend(metadata, 0, METADATA_BYTES, METADATA_BYTES);
        }
        catch (final IOException e)
        {
            throw failed(directory, e);
        }
    }

    private static JournalException failed(final Path path, final IOException e)
    {
        final String text = "journal " + path + " cannot be created: " + e.getMessage() +
            ". Every entry so far is intact. Check the directory, and its disk for free space and free inodes";
        return String.valueOf(e.getMessage()).contains("No space left") ?
            new JournalFullException(text) : new JournalException(text, e);
    }

    private static void createFile(final Path path) throws IOException
    {
        try
        {
            Files.createFile(path);
        }
        // Of an attempt before that found the disk full.
        catch (final FileAlreadyExistsException e)
        {
            if (Files.size(path) > 0)
            {
                throw e;
            }
        }
    }

    private static void setDefault(final String property, final String value)
    {
        if (System.getProperty(property) == null)
        {
            System.setProperty(property, value);
        }
    }
}
