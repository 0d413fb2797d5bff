package dev.understudy.hypervisor.linux;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How long a thread has run, and how long it has waited for a processor, by the account of Linux's scheduler
 * ({@code /proc/PID/task/TID/schedstat}). For one thread, which may be another one.
 */
public final class ProcessorTime implements Closeable
{
    private static final Path THREAD = Path.of("/proc/thread-self");
    private static final int MAX_BYTES = 64;

    private final int thread;
    private final FileChannel account;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(MAX_BYTES);
    private long ranNs;
    private long waitedNs;

    private ProcessorTime(final int thread, final FileChannel account)
    {
        this.thread = thread;
        this.account = account;
    }

    /** That of the calling thread, as it is now. */
    public static ProcessorTime ofThisThread() throws IOException
    {
        final int thread = Integer.parseInt(Files.readSymbolicLink(THREAD).getFileName().toString());
        final ProcessorTime time = new ProcessorTime(thread, FileChannel.open(THREAD.resolve("schedstat")));
        try
        {
            time.read();
        }
        catch (final IOException e)
        {
            time.close();
            throw e;
        }
        return time;
    }

    /** The number that the system knows the thread by. */
    public int thread()
    {
        return thread;
    }

    /** Reads the account; throws when the thread has ended. */
    public void read() throws IOException
    {
        buffer.clear();
        final int length = account.read(buffer, 0);
        final byte[] bytes = new byte[Math.max(0, length)];
        buffer.get(0, bytes);
        final String[] numbers = new String(bytes, StandardCharsets.US_ASCII).split("\\s+");
        if (numbers.length < 2)
        {
            throw new IOException("no account of thread " + thread);
        }
        ranNs = Long.parseLong(numbers[0]);
        waitedNs = Long.parseLong(numbers[1]);
    }

    /** Time on a processor until it was last read. */
    public long ranNs()
    {
        return ranNs;
    }

    /** Time without a processor while it could have run, until it was last read. */
    public long waitedNs()
    {
        return waitedNs;
    }

    @Override
    public void close() throws IOException
    {
        account.close();
    }
}
