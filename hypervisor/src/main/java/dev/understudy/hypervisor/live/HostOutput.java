package dev.understudy.hypervisor.live;

import dev.understudy.node.Doorbell;
import java.io.IOException;
import java.io.OutputStream;
import org.agrona.DirectBuffer;

/**
 * A stream of this process, such as standard output, for threads that must not wait for who reads it.
 * <p>
 * A thread of its own writes to the stream, and what the stream has not taken waits in a ring. What finds no room there is
 * lost, and so is what the stream refuses, its reader being gone for example; both are counted, and the next write is tried
 * all the same. Any thread may write here: it waits for nobody but others that copy bytes.
 */
public final class HostOutput extends OutputStream
{
    /** What the reader of a guest's console may be behind: all that Linux prints at its boot, ten times over. */
    public static final int CONSOLE_BYTES = 1 << 20;

    /** Handed to the stream in one call: what a pipe of Linux holds. */
    private static final int PIECE_BYTES = 64 * 1024;

    private final OutputStream stream;
    private final Doorbell progress;
    private final Object lock = new Object();

    // Guarded by the lock.
    private final byte[] ring;
    private int head;
    private int count;
    private boolean closed;

    private volatile long lostBytes;
    private volatile String failure;
    private volatile boolean isFull;
    private volatile HostOutput earlier;
    private volatile long earlierMs;

    /**
     * @param stream   is not closed
     * @param capacity bytes that may wait
     * @param name     of the thread that writes to it
     * @param progress rung when bytes were written or lost there
     */
    public HostOutput(final OutputStream stream, final int capacity, final String name, final Doorbell progress)
    {
        ring = new byte[capacity];
        this.stream = stream;
        this.progress = progress;
        Thread.ofPlatform().daemon().name(name).start(this::drain);
    }

    /**
     * Has what is written here come after what was written to another output before: on a terminal that shows both, a
     * message does not end up in the middle of a guest's line.
     *
     * @param timeoutMs the longest that it waits for the other's reader
     */
    public void comesAfter(final HostOutput other, final long timeoutMs)
    {
        earlierMs = timeoutMs;
        earlier = other;
    }

    @Override
    public void write(final int value)
    {
        write(new byte[] {(byte)value}, 0, 1);
    }

    /** Takes all of it, or loses all of it. */
    @Override
    public void write(final byte[] source, final int offset, final int length)
    {
        synchronized (lock)
        {
            if (hasRoomFor(length))
            {
                final int tail = (head + count) % ring.length;
                final int first = Math.min(length, ring.length - tail);
                System.arraycopy(source, offset, ring, tail, first);
                System.arraycopy(source, offset + first, ring, 0, length - first);
                added(length);
            }
        }
    }

    /** Takes all of it, or loses all of it. */
    public void write(final DirectBuffer source, final int offset, final int length)
    {
        synchronized (lock)
        {
            if (hasRoomFor(length))
            {
                final int tail = (head + count) % ring.length;
                final int first = Math.min(length, ring.length - tail);
                source.getBytes(offset, ring, tail, first);
                source.getBytes(offset + first, ring, 0, length - first);
                added(length);
            }
        }
    }

    private boolean hasRoomFor(final int length)
    {
        if (closed || length > ring.length - count)
        {
            lostBytes = lostBytes + length;
            return false;
        }
        return true;
    }

    private void added(final int length)
    {
        count += length;
        isFull = count > ring.length / 2;
        lock.notifyAll();
    }

    /** Whether no more than half is taken: who asks before each output of a guest loses none to a slow reader. */
    public boolean hasRoom()
    {
        return !isFull;
    }

    /** Number of bytes that were lost so far. */
    public long lostBytes()
    {
        return lostBytes;
    }

    /** Why the stream refused what it was given last, or null. */
    public String failure()
    {
        return failure;
    }

    /** Whether the stream has all that was written here and not lost. */
    public boolean isDrained()
    {
        synchronized (lock)
        {
            return count == 0;
        }
    }

    /** Waits until the stream has everything, for so long at most; returns whether it has. */
    public boolean awaitDrained(final long timeoutMs)
    {
        final long endNs = System.nanoTime() + timeoutMs * 1_000_000;
        synchronized (lock)
        {
            try
            {
                for (long leftNs = endNs - System.nanoTime(); count > 0 && leftNs > 0; leftNs = endNs - System.nanoTime())
                {
                    lock.wait(leftNs / 1_000_000 + 1);
                }
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
            return count == 0;
        }
    }

    /** Takes nothing more; what waits is still written. */
    @Override
    public void close()
    {
        synchronized (lock)
        {
            closed = true;
            lock.notifyAll();
        }
    }

    private void drain()
    {
        final byte[] piece = new byte[PIECE_BYTES];
        for (int length = take(piece); length > 0; length = take(piece))
        {
            boolean isWritten = false;
            final HostOutput first = earlier;
            if (first != null)
            {
                first.awaitDrained(earlierMs);
            }
            try
            {
                stream.write(piece, 0, length);
                stream.flush();
                failure = null;
                isWritten = true;
            }
            catch (final IOException e)
            {
                failure = e.getMessage() == null ? e.toString() : e.getMessage();
            }
            done(length, isWritten);
            progress.ring();
        }
    }

    /** Copies what is next, which stays in the ring until it is written; 0 when no more will come. */
    private int take(final byte[] piece)
    {
        synchronized (lock)
        {
            try
            {
                while (count == 0)
                {
                    if (closed)
                    {
                        return 0;
                    }
                    lock.wait();
                }
            }
            catch (final InterruptedException e)
            {
                return 0;
            }
            final int length = Math.min(count, piece.length);
            final int first = Math.min(length, ring.length - head);
            System.arraycopy(ring, head, piece, 0, first);
            System.arraycopy(ring, 0, piece, first, length - first);
            return length;
        }
    }

    private void done(final int length, final boolean isWritten)
    {
        synchronized (lock)
        {
            head = (head + length) % ring.length;
            count -= length;
            isFull = count > ring.length / 2;
            if (!isWritten)
            {
                lostBytes = lostBytes + length;
            }
            lock.notifyAll();
        }
    }
}
