package dev.understudy.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Appends entries to a journal. An entry is there for every reader, and survives the death of this process, when the
 * method that appended it returns; it survives the loss of power when {@link #sync} has returned.
 * <p>
 * Owned by one thread at a time; the journal by one writer at a time. Every method that appends takes the position
 * (in retired instructions, never before the last entry's), the guest's clock there in nanoseconds since its start, and
 * the running hash of the outputs before it; it returns the entry's number, and throws a {@link JournalFullException}
 * when there is no room. A journal is whole after every exception; after one that is no {@link JournalFullException} and
 * no refusal of an entry the writer appends nothing more.
 * <p>
 * An entry of 100 bytes takes a quarter of a microsecond (the median on two busy cores), half of it for the hash, and no
 * allocation: AppendCost in the tests measures it. A step of new blocks, every 1 MiB, takes 0.2 ms, a new file 5 to
 * 10 ms.
 */
public final class JournalWriter implements Journal
{
    private final Path directory;
    private final JournalLock lock;
    private final DiskReserve reserve;
    private final EntryPacker packer = new EntryPacker();
    private final JournalTail tail = new JournalTail();
    private final QueueSegment segment;
    private final JournalHead head;

    /** Number of the last entry that was there when this writer came; a first entry alone is as good as none. */
    private long openedAfter;
    private final Object trimming = new Object();
    private volatile JournalBase base;

    /** Written in order, without waiting for others to see it: twice an entry. */
    private final AtomicLong underWay = new AtomicLong(-1);
    private RuntimeException failure;
    private boolean closed;

    private JournalWriter(
        final Path directory, final JournalBase base, final JournalLock lock, final JournalOptions options)
    {
        this.directory = directory;
        this.base = base;
        this.lock = lock;
        head = new JournalHead(directory);
        reserve = new DiskReserve(directory, options);
        segment = new QueueSegment(
            QueueFiles.nextSegment(directory), options, reserve, packer.buffer().byteArray());
    }

    /**
     * Begins a journal in a directory that has none.
     *
     * @throws JournalException when it has one, or another process is writing there
     */
    public static JournalWriter create(final Path directory, final Genesis genesis, final JournalOptions options)
    {
        return createEmpty(directory, JournalBase.WHOLE, options).begun(genesis);
    }

    /**
     * As {@link #create}, but takes the directory only: until {@link #start}, an entry is in memory alone when the method
     * that appended it returns. {@link #closed}, {@link #sync} and an entry that finds no room there start the writer as
     * well, and so does {@link #close}, unless the first entry is all there is: then no journal is left. A {@link #reader} sees what was in memory when another entry has followed.
     */
    public static JournalWriter createUnstarted(
        final Path directory, final Genesis genesis, final JournalOptions options)
    {
        return createUnstarted(directory, JournalBase.WHOLE, options).begun(genesis);
    }

    /**
     * Begins a journal in a directory that has none; its entries come through {@link #append}.
     *
     * @param base where it begins
     * @throws JournalException when it has one, or another process is writing there
     */
    public static JournalWriter createEmpty(
        final Path directory, final JournalBase base, final JournalOptions options)
    {
        return createUnstarted(directory, base, options).started();
    }

    private static JournalWriter createUnstarted(
        final Path directory, final JournalBase base, final JournalOptions options)
    {
        final JournalLock lock = JournalLock.take(directory);
        try
        {
            if (!QueueFiles.segments(directory).isEmpty())
            {
                throw new JournalException("there is a journal in " + directory +
                    " already: name another directory, or move that journal away");
            }
            if (base.isTrimmed())
            {
                base.write(directory);
            }
            else
            {
                JournalBase.delete(directory);
            }
            final JournalWriter writer = new JournalWriter(directory, base, lock, options);
            writer.begin(base);
            return writer;
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
     * @throws JournalException when entries are damaged; nothing is changed then
     */
    public static JournalWriter open(
        final Path directory, final JournalOptions options, final Consumer<String> notices)
    {
        return openUnstarted(directory, options, notices).started();
    }

    /**
     * As {@link #open}, but writes nothing that is not there already until {@link #start}: whoever finds a reason not to go
     * on leaves nothing behind. To be started before the first entry is appended.
     */
    public static JournalWriter openUnstarted(
        final Path directory, final JournalOptions options, final Consumer<String> notices)
    {
        if (QueueFiles.segments(directory).isEmpty())
        {
            throw new JournalException("journal " + directory + ": there is no journal in this directory");
        }
        final JournalLock lock = JournalLock.take(directory);
        try (JournalScan scan = JournalScan.open(directory))
        {
            final Genesis genesis = readAll(scan);
            if (scan.tornTail() != null)
            {
                notices.accept(scan.tornTail() + " What was torn is cut off.");
            }
            seal(scan);
            QueueFiles.deleteEmptySegments(directory);
            JournalTrimmer.deleteLeftovers(directory, scan.base());
            final JournalWriter writer = new JournalWriter(directory, scan.base(), lock, options);
            writer.resume(scan, genesis);
            return writer;
        }
        catch (final RuntimeException e)
        {
            lock.close();
            throw e;
        }
    }

    private JournalWriter begun(final Genesis itsGenesis)
    {
        try
        {
            append(new EntryEncoder().genesis(itsGenesis));
            return this;
        }
        catch (final RuntimeException e)
        {
            close();
            throw e;
        }
    }

    private JournalWriter started()
    {
        try
        {
            start();
            return this;
        }
        catch (final RuntimeException e)
        {
            close();
            throw e;
        }
    }

    /**
     * Returns when every entry so far is in the journal; those that follow will be when their methods return. The first
     * call takes a tenth of a second and more, in which Chronicle starts. On any thread.
     *
     * @throws JournalFullException when the disk has no room for the first file
     * @throws JournalException     when it cannot be created, or Chronicle does not start: the writer appends nothing then
     */
    @Override
    public void start()
    {
        segment.start();
    }

    private static Genesis readAll(final JournalScan scan)
    {
        Genesis genesis = scan.base().genesis();
        while (scan.next())
        {
            if (scan.nextSequence() == 1)
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

    /** Ends each file behind its last whole entry, so that a reader who waits there looks for the next one. */
    private static void seal(final JournalScan scan)
    {
        final List<Path> files = scan.files();
        final int last = scan.endFileIndex();
        try
        {
            // Files after the one with the end hold no entry: a host that dies may leave such.
            for (int i = files.size() - 1; i > last; i--)
            {
                Files.delete(files.get(i));
            }
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + files.get(last) + ": a file behind it, which holds no entry, " +
                "cannot be deleted: " + e.getMessage(), e);
        }
        for (final JournalScan.End end : scan.lostEnds())
        {
            QueueFile.seal(end.file(), end.place());
        }
        if (last >= 0 && !scan.isEndSealed())
        {
            QueueFile.seal(files.get(last), scan.endPlace());
        }
    }

    private void resume(final JournalScan scan, final Genesis itsGenesis)
    {
        openedAfter = scan.nextSequence() - 1;
        head.resume(itsGenesis, openedAfter, scan.lastPosition(), scan.lastTimeNs(), scan.chainHigh(), scan.chainLow());
        tail.resume(openedAfter);
    }

    private void begin(final JournalBase from)
    {
        head.resume(from);
        tail.resume(head.lastSequence());
    }

    /**
     * Appends an event, which becomes the next entry: the encoder's entry has its sequence number and its hash then. The
     * end of a recording uses the reserve when the journal is full.
     *
     * @return its sequence number
     * @throws JournalException when it cannot follow the last entry; nothing is appended then
     */
    @Override
    public long append(final EntryEncoder event)
    {
        head.seal(event);
        write(event.entry(), event.buffer());
        return head.lastSequence();
    }

    /**
     * Appends an entry that another writer encoded.
     *
     * @throws JournalException when it does not follow the last entry; nothing is appended then
     */
    @Override
    public void append(final DirectBuffer source, final int offset, final int length)
    {
        write(head.accept(source, offset, length), head.received());
    }

    /** Writes the next entry, which a buffer holds from its start on. */
    private void write(final JournalEntry next, final UnsafeBuffer bytes)
    {
        if (failure != null || closed)
        {
            head.takeBack();
            throw new JournalException("journal " + directory + (closed ? " is closed" :
                " failed before and takes no more entries: open it again"), failure);
        }
        underWay.setRelease(head.lastSequence() + 1);
        try
        {
            final boolean isFirstOfFile =
                segment.prepare(PackedEntry.maxBytes(next.length()), next.type() == EventType.CLOSED);
            if (isFirstOfFile)
            {
                packer.restart();
            }
            final int packedLength = packer.pack(next.type(), bytes, next.length());
            final long place = segment.append(packedLength);
            if (place >= 0)
            {
                tail.add(head.lastSequence() + 1, packer.buffer(), packedLength, place, isFirstOfFile);
            }
        }
        catch (final JournalFullException e)
        {
            head.takeBack();
            throw e;
        }
        // Chronicle's own state is not known now; what is in the file is, and open() goes by that.
        catch (final RuntimeException e)
        {
            head.takeBack();
            failure = e;
            throw new JournalException("journal " + directory + ": entry " + (head.lastSequence() + 1) +
                " cannot be written: " + e + ". Every entry before is intact: check the disk, and open it again", e);
        }
        finally
        {
            underWay.setRelease(-1);
        }
        head.follow(next);
    }

    /**
     * A reader before the first entry, which takes what is appended from memory unless it is far behind. On any thread.
     */
    @Override
    public JournalReader reader()
    {
        return JournalReader.open(directory, tail.cursor());
    }

    /** Waits until the disk has every entry: those before this call survive the loss of power. */
    @Override
    public void sync()
    {
        segment.sync();
    }

    @Override
    public JournalBase base()
    {
        return base;
    }

    @Override
    public void removeBefore(final long sequence)
    {
        synchronized (trimming)
        {
            final JournalBase next = JournalTrimmer.baseBefore(directory, base, sequence);
            if (next != base)
            {
                next.write(directory);
                base = next;
                reserve.released(JournalTrimmer.deleteLeftovers(directory, next));
            }
        }
    }

    /** Number of the last entry; -1 without one. */
    @Override
    public long lastSequence()
    {
        return head.lastSequence();
    }

    /** Number of the entry that is being written, which a hung disk may keep it from; -1 without one. On any thread. */
    @Override
    public long underWay()
    {
        return underWay.getOpaque();
    }

    /** Position of the last entry. */
    @Override
    public long lastPosition()
    {
        return head.lastPosition();
    }

    /** Guest time of the last entry, in nanoseconds. */
    @Override
    public long lastTimeNs()
    {
        return head.lastTimeNs();
    }

    /** First 8 bytes of the hash chain at the last entry, as a big-endian number. */
    @Override
    public long chainHigh()
    {
        return head.chainHigh();
    }

    /** Next 8 bytes of the hash chain at the last entry, as a big-endian number. */
    @Override
    public long chainLow()
    {
        return head.chainLow();
    }

    /** The first entry; null while there is none. */
    @Override
    public Genesis genesis()
    {
        return head.genesis();
    }

    /** Disk that the journal takes, in bytes, with what is allocated in advance. */
    public long bytesOnDisk()
    {
        return reserve.takenBytes();
    }

    /**
     * Seals the last file and lets go of the journal; entries may be appended again after {@link #open}. Leaves it as it is
     * while another thread appends: that is a torn tail at worst.
     */
    @Override
    public void close()
    {
        if (closed)
        {
            return;
        }
        closed = true;
        if (underWay() >= 0)
        {
            // A disk that hangs holds another thread in the middle of an entry, under which the map must not go away.
            return;
        }
        try
        {
            if (head.lastSequence() > openedAfter || !segment.abandon())
            {
                segment.close();
            }
        }
        finally
        {
            lock.close();
        }
    }
}
