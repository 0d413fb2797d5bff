package dev.understudy.hypervisor.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The system calls that the JDK does not offer, by the foreign function interface of the JDK.
 * <p>
 * Each returns what the C library does, -1 for a failure whose reason {@link #errno} says. Not thread-safe: a thread has
 * its own. Constants are those of Linux on x86-64, arm64 and riscv64.
 */
public final class LinuxCalls
{
    public static final int O_RDWR = 2;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_CLOEXEC = 0x8_0000;

    public static final int POLLIN = 1;
    public static final int POLLERR = 8;
    public static final int POLLHUP = 16;

    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int EAGAIN = 11;
    public static final int EACCES = 13;
    public static final int EBUSY = 16;
    public static final int ENODEV = 19;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final VarHandle ERRNO_FIELD =
        Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle OPEN = handle("open", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL_POINTER = handle("ioctl", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.ADDRESS),
        Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IOCTL_NUMBER = handle("ioctl", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
        Linker.Option.firstVariadicArg(2));
    private static final MethodHandle READ = handle("read", FunctionDescriptor.of(
        ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    private static final MethodHandle WRITE = handle("write", FunctionDescriptor.of(
        ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    private static final MethodHandle POLL = handle("poll", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final MethodHandle EVENTFD = handle("eventfd", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
    private static final MethodHandle IF_NAMETOINDEX = handle("if_nametoindex", FunctionDescriptor.of(
        ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

    private final MemorySegment state;

    /** @param arena lives as long as this is used */
    public LinuxCalls(final Arena arena)
    {
        state = arena.allocate(Linker.Option.captureStateLayout());
    }

    private static MethodHandle handle(
        final String name, final FunctionDescriptor descriptor, final Linker.Option... options)
    {
        final Linker.Option[] all = new Linker.Option[options.length + 1];
        System.arraycopy(options, 0, all, 0, options.length);
        all[options.length] = ERRNO;
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, all);
    }

    /** Why the last call failed. */
    public int errno()
    {
        return (int)ERRNO_FIELD.get(state, 0L);
    }

    public int open(final MemorySegment path, final int flags)
    {
        try
        {
            return (int)OPEN.invokeExact(state, path, flags);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public int ioctl(final int descriptor, final long request, final MemorySegment argument)
    {
        try
        {
            return (int)IOCTL_POINTER.invokeExact(state, descriptor, request, argument);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public int ioctl(final int descriptor, final long request, final long argument)
    {
        try
        {
            return (int)IOCTL_NUMBER.invokeExact(state, descriptor, request, argument);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public long read(final int descriptor, final MemorySegment to, final long bytes)
    {
        try
        {
            return (long)READ.invokeExact(state, descriptor, to, bytes);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public long write(final int descriptor, final MemorySegment from, final long bytes)
    {
        try
        {
            return (long)WRITE.invokeExact(state, descriptor, from, bytes);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public int poll(final MemorySegment descriptors, final long count, final int timeoutMs)
    {
        try
        {
            return (int)POLL.invokeExact(state, descriptors, count, timeoutMs);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public int eventfd(final int value, final int flags)
    {
        try
        {
            return (int)EVENTFD.invokeExact(state, value, flags);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public int close(final int descriptor)
    {
        try
        {
            return (int)CLOSE.invokeExact(state, descriptor);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    public int ifNameToIndex(final MemorySegment name)
    {
        try
        {
            return (int)IF_NAMETOINDEX.invokeExact(state, name);
        }
        catch (final Throwable e)
        {
            throw unexpected(e);
        }
    }

    private static AssertionError unexpected(final Throwable e)
    {
        return new AssertionError("a system call returns and never throws", e);
    }
}
