package dev.understudy.journal;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Appends entries to a journal. An entry is there for every reader, and survives the death of this process, when the
 * method that appended it returns; it survives the loss of power when {@link #sync} has returned.
 * <p>
 * Owned by one thread at a time; the journal by one writer at a time.
 */
public final class JournalWriter implements Closeable
{
    /** Free disk without which no journal is opened: Chronicle writes the head of a new file before anything is asked. */
    private static final long MIN_FREE_BYTES = 4 << 20;

    private static final String TORN = "torn";

    private final Path directory;
    private final JournalLock lock;
    private final SingleChronicleQueue queue;
    private final ExcerptAppender appender;
    private final DiskReserve reserve;
    private final EntryEncoder encoder = new EntryEncoder();
    private final UnsafeBuffer received = new UnsafeBuffer(new byte[EntryEncoder.MAX_BYTES]);
    private final JournalEntry entry = new JournalEntry();
    private final HashChain chain = new HashChain();

    private Genesis genesis;
    private long lastSequence = -1;
    private long lastPosition;
    private long lastTimeNs;
    private long writePosition;
    private int cycle = Integer.MIN_VALUE;

    private JournalWriter(final Path directory, final JournalLock lock, final JournalOptions options)
    {
        this.directory = directory;
        this.lock = lock;
        requireFreeSpace(directory);
        queue = QueueFiles.open(directory, options);
        appender = queue.createAppender();
        appender.singleThreadedCheckDisabled(true);
        reserve = new DiskReserve(directory, options);
    }

    /** Begins a journal in a directory that has none. */
    public static JournalWriter create(final Path directory, final Genesis genesis, final JournalOptions options)
    {
        final JournalWriter writer = createEmpty(directory, options);
        writer.genesis = genesis;
        writer.finish(writer.encoder.genesis(genesis), 0, 0, 0);
        return writer;
    }

    /** Begins a journal in a directory that has none; its entries come through {@link #append}. */
    public static JournalWriter createEmpty(final Path directory, final JournalOptions options)
    {
        final JournalLock lock = JournalLock.take(directory);
        try
        {
            if (!QueueFiles.list(directory).isEmpty())
            {
                throw new JournalException("there is a journal in " + directory +
                    " already: name another directory, or move that journal away");
            }
            return new JournalWriter(directory, lock, options);
        }
        catch (final RuntimeException e)
        {
            lock.close();
            throw e;
        }
    }

    /**
     * Goes on with a journal. Everything in it is checked first.
     *
     * @param notices told when a torn tail was cut
     * @throws JournalException when entries are damaged
     */
    public static JournalWriter open(
        final Path directory, final JournalOptions options, final Consumer<String> notices)
    {
        final JournalLock lock = JournalLock.take(directory);
        try
        {
            restoreInterruptedRewrite(directory);
            try (JournalScan scan = JournalScan.open(directory))
            {
                final Genesis genesis = readAll(scan);
                if (scan.tornTail() != null)
                {
                    notices.accept(scan.tornTail() + "; it is cut");
                    rewrite(directory, options, scan.entries());
                }
                JournalWriter writer = new JournalWriter(directory, lock, options);
                if (!writer.endsWith(scan))
                {
                    notices.accept("journal " + directory + ": its index does not fit its entries; it is rebuilt");
                    writer.appender.close();
                    writer.queue.close();
                    rewrite(directory, options, scan.entries());
                    writer = new JournalWriter(directory, lock, options);
                }
                writer.resume(scan, genesis);
                return writer;
            }
        }
        catch (final RuntimeException e)
        {
            lock.close();
            throw e;
        }
    }

    private static Genesis readAll(final JournalScan scan)
    {
        Genesis genesis = null;
        while (scan.next())
        {
            if (scan.entries() == 1 && scan.entry().type() == EventType.GENESIS)
            {
                genesis = scan.entry().genesis();
            }
        }
        if (scan.damage() != null)
        {
            throw new JournalException(scan.damage());
        }
        return genesis;
    }

    /** Whether Chronicle finds the same last entry as the scan. */
    private boolean endsWith(final JournalScan scan)
    {
        try (JournalReader reader = JournalReader.open(directory))
        {
            if (scan.entries() == 0)
            {
                return !reader.next();
            }
            reader.seek(scan.entries() - 1);
            return reader.next() && reader.entry().chainHigh() == scan.chainHigh() &&
                reader.entry().chainLow() == scan.chainLow() && !reader.next();
        }
        // Whatever Chronicle makes of a file that it did not finish: the entries are good, its index is not.
        catch (final RuntimeException e)
        {
            return false;
        }
    }

    private void resume(final JournalScan scan, final Genesis itsGenesis)
    {
        genesis = itsGenesis;
        lastSequence = scan.entries() - 1;
        lastPosition = scan.lastPosition();
        chain.set(scan.chainHigh(), scan.chainLow());
        lastTimeNs = scan.lastTimeNs();
    }

    /** Copies the intact entries to fresh files; the old ones are kept beside them. */
    private static void rewrite(final Path directory, final JournalOptions options, final long entries)
    {
        final Path torn = directory.resolve(TORN);
        final Path fresh = directory.resolve("fresh");
        try
        {
            deleteFiles(fresh);
            deleteFiles(torn);
            try (JournalScan scan = JournalScan.open(directory); JournalWriter copy = createEmpty(fresh, options))
            {
                while (scan.entries() < entries && scan.next())
                {
                    copy.append(scan.entry().buffer(), scan.entry().offset(), scan.entry().length());
                }
            }
            Files.createDirectories(torn);
            moveQueue(directory, torn);
            moveQueue(fresh, directory);
            deleteFiles(fresh);
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be mended: " + e.getMessage(), e);
        }
    }

    private static void restoreInterruptedRewrite(final Path directory)
    {
        final Path torn = directory.resolve(TORN);
        if (QueueFiles.list(directory).isEmpty() && !QueueFiles.list(torn).isEmpty())
        {
            try
            {
                moveQueue(torn, directory);
            }
            catch (final IOException e)
            {
                throw new JournalException("journal " + directory + " cannot be mended: " + e.getMessage(), e);
            }
        }
    }

    private static void moveQueue(final Path from, final Path to) throws IOException
    {
        try (Stream<Path> files = Files.list(from))
        {
            for (final Path file : files.filter(it -> it.toString().contains(QueueFiles.SUFFIX)).toList())
            {
                Files.move(file, to.resolve(file.getFileName()));
            }
        }
    }

    private static void deleteFiles(final Path directory) throws IOException
    {
        if (Files.isDirectory(directory))
        {
            try (Stream<Path> files = Files.list(directory))
            {
                for (final Path file : files.toList())
                {
                    Files.delete(file);
                }
            }
            Files.delete(directory);
        }
    }

    private static void requireFreeSpace(final Path directory)
    {
        try
        {
            final long free = Files.getFileStore(directory).getUsableSpace();
            if (free < MIN_FREE_BYTES)
            {
                throw new JournalFullException("journal %s: the disk has %,d bytes free, a journal needs %,d: free some"
                    .formatted(directory, free, MIN_FREE_BYTES));
            }
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be written: " + e.getMessage(), e);
        }
    }

    public long clockSample(
        final long position, final long timeNs, final long outputs, final int picosPerInstruction, final int limitNs)
    {
        return finish(
            encoder.clockSample(lastSequence + 1, position, timeNs, outputs, picosPerInstruction, limitNs),
            lastSequence + 1, position, timeNs);
    }

    public long consoleInput(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        return finish(
            encoder.consoleInput(lastSequence + 1, position, timeNs, outputs, data, offset, length),
            lastSequence + 1, position, timeNs);
    }

    public long entropy(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        return finish(
            encoder.entropy(lastSequence + 1, position, timeNs, outputs, data, offset, length),
            lastSequence + 1, position, timeNs);
    }

    public long vsockPacket(
        final long position,
        final long timeNs,
        final long outputs,
        final DirectBuffer data,
        final int offset,
        final int length)
    {
        return finish(
            encoder.vsockPacket(lastSequence + 1, position, timeNs, outputs, data, offset, length),
            lastSequence + 1, position, timeNs);
    }

    public long digest(final long position, final long timeNs, final long outputs, final long state)
    {
        return finish(
            encoder.digest(lastSequence + 1, position, timeNs, outputs, state), lastSequence + 1, position, timeNs);
    }

    public long generation(
        final long position,
        final long timeNs,
        final long outputs,
        final long generation,
        final GenerationCause cause,
        final String node)
    {
        return finish(
            encoder.generation(lastSequence + 1, position, timeNs, outputs, generation, cause, node),
            lastSequence + 1, position, timeNs);
    }

    public long backupJoined(
        final long position, final long timeNs, final long outputs, final long generation, final String node)
    {
        return finish(
            encoder.backupJoined(lastSequence + 1, position, timeNs, outputs, generation, node),
            lastSequence + 1, position, timeNs);
    }

    public long closed(
        final long position, final long timeNs, final long outputs, final Outcome outcome, final long state)
    {
        return finish(
            encoder.closed(lastSequence + 1, position, timeNs, outputs, outcome, state),
            lastSequence + 1, position, timeNs);
    }

    /**
     * Appends an entry that another writer encoded.
     *
     * @throws JournalException when it does not follow the last entry; nothing is appended then
     */
    public void append(final DirectBuffer source, final int offset, final int length)
    {
        if (length > received.capacity())
        {
            throw new JournalException("an entry of " + length + " bytes was received: the most is " +
                received.capacity());
        }
        received.putBytes(0, source, offset, length);
        final String problem = entry.tryWrap(received, 0, length);
        if (problem != null)
        {
            throw new JournalException("a received entry is none: " + problem);
        }
        if (entry.sequence() != lastSequence + 1)
        {
            throw new JournalException("entry " + entry.sequence() + " was received, entry " + (lastSequence + 1) +
                " is due");
        }
        final long high = chain.high();
        final long low = chain.low();
        if (!chain.accept(received, length))
        {
            throw new JournalException("received entry " + entry.sequence() + " does not match the hash chain");
        }
        try
        {
            write(received, length);
        }
        catch (final RuntimeException e)
        {
            chain.set(high, low);
            throw e;
        }
        if (entry.sequence() == 0 && entry.type() == EventType.GENESIS)
        {
            genesis = entry.genesis();
        }
        lastSequence = entry.sequence();
        lastPosition = entry.position();
        lastTimeNs = entry.timeNs();
    }

    private long finish(final int length, final long sequence, final long position, final long timeNs)
    {
        final long high = chain.high();
        final long low = chain.low();
        chain.seal(encoder.buffer(), length);
        try
        {
            write(encoder.buffer(), length);
        }
        catch (final RuntimeException e)
        {
            chain.set(high, low);
            throw e;
        }
        lastSequence = sequence;
        lastPosition = position;
        lastTimeNs = timeNs;
        return sequence;
    }

    private void write(final UnsafeBuffer bytes, final int length)
    {
        if (appender.cycle() != cycle || reserve.isShort(writePosition + length))
        {
            makeRoom();
        }
        try (DocumentContext document = appender.writingDocument())
        {
            final Bytes<?> to = document.wire().bytes();
            to.write(bytes.byteArray(), 0, length);
            writePosition = to.writePosition();
        }
    }

    private void makeRoom()
    {
        final File file = appender.currentFile();
        if (file == null)
        {
            return;
        }
        if (appender.cycle() != cycle)
        {
            cycle = appender.cycle();
            writePosition = Math.max(writePosition, 0);
        }
        reserve.extend(file.toPath(), writePosition);
    }

    /** Has the operating system write everything to the disk. */
    public void sync()
    {
        appender.sync();
    }

    /** Number of the last entry; -1 without one. */
    public long lastSequence()
    {
        return lastSequence;
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

    public long chainHigh()
    {
        return chain.high();
    }

    public long chainLow()
    {
        return chain.low();
    }

    /** What the guest is; null before the first entry. */
    public Genesis genesis()
    {
        return genesis;
    }

    /** Length of the files in bytes. */
    public long bytesOnDisk()
    {
        return QueueFiles.bytes(directory);
    }

    @Override
    public void close()
    {
        appender.close();
        queue.close();
        lock.close();
    }
}
