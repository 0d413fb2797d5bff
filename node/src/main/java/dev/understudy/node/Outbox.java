package dev.understudy.node;

import dev.understudy.guest.output.OutputSink;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.LongSupplier;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * What the guest did to the world and the world has not seen yet, each output with the journal entry it depends on.
 * <p>
 * Whoever runs the guest puts outputs in, and runs it no further while the box is full; the agent thread takes them out
 * in order, up to the first one that may not leave yet. While the machine replays, outputs do not leave:
 * console output and the last frames are kept, as far as there is room, for the case that this replica goes live and
 * the world has not seen them.
 * <pre>
 *   message of the ring buffer, type CONSOLE, VSOCK or NETWORK
 *  +----------------------+-----------------------------+
 *  | dependency (8 bytes) | bytes of the output         |
 *  +----------------------+-----------------------------+
 * </pre>
 */
public final class Outbox implements OutputSink
{
    /** Outputs that may wait for the backup: 25 ms of a guest that sends 80 MB/s, as much as the link holds. */
    private static final int CAPACITY_BYTES = 2 << 20;

    /** Console output of a replay that is kept for going live. */
    private static final int MAX_KEPT_BYTES = 64 * 1024;

    /** Outputs released in one duty cycle, so that input is not starved. */
    private static final int MAX_RELEASES = 256;

    private static final int CONSOLE = 1;
    private static final int VSOCK = 2;
    private static final int NETWORK = 3;

    /** An output that found the box full. */
    private record Late(int type, long dependency, byte[] output)
    {
    }

    private final OneToOneRingBuffer messages = new OneToOneRingBuffer(
        new UnsafeBuffer(
            ByteBuffer.allocateDirect(CAPACITY_BYTES + RingBufferDescriptor.TRAILER_LENGTH)));
    private final ControlledMessageHandler handler = this::onMessage;
    private final UnsafeBuffer kept = new UnsafeBuffer(new byte[MAX_KEPT_BYTES]);
    private final Doorbell agent;
    private final KeptFrames keptFrames = new KeptFrames();

    /** What the guest did since the box was full: no more than one slice of it does. */
    private final Deque<Late> late = new ArrayDeque<>();
    private int keptBytes;
    private long replayedTimeNs;

    /** Null while the machine replays. */
    private LongSupplier dependency;
    private World world;
    private OutputGate gate;
    private volatile long released;
    private boolean isNew;

    public Outbox(final Doorbell agent)
    {
        this.agent = agent;
    }

    /**
     * Lets outputs through from now on, those kept first. On the hart thread.
     *
     * @param lastSequence gives the sequence number of the last entry of the journal
     */
    void goLive(final LongSupplier lastSequence)
    {
        dependency = lastSequence;
        if (keptBytes > 0)
        {
            put(CONSOLE, kept.byteArray(), 0, keptBytes);
            keptBytes = 0;
        }
        keptFrames.drain(replayedTimeNs, (frame, length) -> put(NETWORK, frame, 0, length));
        flush();
    }

    /** Says that the machine has replayed to the guest's time of an entry, in nanoseconds. On the hart thread. */
    void replayed(final long timeNs)
    {
        replayedTimeNs = timeNs;
    }

    @Override
    public void sendConsole(final byte[] data, final int offset, final int length)
    {
        if (dependency != null)
        {
            put(CONSOLE, data, offset, length);
            return;
        }
        if (length >= MAX_KEPT_BYTES)
        {
            kept.putBytes(0, data, offset + length - MAX_KEPT_BYTES, MAX_KEPT_BYTES);
            keptBytes = MAX_KEPT_BYTES;
            return;
        }
        final int excess = Math.max(0, keptBytes + length - MAX_KEPT_BYTES);
        System.arraycopy(kept.byteArray(), excess, kept.byteArray(), 0, keptBytes - excess);
        kept.putBytes(keptBytes - excess, data, offset, length);
        keptBytes += length - excess;
    }

    @Override
    public void sendVsock(final byte[] packet, final int offset, final int length)
    {
        if (dependency != null)
        {
            put(VSOCK, packet, offset, length);
        }
    }

    @Override
    public void sendFrame(final byte[] frame, final int offset, final int length)
    {
        if (dependency != null)
        {
            put(NETWORK, frame, offset, length);
            return;
        }
        keptFrames.add(replayedTimeNs, frame, offset, length);
    }

    /** Wakes the agent if there are outputs since the last call. On the hart thread. */
    void flush()
    {
        if (isNew)
        {
            isNew = false;
            agent.ring();
        }
    }

    /** Whether the guest may run: all outputs before are in the box. By whoever runs the guest. */
    boolean hasRoom()
    {
        while (!late.isEmpty() && tryPut(late.peek()))
        {
            late.remove();
        }
        flush();
        return late.isEmpty();
    }

    private boolean tryPut(final Late output)
    {
        return tryPut(output.type, output.dependency, output.output, 0, output.output.length);
    }

    private void put(final int type, final byte[] data, final int offset, final int length)
    {
        final long last = dependency.getAsLong();
        if (!late.isEmpty() || !tryPut(type, last, data, offset, length))
        {
            late.add(new Late(type, last, Arrays.copyOfRange(data, offset, offset + length)));
        }
    }

    private boolean tryPut(final int type, final long last, final byte[] data, final int offset, final int length)
    {
        final int index = messages.tryClaim(type, Long.BYTES + length);
        if (index < 0)
        {
            return false;
        }
        final MutableDirectBuffer buffer = messages.buffer();
        buffer.putLong(index, last);
        buffer.putBytes(index + Long.BYTES, data, offset, length);
        messages.commit(index);
        isNew = true;
        return true;
    }

    /** Lets outputs go to the world as far as the gate lets them; returns how many. On the agent thread. */
    int release(final World to, final OutputGate through)
    {
        world = to;
        gate = through;
        return Rings.read(messages, handler, MAX_RELEASES);
    }

    /** Whether no output waits. */
    public boolean isEmpty()
    {
        return messages.size() == 0;
    }

    /** Number of outputs that have left. */
    public long released()
    {
        return released;
    }

    private ControlledMessageHandler.Action onMessage(
        final int type, final MutableDirectBuffer buffer, final int index, final int length)
    {
        if (!world.hasRoom() || !gate.mayLeave(buffer.getLong(index)))
        {
            return ControlledMessageHandler.Action.ABORT;
        }
        final int offset = index + Long.BYTES;
        final int bytes = length - Long.BYTES;
        switch (type)
        {
            case CONSOLE -> world.sendConsole(buffer, offset, bytes);
            case VSOCK -> world.sendVsock(buffer, offset, bytes);
            case NETWORK -> world.sendFrame(buffer, offset, bytes);
            default -> throw new AssertionError("message of type " + type + " in the outbox");
        }
        released = released + 1;
        return ControlledMessageHandler.Action.CONTINUE;
    }
}
