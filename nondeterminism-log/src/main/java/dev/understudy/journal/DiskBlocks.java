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

/**
 * Asks the operating system for the blocks of files: to allocate them, to count them, to write them to the disk, to
 * take them out of the memory of this process.
 * <p>
 * Linux on 64 bits, by its C library. Thread-safe.
 */
final class DiskBlocks
{
    /** What {@link #allocate} returns for a full disk. */
    static final int ENOSPC = 28;

    private static final int OPEN_READ_CLOEXEC = 0x80000;
    private static final int OPEN_READ_WRITE_CLOEXEC = 2 | OPEN_READ_CLOEXEC;

    /** struct stat is 144 bytes at most, st_blocks at 64, on x86-64 as on aarch64. */
    private static final int STAT_BYTES = 256;
    private static final int STAT_BLOCKS_OFFSET = 64;
    private static final int STAT_BLOCK_BYTES = 512;

    private static final int MADV_DONTNEED = 4;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle OPEN = function("open",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
        Linker.Option.firstVariadicArg(2));
    private static final MethodHandle POSIX_FALLOCATE = function("posix_fallocate",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
    private static final MethodHandle CLOSE = function("close",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle FSYNC = function("fsync",
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    /** On its own, as each call that a recording does not begin with would make it begin some milliseconds later. */
    private static final class Stat
    {
        private static final MethodHandle STAT = function("stat",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    }

    /** On its own, as {@link Stat}. */
    private static final class Madvise
    {
        private static final MethodHandle MADVISE = function("madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    }

    private DiskBlocks()
    {
    }

    /**
     * Allocates the blocks of a part of a file, which becomes longer when it has to.
     *
     * @return 0, or the number of the error
     */
    static int allocate(final Path path, final long offset, final long length)
    {
        try (Arena arena = Arena.ofConfined())
        {
            final int descriptor =
                (int)OPEN.invokeExact(arena.allocateFrom(path.toString()), OPEN_READ_WRITE_CLOEXEC);
            if (descriptor < 0)
            {
                throw new JournalException(path + " cannot be opened for writing: check its owner and its permissions");
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
            throw new JournalException(path + ": posix_fallocate cannot be called", e);
        }
    }

    /** Disk that a file takes, in bytes; 0 when it is gone. */
    static long allocatedBytes(final Path path)
    {
        try (Arena arena = Arena.ofConfined())
        {
            final MemorySegment stat = arena.allocate(STAT_BYTES);
            final int error = (int)Stat.STAT.invokeExact(arena.allocateFrom(path.toString()), stat);
            return error != 0 ? 0 : stat.get(ValueLayout.JAVA_LONG, STAT_BLOCKS_OFFSET) * STAT_BLOCK_BYTES;
        }
        catch (final Throwable e)
        {
            throw new JournalException(path + ": stat cannot be called", e);
        }
    }

    /** Bytes of the disk that this process may still take. */
    static long freeBytes(final Path directory)
    {
        try
        {
            return Files.getFileStore(directory).getUsableSpace();
        }
        catch (final IOException e)
        {
            throw new JournalException(directory + ": its disk cannot be asked for its free space: " + e.getMessage(), e);
        }
    }

    /**
     * Waits until the disk has all of a file, what was stored through maps included, or the names in a directory. Not by
     * a FileChannel, which an interrupt of the thread would close.
     */
    static void sync(final Path path)
    {
        final int error;
        try (Arena arena = Arena.ofConfined())
        {
            final int descriptor = (int)OPEN.invokeExact(arena.allocateFrom(path.toString()), OPEN_READ_CLOEXEC);
            if (descriptor < 0)
            {
                throw new JournalException(path + " cannot be opened: check its owner and its permissions");
            }
            error = (int)FSYNC.invokeExact(descriptor);
            final int ignored = (int)CLOSE.invokeExact(descriptor);
        }
        catch (final JournalException e)
        {
            throw e;
        }
        catch (final Throwable e)
        {
            throw new JournalException(path + ": fsync cannot be called", e);
        }
        if (error != 0)
        {
            throw new JournalException(path + " cannot be written to the disk. What was appended since the last sync " +
                "may be lost with the power: check the disk");
        }
    }

    /**
     * Takes a part of a shared map of a file out of this process's memory. The system has its content, also what was
     * stored through the map, and gives it back when it is touched.
     *
     * @param address of the map, or of a page within it
     * @param length  in bytes; the last page goes as a whole
     */
    static void release(final long address, final long length)
    {
        try
        {
            // Advice: without it the process only has more memory.
            final int ignored = (int)Madvise.MADVISE.invokeExact(address, length, MADV_DONTNEED);
        }
        catch (final Throwable e)
        {
            throw new JournalException("madvise cannot be called", e);
        }
    }

    private static MethodHandle function(
        final String name, final FunctionDescriptor descriptor, final Linker.Option... options)
    {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
    }
}
