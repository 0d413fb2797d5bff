package dev.understudy.hypervisor.standalone;

import dev.understudy.hypervisor.linux.LinuxCalls;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.function.Consumer;

/**
 * The terminal that this process was started on, or what its standard streams are redirected to: a guest's console.
 * <p>
 * Source of the requests and the structure: ioctl_tty(2).
 */
public final class Terminal
{
    /** {@code struct winsize}: rows, columns, and two fields that nobody fills in, 16 bits each. */
    private static final int SIZE_BYTES = 8;
    private static final long TIOCGWINSZ = 0x5413;
    private static final int STANDARD_OUTPUT = 1;

    /** In characters, each from 1 to 65535. */
    public record Size(int columns, int rows)
    {
    }

    private final InputStream input;
    private final OutputStream output;

    public Terminal()
    {
        this(System.in, new FileOutputStream(FileDescriptor.out));
    }

    /** With other streams than those of this process. */
    public Terminal(final InputStream input, final OutputStream output)
    {
        this.input = input;
        this.output = output;
    }

    /** What is typed. */
    public InputStream input()
    {
        return input;
    }

    /** Takes what is to be shown. */
    public OutputStream output()
    {
        return output;
    }

    /** The size now; null when standard output is no terminal, or one without a size. */
    public Size size()
    {
        try (Arena arena = Arena.ofConfined())
        {
            final MemorySegment size = arena.allocate(SIZE_BYTES);
            if (new LinuxCalls(arena).ioctl(STANDARD_OUTPUT, TIOCGWINSZ, size) != 0)
            {
                return null;
            }
            final int rows = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, 0));
            final int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, Short.BYTES));
            return rows == 0 || columns == 0 ? null : new Size(columns, rows);
        }
    }

    /** Has {@code listener} told of each new size, on a thread of the JVM. */
    public void onResize(final Consumer<Size> listener)
    {
        final Runnable task = () ->
        {
            final Size size = size();
            if (size != null)
            {
                listener.accept(size);
            }
        };
        try
        {
            onWindowChange(task);
        }
        catch (final ReflectiveOperationException e)
        {
            // A JVM without signals: the size stays what it was at the start.
        }
    }

    /**
     * SIGWINCH. By reflection: the JDK's only interface to signals is in no module that javac lets one use without a
     * warning.
     */
    private static void onWindowChange(final Runnable task) throws ReflectiveOperationException
    {
        final Class<?> signal = Class.forName("sun.misc.Signal");
        final Class<?> handler = Class.forName("sun.misc.SignalHandler");
        final Object proxy = Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[]{handler}, (self, method, it) ->
        {
            task.run();
            return null;
        });
        signal.getMethod("handle", signal, handler)
            .invoke(null, signal.getConstructor(String.class).newInstance("WINCH"), proxy);
    }
}
