package dev.understudy.journal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * Has the disk take a journal at intervals, so that the loss of power costs no more than the last one of them.
 * <p>
 * Works beside the writer and never makes it wait: has a thread of its own, on which a slow disk is waited for. It
 * follows the journal through rolls and through its replacement by another one in the same directory.
 */
public final class JournalSyncer implements AutoCloseable
{
    private static final long END_TIMEOUT_MS = 5_000;

    private final Path directory;
    private final long intervalNs;
    private final Consumer<String> onFailure;
    private final Thread thread;
    private volatile boolean closed;
    private volatile long syncs;
    private volatile boolean isSyncing;
    private Path lastFile;

    /**
     * Starts to sync.
     *
     * @param directory  of the journal; it need not be there yet
     * @param intervalMs between the end of a sync and the next one, in milliseconds, at least 1
     * @param onFailure  told once, on the syncer's thread, when the disk does not take the journal; that is the end of
     *                   syncing
     */
    public JournalSyncer(final Path directory, final int intervalMs, final Consumer<String> onFailure)
    {
        this.directory = directory;
        this.onFailure = onFailure;
        intervalNs = TimeUnit.MILLISECONDS.toNanos(intervalMs);
        thread = Thread.ofPlatform().daemon().name("journal-sync").start(this::run);
    }

    /** Number of syncs that were completed. Callable from any thread. */
    public long syncs()
    {
        return syncs;
    }

    /** Number of the sync that is under way, which a hung disk may keep from its end; -1 without one. On any thread. */
    public long underWay()
    {
        return isSyncing ? syncs : -1;
    }

    private void run()
    {
        try
        {
            while (!closed)
            {
                LockSupport.parkNanos(this, intervalNs);
                isSyncing = true;
                sync();
                isSyncing = false;
            }
        }
        catch (final JournalException e)
        {
            onFailure.accept(e.getMessage());
        }
    }

    private void sync()
    {
        final List<Path> files = QueueFiles.list(directory);
        if (files.isEmpty())
        {
            return;
        }
        // Those before it were synced when they were the last one, and once more after that.
        final int from = Math.max(0, files.indexOf(lastFile));
        try
        {
            for (final Path file : files.subList(from, files.size()))
            {
                DiskBlocks.sync(file);
                DiskBlocks.sync(file.getParent());
            }
            DiskBlocks.sync(directory);
        }
        catch (final JournalException e)
        {
            if (Files.exists(files.getLast()))
            {
                throw e;
            }
            // The journal was put aside meanwhile.
            return;
        }
        lastFile = files.getLast();
        syncs = syncs + 1;
    }

    @Override
    public void close()
    {
        closed = true;
        LockSupport.unpark(thread);
        try
        {
            thread.join(END_TIMEOUT_MS);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }
}
