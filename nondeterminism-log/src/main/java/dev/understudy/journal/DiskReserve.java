package dev.understudy.journal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * Keeps disk blocks allocated ahead of the place where entries are written.
 * <p>
 * Chronicle maps sparse files, and a store into a hole of a full disk is a SIGBUS, which ends the process in the middle
 * of whatever it did. So the blocks are allocated first, by posix_fallocate, and a full disk is an error before it
 * is written to. Owned by the writer's thread.
 */
final class DiskReserve
{
    /** Allocated at once: 10,000 entries of the usual length, 5 ms on a slow disk. */
    static final long STEP_BYTES = 1 << 20;

    /** Kept allocated ahead, so that the closing entry always finds room. */
    private static final long AHEAD_BYTES = 512 * 1024;

    private static final int OPEN_READ_WRITE = 2;
    private static final int ENOSPC = 28;
    private static final double ALARM_SHARE = 0.8;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle OPEN = function("open",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
        Linker.Option.firstVariadicArg(2));
    private static final MethodHandle POSIX_FALLOCATE = function("posix_fallocate",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle CLOSE = function("close",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private final Path directory;
    private final long maxBytes;
    private final Consumer<String> alarm;
    private Path file;
    private long reservedEnd;
    private long otherFilesBytes;
    private boolean alarmed;

    DiskReserve(final Path directory, final JournalOptions options)
    {
        this.directory = directory;
        maxBytes = options.maxBytes();
        alarm = options.alarm();
    }

    /** Whether an entry that is written from a place on may leave the allocated blocks. */
    boolean isShort(final long writePosition)
    {
        return writePosition + AHEAD_BYTES > reservedEnd;
    }

    /**
     * Allocates further blocks of the file that is written now.
     *
     * @throws JournalFullException when there are none, or the journal's bound is reached
     */
    void extend(final Path currentFile, final long writePosition)
    {
        if (!currentFile.equals(file))
        {
            file = currentFile;
            reservedEnd = 0;
            otherFilesBytes = 0;
            for (final Path other : QueueFiles.list(directory))
            {
                otherFilesBytes += other.equals(currentFile) ? 0 : other.toFile().length();
            }
        }
        final long end = writePosition + AHEAD_BYTES + STEP_BYTES;
        final long total = otherFilesBytes + end;
        if (total > maxBytes)
        {
            throw new JournalFullException(("journal %s has reached its bound of %,d bytes: raise journal.maxBytes, or " +
                "put the journal aside and start afresh").formatted(directory, maxBytes));
        }
        final int error = allocate(file, reservedEnd, end - reservedEnd);
        if (error != 0)
        {
            throw new JournalFullException(("journal %s: no disk space for another %,d bytes (%s; %,d bytes are free): " +
                "free some and start again; every entry so far is there").formatted(
                directory, STEP_BYTES, error == ENOSPC ? "the disk is full" : "error " + error, freeBytes()));
        }
        reservedEnd = end;
        warn(total);
    }

    private void warn(final long total)
    {
        if (alarmed)
        {
            return;
        }
        final long free = freeBytes();
        if (total > maxBytes * ALARM_SHARE)
        {
            alarmed = true;
            alarm.accept("journal %s takes %,d of the %,d bytes that it may take".formatted(directory, total, maxBytes));
        }
        else if (free < (total + free) * (1 - ALARM_SHARE) && free < 16 * STEP_BYTES)
        {
            alarmed = true;
            alarm.accept("journal %s: only %,d bytes of the disk are free".formatted(directory, free));
        }
    }

    private long freeBytes()
    {
        try
        {
            return Files.getFileStore(directory).getUsableSpace();
        }
        catch (final IOException e)
        {
            return 0;
        }
    }

    private static int allocate(final Path path, final long offset, final long length)
    {
        try (Arena arena = Arena.ofConfined())
        {
            final MemorySegment name = arena.allocateFrom(path.toString());
            final int descriptor = (int)OPEN.invokeExact(name, OPEN_READ_WRITE);
            if (descriptor < 0)
            {
                throw new JournalException("journal " + path + " cannot be opened for writing");
            }
            final int error = (int)POSIX_FALLOCATE.invokeExact(descriptor, offset, length);
            final int ignored = (int)CLOSE.invokeExact(descriptor);
            return error;
        }
        catch (final JournalException e)
        {
            throw e;
        }
        catch (final Throwable e)
        {
            throw new JournalException("journal " + path + ": posix_fallocate cannot be called", e);
        }
    }

    private static MethodHandle function(
        final String name, final FunctionDescriptor descriptor, final Linker.Option... options)
    {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
    }
}
