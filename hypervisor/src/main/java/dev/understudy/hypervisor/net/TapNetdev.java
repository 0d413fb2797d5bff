package dev.understudy.hypervisor.net;

import dev.understudy.guest.virtio.VirtioNet;
import dev.understudy.hypervisor.linux.LinuxCalls;
import dev.understudy.hypervisor.linux.Processors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Selector;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * A {@link Netdev} on a TAP interface.
 * <p>
 * The kernel's descriptor joins no selector of Java's: a thread of its own sleeps until frames come and offers them to
 * the guest. Frames of the guest are written by the agent thread, which never waits.
 */
final class TapNetdev implements Netdev
{
    /** A longer frame than the guest can have is read as one byte too long, and dropped. */
    private static final int READ_BYTES = VirtioNet.MAX_FRAME_BYTES + 1;

    /** {@code struct pollfd}: descriptor 4, events 2, what was found 2. */
    private static final int POLLFD_BYTES = 8;
    private static final int POLLFD_EVENTS = 4;
    private static final int POLLFD_FOUND = 6;

    private static final long JOIN_TIMEOUT_MS = 2_000;

    private final String name;
    private final Consumer<String> notices;
    private final TapInterface tap;
    private final Arena arena = Arena.ofShared();
    private final LinuxCalls calls = new LinuxCalls(arena);
    private final MemorySegment frame = arena.allocate(VirtioNet.MAX_FRAME_BYTES);
    private final AtomicLong lost = new AtomicLong();

    /** Ends the reader's sleep once something was written to it. */
    private final int wakeUp;
    private final byte[] copy = new byte[VirtioNet.MAX_FRAME_BYTES];
    private FrameReceiver guest;
    private Thread reader;
    private boolean isClosed;
    private boolean toldOfDown;

    /** @throws NetdevException when the interface cannot be had */
    TapNetdev(final String name, final Consumer<String> notices)
    {
        this.name = name;
        this.notices = notices;
        tap = new TapInterface(name, notices);
        wakeUp = calls.eventfd(0, LinuxCalls.O_CLOEXEC);
        if (wakeUp < 0)
        {
            final int errno = calls.errno();
            tap.close();
            arena.close();
            final String reason = errno == LinuxCalls.EMFILE || errno == LinuxCalls.ENFILE ?
                "too many open files: raise ulimit -n" : "errno " + errno;
            throw new NetdevException("tap " + name + ": the reader's eventfd cannot be had (" + reason + ")");
        }
    }

    @Override
    public void start(final Selector selector, final FrameReceiver receiver)
    {
        guest = receiver;
        reader = Thread.ofPlatform().daemon().name("tap-" + name).start(this::read);
    }

    @Override
    public void send(final DirectBuffer buffer, final int offset, final int length)
    {
        if (guest == null || isClosed)
        {
            return;
        }
        buffer.getBytes(offset, copy, 0, length);
        MemorySegment.copy(copy, 0, frame, ValueLayout.JAVA_BYTE, 0, length);
        if (calls.write(tap.descriptor(), frame, length) >= 0)
        {
            return;
        }
        lost.incrementAndGet();
        if (calls.errno() == LinuxCalls.EIO && !toldOfDown)
        {
            toldOfDown = true;
            notices.accept("tap " + name + " is down, what the guest sends is lost: ip link set " + name + " up");
        }
    }

    @Override
    public int doWork(final long nowNs)
    {
        return 0;
    }

    @Override
    public long lostFrames()
    {
        return lost.get();
    }

    @Override
    public void close()
    {
        if (isClosed)
        {
            return;
        }
        isClosed = true;
        if (reader != null)
        {
            final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_LONG, 1);
            calls.write(wakeUp, one, Long.BYTES);
            try
            {
                reader.join(JOIN_TIMEOUT_MS);
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
            if (reader.isAlive())
            {
                // It holds the descriptors; the process is about to end.
                return;
            }
        }
        calls.close(wakeUp);
        tap.close();
        arena.close();
    }

    private void read()
    {
        Processors.unbind();
        try (Arena own = Arena.ofConfined())
        {
            final LinuxCalls readerCalls = new LinuxCalls(own);
            final MemorySegment buffer = own.allocate(READ_BYTES);
            final byte[] bytes = new byte[READ_BYTES];
            while (readerCalls.read(tap.descriptor(), buffer, READ_BYTES) >= 0)
            {
                // From before the start, for a guest that was elsewhere or had not begun.
            }
            final MemorySegment descriptors = own.allocate(2 * POLLFD_BYTES, Integer.BYTES);
            descriptors.set(ValueLayout.JAVA_INT, 0, tap.descriptor());
            descriptors.set(ValueLayout.JAVA_SHORT, POLLFD_EVENTS, (short)LinuxCalls.POLLIN);
            descriptors.set(ValueLayout.JAVA_INT, POLLFD_BYTES, wakeUp);
            descriptors.set(ValueLayout.JAVA_SHORT, POLLFD_BYTES + POLLFD_EVENTS, (short)LinuxCalls.POLLIN);
            while (true)
            {
                final boolean hasFailed =
                    readerCalls.poll(descriptors, 2, -1) < 0 && readerCalls.errno() != LinuxCalls.EINTR;
                final int found = descriptors.get(ValueLayout.JAVA_SHORT, POLLFD_FOUND);
                if (descriptors.get(ValueLayout.JAVA_SHORT, POLLFD_BYTES + POLLFD_FOUND) != 0)
                {
                    return;
                }
                if (hasFailed || (found & (LinuxCalls.POLLERR | LinuxCalls.POLLHUP)) != 0)
                {
                    notices.accept("tap " + name + " is gone: the guest has no network any more");
                    return;
                }
                long length = readerCalls.read(tap.descriptor(), buffer, READ_BYTES);
                while (length >= 0)
                {
                    MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, bytes, 0, (int)length);
                    if (VirtioNet.isFrame((int)length) && !guest.offer(bytes, 0, (int)length))
                    {
                        lost.incrementAndGet();
                    }
                    length = readerCalls.read(tap.descriptor(), buffer, READ_BYTES);
                }
            }
        }
    }
}
