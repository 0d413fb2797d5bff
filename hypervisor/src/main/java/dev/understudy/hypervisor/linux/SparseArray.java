package dev.understudy.hypervisor.linux;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * Makes large arrays that take memory of the host where they were written, and nowhere else.
 * <p>
 * The JVM writes zeros into a new array, and so takes all of its memory. Here the system gets the pages back, and gives
 * pages of zeros when they are looked at. That is as good for an array that a collector moves in the meantime: what is
 * released is inside the array, wherever that is, and if its place does not fit, nothing is. A collector may have mapped a
 * part of the heap from an archive of classes, whose pages come back as they are in the file: so it is looked. Any thread.
 */
public final class SparseArray
{
    /** A multiple of every size of pages, which are 4, 16 or 64 KiB. */
    private static final int PAGES_BYTES = 64 << 10;

    private static final int MADV_DONTNEED = 4;

    private static final Linker LINKER = Linker.nativeLinker();

    /** Of all functions that return where their argument lies, one that does nothing else to no bytes. */
    private static final MethodHandle MEMSET = handle("memset", FunctionDescriptor.of(
        ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    private static final MethodHandle MADVISE = handle("madvise", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

    private SparseArray()
    {
    }

    private static MethodHandle handle(final String name, final FunctionDescriptor descriptor)
    {
        // The array stays where it is during a call.
        return LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow(name), descriptor, Linker.Option.critical(true));
    }

    /** An array of zeros. */
    public static byte[] allocate(final int bytes)
    {
        final byte[] array = new byte[bytes];
        final MemorySegment all = MemorySegment.ofArray(array);
        try
        {
            final long address = ((MemorySegment)MEMSET.invokeExact(all, 0, 0L)).address();
            final long first = -address & PAGES_BYTES - 1;
            final long length = bytes - first & -PAGES_BYTES;
            if (length > 0)
            {
                // Advice: without it the array only takes more memory.
                final int ignored = (int)MADVISE.invokeExact(all.asSlice(first), length, MADV_DONTNEED);
            }
        }
        catch (final Throwable e)
        {
            throw new AssertionError("a system call returns and never throws", e);
        }
        clear(array);
        return array;
    }

    /** Writes zeros where there are none; what is zero is only looked at. */
    private static void clear(final byte[] array)
    {
        final byte[] zeros = new byte[PAGES_BYTES];
        for (int from = 0; from < array.length; from += PAGES_BYTES)
        {
            final int to = Math.min(array.length - from, PAGES_BYTES) + from;
            if (!Arrays.equals(array, from, to, zeros, 0, to - from))
            {
                Arrays.fill(array, from, to, (byte)0);
            }
        }
    }
}
