package dev.understudy.hypervisor.live;

import dev.understudy.replay.Recorder;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * What waits to enter the guest: packets and console input from other threads, and commands to the hart thread.
 * <p>
 * Any thread offers; the hart thread takes, one message at a time and only what the guest has room for, and sleeps
 * here while there is nothing to do.
 */
public final class Inbox implements Doorbell
{
    /** Room for eight of the largest vsock packets, the most that a ring buffer lets one message have. */
    private static final int CAPACITY_BYTES = 1 << 20;

    /** Commands are rare: role changes and the end. */
    private static final int MAX_COMMANDS = 64;

    /** Messages taken before the guest runs again, so that a flood of input does not starve it. */
    private static final int MAX_MESSAGES = 64;

    private static final int VSOCK = 1;
    private static final int CONSOLE = 2;

    private final ManyToOneRingBuffer messages = new ManyToOneRingBuffer(
        new UnsafeBuffer(
            ByteBuffer.allocateDirect(CAPACITY_BYTES + RingBufferDescriptor.TRAILER_LENGTH)));
    private final ManyToOneConcurrentArrayQueue<Consumer<Recorder>> commands =
        new ManyToOneConcurrentArrayQueue<>(MAX_COMMANDS);
    private final ControlledMessageHandler handler = this::onMessage;

    private volatile Thread sleeper;

    /** What the handler hands messages to; set during a drain on the hart thread. */
    private Recorder recorder;
    private byte[] scratch = new byte[CAPACITY_BYTES / 8];
    private int consoleOffset;

    /** Offers a packet for the guest; false when there is no room now. */
    public boolean offerVsock(final byte[] packet, final int offset, final int length)
    {
        return offer(VSOCK, packet, offset, length);
    }

    /** Offers console input; false when there is no room now. */
    public boolean offerConsole(final byte[] input, final int offset, final int length)
    {
        return offer(CONSOLE, input, offset, length);
    }

    private boolean offer(final int type, final byte[] data, final int offset, final int length)
    {
        final int index = messages.tryClaim(type, length);
        if (index < 0)
        {
            return false;
        }
        messages.buffer().putBytes(index, data, offset, length);
        messages.commit(index);
        ring();
        return true;
    }

    /** Has the hart thread do something between two slices, before it takes further messages. */
    public void command(final Consumer<Recorder> command)
    {
        while (!commands.offer(command))
        {
            Thread.onSpinWait();
        }
        ring();
    }

    /** Wakes the hart thread if it sleeps in {@link #await}. */
    @Override
    public void ring()
    {
        final Thread thread = sleeper;
        if (thread != null)
        {
            LockSupport.unpark(thread);
        }
    }

    /** Runs the commands and lets messages enter the guest; returns how many. On the hart thread. */
    int drain(final Recorder into)
    {
        recorder = into;
        int work = 0;
        for (Consumer<Recorder> command = commands.poll(); command != null; command = commands.poll())
        {
            command.accept(into);
            work++;
        }
        return work + messages.controlledRead(handler, MAX_MESSAGES);
    }

    /** Forgets what waits: it was meant for a guest that is not live. */
    public void clear()
    {
        messages.read((type, buffer, index, length) -> {});
        consoleOffset = 0;
    }

    /** Sleeps until something is offered, for the given time at most. On the hart thread. */
    void await(final long maxNs)
    {
        sleeper = Thread.currentThread();
        if (messages.size() == 0 && commands.isEmpty())
        {
            LockSupport.parkNanos(this, maxNs);
        }
        sleeper = null;
    }

    private ControlledMessageHandler.Action onMessage(
        final int type, final MutableDirectBuffer buffer, final int index, final int length)
    {
        return type == VSOCK ? onVsock(buffer, index, length) : onConsole(buffer, index, length);
    }

    private ControlledMessageHandler.Action onVsock(final DirectBuffer buffer, final int index, final int length)
    {
        if (!recorder.canTakeVsock(length))
        {
            return ControlledMessageHandler.Action.ABORT;
        }
        buffer.getBytes(index, scratch, 0, length);
        recorder.vsock(scratch, 0, length);
        return ControlledMessageHandler.Action.CONTINUE;
    }

    /** A guest may take a part of the input now; the rest of the message stays at the head. */
    private ControlledMessageHandler.Action onConsole(final DirectBuffer buffer, final int index, final int length)
    {
        final int rest = length - consoleOffset;
        buffer.getBytes(index + consoleOffset, scratch, 0, rest);
        consoleOffset += recorder.console(scratch, 0, rest);
        if (consoleOffset < length)
        {
            return ControlledMessageHandler.Action.ABORT;
        }
        consoleOffset = 0;
        return ControlledMessageHandler.Action.CONTINUE;
    }
}
