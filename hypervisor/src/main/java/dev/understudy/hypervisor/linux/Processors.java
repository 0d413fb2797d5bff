package dev.understudy.hypervisor.linux;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The processors of this machine, by their numbers, and those that a thread may run on. Any thread. */
public final class Processors
{
    private static final Path ONLINE = Path.of("/sys/devices/system/cpu/online");
    private static final Path PROCESS_STATUS = Path.of("/proc/self/status");
    private static final Path STATUS = Path.of("/proc/thread-self/status");
    private static final Pattern ALLOWED = Pattern.compile("(?m)^Cpus_allowed_list:\\s*(\\S+)$");
    private static final Pattern RANGE = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

    private static final MethodHandle SCHED_SETAFFINITY = Linker.nativeLinker().downcallHandle(
        Linker.nativeLinker().defaultLookup().findOrThrow("sched_setaffinity"),
        FunctionDescriptor.of(
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
        Linker.Option.critical(true));

    private Processors()
    {
    }

    /** Those that run. */
    public static BitSet online() throws IOException
    {
        return parse(Files.readString(ONLINE).strip());
    }

    /** Those that the calling thread may run on, whether they run or not. */
    public static BitSet allowed() throws IOException
    {
        return allowed(STATUS);
    }

    /** Those that the thread with this {@code status} file, of {@code /proc}, may run on. */
    public static BitSet allowed(final Path status) throws IOException
    {
        final Matcher line = ALLOWED.matcher(Files.readString(status));
        return line.find() ? parse(line.group(1)) : new BitSet();
    }

    /**
     * Lets the calling thread, and those that it starts from now on, run on these alone.
     *
     * @return whether the system does so; not without one that runs and that the process may have
     */
    public static boolean bind(final BitSet processors)
    {
        return bind(0, processors);
    }

    /**
     * Lets a thread run on these alone.
     *
     * @param thread the number that the system knows it by; 0 for the calling one
     * @return whether the system does so; not without one that runs and that the process may have
     */
    public static boolean bind(final int thread, final BitSet processors)
    {
        final long[] mask = processors.toLongArray();
        try
        {
            return (int)SCHED_SETAFFINITY.invokeExact(
                thread, (long)mask.length * Long.BYTES, MemorySegment.ofArray(mask)) == 0;
        }
        catch (final Throwable e)
        {
            throw new AssertionError("a system call returns and never throws", e);
        }
    }

    /** Lets the calling thread run where the process may, and not only where the thread that started it does. */
    public static void unbind()
    {
        try
        {
            bind(allowed(PROCESS_STATUS));
        }
        catch (final IOException e)
        {
            // No Linux with /proc: nothing was bound.
        }
    }

    /**
     * Reads a list as {@code taskset} and Linux write it, such as 0-3,6.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static BitSet parse(final String list)
    {
        final BitSet processors = new BitSet();
        for (final String text : list.split(",", -1))
        {
            final Matcher range = RANGE.matcher(text);
            if (!range.matches())
            {
                throw new IllegalArgumentException(list + " is no list of processors");
            }
            final int first = Integer.parseInt(range.group(1));
            final int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            if (last < first)
            {
                throw new IllegalArgumentException(list + " has a range that ends before it begins");
            }
            processors.set(first, last + 1);
        }
        return processors;
    }
}
