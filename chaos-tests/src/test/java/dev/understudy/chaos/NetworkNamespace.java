package dev.understudy.chaos;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A network of its own, as another host has it: interfaces, addresses, ports. Made and entered as root alone.
 * <p>
 * A socket belongs to the network of the thread that makes it: {@link #call} has a thread that entered.
 */
final class NetworkNamespace implements AutoCloseable
{
    private static final int O_RDONLY = 0;
    private static final int CLONE_NEWNET = 0x4000_0000;

    private final String name;
    private final ExecutorService thread;

    NetworkNamespace(final String name) throws IOException, InterruptedException
    {
        this.name = name;
        final Commands.Result result = Commands.run("ip", "netns", "add", name);
        if (result.status() != 0)
        {
            Needs.missing("network namespaces are not possible here, which need root: " + result.output());
        }
        thread = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name(name).factory());
        run("ip", "link", "set", "lo", "up");
    }

    String name()
    {
        return name;
    }

    /** What comes before a command that is to run here. */
    String[] launcher()
    {
        return new String[]{"ip", "netns", "exec", name};
    }

    /** Runs a program here, and fails when it does. */
    String run(final String... command) throws IOException, InterruptedException
    {
        final String[] all = new String[launcher().length + command.length];
        System.arraycopy(launcher(), 0, all, 0, launcher().length);
        System.arraycopy(command, 0, all, launcher().length, command.length);
        return Commands.run(all).assertSuccess().output();
    }

    /** Does something on a thread of this network, one thing at a time. */
    <T> T call(final Callable<T> task) throws Exception
    {
        try
        {
            return thread.submit(() ->
            {
                enter();
                return task.call();
            }).get();
        }
        catch (final ExecutionException e)
        {
            throw e.getCause() instanceof final Exception cause ? cause : e;
        }
    }

    /** Has the calling thread live in this network from now on. */
    void enter()
    {
        try (Arena arena = Arena.ofConfined())
        {
            final Linker linker = Linker.nativeLinker();
            final MethodHandle open = linker.downcallHandle(linker.defaultLookup().findOrThrow("open"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
                Linker.Option.firstVariadicArg(2));
            final MethodHandle setns = linker.downcallHandle(linker.defaultLookup().findOrThrow("setns"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            final MethodHandle close = linker.downcallHandle(linker.defaultLookup().findOrThrow("close"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            final MemorySegment path = arena.allocateFrom(Path.of("/run/netns", name).toString());
            final int descriptor = (int)open.invokeExact(path, O_RDONLY);
            final int result = (int)setns.invokeExact(descriptor, CLONE_NEWNET);
            final int ignored = (int)close.invokeExact(descriptor);
            if (descriptor < 0 || result != 0)
            {
                throw new IllegalStateException("the network namespace " + name + " cannot be entered");
            }
        }
        catch (final RuntimeException e)
        {
            throw e;
        }
        catch (final Throwable e)
        {
            throw new AssertionError("a system call returns and never throws", e);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException
    {
        thread.shutdownNow();
        Commands.run("ip", "netns", "del", name);
    }
}
