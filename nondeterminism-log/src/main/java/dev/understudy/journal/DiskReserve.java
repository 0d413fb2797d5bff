package dev.understudy.journal;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Keeps disk blocks allocated ahead of the place where entries are written, within the bound of the journal.
 * <p>
 * Chronicle maps sparse files, and a store into a hole of a full disk is a SIGBUS, which ends the process in the middle
 * of whatever it did. So the blocks are allocated first, and a full disk is an error before anything is written. Holds
 * on tmpfs, ext4 and xfs; a file system that copies on write (btrfs, zfs) may break the promise of an allocation.
 * Owned by the writer's thread.
 */
final class DiskReserve
{
    /** Allocated at once: ten thousand entries of the usual length, well under a millisecond on ext4. */
    static final long STEP_BYTES = 1 << 20;

    /** Steps become smaller down to this when the disk or the bound is nearly reached. */
    private static final long MIN_STEP_BYTES = 16 * 1024;

    /** An alarm comes when this share of the bound, or of the disk, is taken. */
    private static final double ALARM_SHARE = 0.8;

    /** A disk with this much left is no cause for alarm, however small a share it is. */
    private static final long COMFORTABLE_FREE_BYTES = 1L << 30;

    private final Path directory;
    private final long maxBytes;
    private final Consumer<String> alarm;
    private long takenBytes;
    private boolean alarmed;

    /** What was given back by other threads and not subtracted yet. */
    private final AtomicLong releasedBytes = new AtomicLong();

    DiskReserve(final Path directory, final JournalOptions options)
    {
        this.directory = directory;
        maxBytes = options.maxBytes();
        alarm = options.alarm();
        takenBytes = QueueFiles.diskBytes(directory);
    }

    /** Disk that the journal takes, in bytes. */
    long takenBytes()
    {
        takeReleased();
        return takenBytes;
    }

    private void takeReleased()
    {
        final long released = releasedBytes.getAndSet(0);
        if (released > 0)
        {
            takenBytes -= released;
            alarmed = false;
        }
    }

    /** So many bytes were given back. On any thread. */
    void released(final long bytes)
    {
        releasedBytes.addAndGet(bytes);
    }

    /**
     * Allocates the next blocks of a file: a step more than what is needed, or as much less of that as there is room for.
     *
     * @param from   up to where blocks are allocated
     * @param needed up to where they must be
     * @param useful beyond this the file will hold nothing
     * @return up to where blocks are allocated now
     * @throws JournalFullException when the disk or the bound has no room; nothing is allocated then
     */
    long extend(final Path file, final long from, final long needed, final long useful)
    {
        int error = 0;
        takeReleased();
        for (long step = STEP_BYTES; step >= MIN_STEP_BYTES; step /= 2)
        {
            final long end = Math.max(needed, Math.min(useful, needed + step - 1 & -step));
            if (takenBytes + end - from > maxBytes)
            {
                continue;
            }
            error = DiskBlocks.allocate(file, from, end - from);
            if (error == 0)
            {
                takenBytes += end - from;
                warn();
                return end;
            }
            if (error != DiskBlocks.ENOSPC)
            {
                break;
            }
        }
        throw full(file, needed - from, error);
    }

    private JournalFullException full(final Path file, final long needed, final int error)
    {
        final long free = DiskBlocks.freeBytes(directory);
        if (error == 0)
        {
            return new JournalFullException(String.format(Locale.ROOT,
                "journal %s has reached its bound: it takes %,d of %,d bytes, and needs " +
                "%,d more. Every entry so far is intact. Raise the bound, or put the journal aside and start afresh",
                directory, takenBytes, maxBytes, needed));
        }
        return new JournalFullException(String.format(Locale.ROOT,
            "journal %s: the disk has no room for another %,d bytes (%s; %,d bytes are " +
            "free). Every entry so far is intact. Free some space and start again",
            file, needed, error == DiskBlocks.ENOSPC ? "it is full" : "error " + error, free));
    }

    private void warn()
    {
        if (alarmed)
        {
            return;
        }
        final long free = DiskBlocks.freeBytes(directory);
        if (takenBytes > maxBytes * ALARM_SHARE)
        {
            alarmed = true;
            alarm.accept(String.format(Locale.ROOT,
                "journal %s takes %,d of the %,d bytes that it may take: raise the bound, or plan its end",
                directory, takenBytes, maxBytes));
        }
        else if (free < COMFORTABLE_FREE_BYTES && free < (takenBytes + free) * (1 - ALARM_SHARE))
        {
            alarmed = true;
            alarm.accept(String.format(Locale.ROOT,
                "journal %s takes %,d bytes and only %,d bytes of the disk are free: free some",
                directory, takenBytes, free));
        }
    }
}
