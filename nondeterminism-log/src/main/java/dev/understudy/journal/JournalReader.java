package dev.understudy.journal;

import java.io.Closeable;
import java.nio.file.Path;

import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Follows a journal while this or another process writes it, and checks the hash chain as it goes.
 * <p>
 * For a journal that nobody writes, {@link JournalScan} says more about damage. Owned by one thread at a time.
 */
public final class JournalReader implements Closeable
{
    private final Path directory;
    private final SingleChronicleQueue queue;
    private final ExcerptTailer tailer;
    private final HashChain chain = new HashChain();
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[EntryEncoder.MAX_BYTES]);
    private final JournalEntry entry = new JournalEntry();
    private long nextSequence;

    private JournalReader(final Path directory)
    {
        this.directory = directory;
        queue = QueueFiles.open(directory, JournalOptions.defaults());
        tailer = queue.createTailer();
        tailer.singleThreadedCheckDisabled(true);
        tailer.toStart();
    }

    /** Opens the journal in a directory, before its first entry. */
    public static JournalReader open(final Path directory)
    {
        if (QueueFiles.list(directory).isEmpty())
        {
            throw new JournalException("journal " + directory + ": there is no journal in this directory");
        }
        return new JournalReader(directory);
    }

    /**
     * Goes to the next entry.
     *
     * @return false when there is none yet
     * @throws JournalException when what is there does not follow the last entry
     */
    public boolean next()
    {
        try (DocumentContext document = tailer.readingDocument())
        {
            if (!document.isPresent() || !document.isData())
            {
                return false;
            }
            final Bytes<?> bytes = document.wire().bytes();
            final int length = (int)Math.min(bytes.readRemaining(), Integer.MAX_VALUE);
            if (length > buffer.capacity())
            {
                throw damaged("it has an impossible length of " + length + " bytes");
            }
            bytes.read(buffer.byteArray(), 0, length);
            accept(length);
            return true;
        }
    }

    private void accept(final int length)
    {
        final String problem = entry.tryWrap(buffer, 0, length);
        if (problem != null)
        {
            throw damaged(problem);
        }
        if (entry.sequence() != nextSequence)
        {
            throw damaged("entry " + entry.sequence() + " stands in its place");
        }
        if (!chain.accept(buffer, length))
        {
            throw damaged("it does not match its hash chain");
        }
        nextSequence++;
    }

    private JournalException damaged(final String problem)
    {
        return new JournalException("journal " + directory + ": entry " + nextSequence + ": " + problem +
            ". Find out more with  understudy verify " + directory);
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
     */
    public void seek(final long sequence)
    {
        tailer.toStart();
        chain.set(0, 0);
        nextSequence = 0;
        if (sequence == 0)
        {
            return;
        }
        // Numbers of entries and of Chronicle run alike within a file; a journal of one file is the usual case.
        if (tailer.moveToIndex(tailer.index() + sequence - 1) && trust() && nextSequence == sequence)
        {
            return;
        }
        tailer.toStart();
        chain.set(0, 0);
        nextSequence = 0;
        while (nextSequence < sequence)
        {
            if (!next())
            {
                throw new JournalException("journal " + directory + " has no entry " + (sequence - 1));
            }
        }
    }

    private boolean trust()
    {
        try (DocumentContext document = tailer.readingDocument())
        {
            if (!document.isPresent() || !document.isData())
            {
                return false;
            }
            final Bytes<?> bytes = document.wire().bytes();
            final int length = (int)Math.min(bytes.readRemaining(), buffer.capacity());
            bytes.read(buffer.byteArray(), 0, length);
            if (entry.tryWrap(buffer, 0, length) != null)
            {
                return false;
            }
            chain.set(entry.chainHigh(), entry.chainLow());
            nextSequence = entry.sequence() + 1;
            return true;
        }
    }

    @Override
    public void close()
    {
        tailer.close();
        queue.close();
    }
}
