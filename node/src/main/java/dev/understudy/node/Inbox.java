package dev.understudy.node;

import dev.understudy.replay.Recorder;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.ManyToOneConcurrentLinkedQueue;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * What waits to enter the guest: packets and console input from other threads, and commands to the hart thread.
 * <p>
 * Any thread offers; the hart thread takes, one message at a time and only what the guest has room for. Packets, frames
 * and console input wait apart: a guest that takes none of the one gets the other.
 */
public final class Inbox
{
    /** Room for eight of the largest vsock packets, the most that a ring buffer lets one message have. */
    private static final int VSOCK_BYTES = 1 << 20;
    private static final int CONSOLE_BYTES = 64 << 10;

    /** Room for some 680 of the longest frames: what a network sends in 80 ms at 100 Mbit/s. */
    private static final int NETWORK_BYTES = 1 << 20;

    /** Messages taken before the guest runs again, so that a flood of input does not starve it. */
    private static final int MAX_MESSAGES = 64;

    /** Every message of a ring has a type; here the ring says it all. */
    private static final int MESSAGE = 1;

    private final ManyToOneRingBuffer packets = ring(VSOCK_BYTES);
    private final ManyToOneRingBuffer console = ring(CONSOLE_BYTES);
    private final ManyToOneRingBuffer frames = ring(NETWORK_BYTES);
    private final ManyToOneConcurrentLinkedQueue<Consumer<Recorder>> commands =
        new ManyToOneConcurrentLinkedQueue<>();
    private final ControlledMessageHandler packetHandler = this::sendVsock;
    private final ControlledMessageHandler frameHandler = this::onFrame;
    private final ControlledMessageHandler consoleHandler = this::sendConsole;

    /** Number of messages, counted when they can be taken. */
    private final AtomicLong offers = new AtomicLong();

    private final Doorbell hart;

    /** What the handlers hand messages to; set during a drain on the hart thread. */
    private Recorder recorder;
    private final byte[] scratch = new byte[VSOCK_BYTES / 8];
    private int consoleOffset;
    private long seenOffers;
    private boolean tookInput;

    /** Written by the hart thread alone. */
    private volatile long lostFrames;

    /** @param hart rung when there is something to take */
    public Inbox(final Doorbell hart)
    {
        this.hart = hart;
    }

    private static ManyToOneRingBuffer ring(final int bytes)
    {
        return new ManyToOneRingBuffer(
            new UnsafeBuffer(ByteBuffer.allocateDirect(bytes + RingBufferDescriptor.TRAILER_LENGTH)));
    }

    /** Offers a packet for the guest; false when there is no room now. */
    public boolean offerVsock(final byte[] packet, final int offset, final int length)
    {
        return offer(packets, packet, offset, length);
    }

    /** Offers an Ethernet frame for the guest; false when there is no room now. */
    public boolean offerNetwork(final byte[] frame, final int offset, final int length)
    {
        return offer(frames, frame, offset, length);
    }

    /** Number of frames that were lost because the guest does not use its network device. From any thread. */
    public long lostFrames()
    {
        return lostFrames;
    }

    /** Offers console input; false when there is no room now. */
    public boolean offerConsole(final byte[] input, final int offset, final int length)
    {
        return offer(console, input, offset, length);
    }

    private boolean offer(
        final ManyToOneRingBuffer messages, final byte[] data, final int offset, final int length)
    {
        final int index = messages.tryClaim(MESSAGE, length);
        if (index < 0)
        {
            return false;
        }
        messages.buffer().putBytes(index, data, offset, length);
        messages.commit(index);
        offers.incrementAndGet();
        hart.ring();
        return true;
    }

    /** Has the hart thread do something between two slices, before it takes further messages. */
    public void command(final Consumer<Recorder> command)
    {
        commands.add(command);
        hart.ring();
    }

    /** Has the hart thread look again for what it looks for elsewhere. */
    public void announce()
    {
        offers.incrementAndGet();
        hart.ring();
    }

    /** Runs the commands and lets messages enter the guest; 0 if nothing has changed by it. On the hart thread. */
    int drain(final Recorder into)
    {
        recorder = into;
        seenOffers = offers.get();
        tookInput = false;
        int work = 0;
        for (Consumer<Recorder> command = commands.poll(); command != null; command = commands.poll())
        {
            command.accept(into);
            work++;
        }
        work += Rings.read(console, consoleHandler, MAX_MESSAGES) +
            Rings.read(packets, packetHandler, MAX_MESSAGES) + Rings.read(frames, frameHandler, MAX_MESSAGES);
        return work + (tookInput ? 1 : 0);
    }

    /** Forgets what waits: it was meant for a guest that is not live. */
    public void clear()
    {
        Rings.read(packets, Inbox::forget, Integer.MAX_VALUE);
        Rings.read(frames, Inbox::forget, Integer.MAX_VALUE);
        Rings.read(console, Inbox::forget, Integer.MAX_VALUE);
        consoleOffset = 0;
    }

    /**
     * Whether something was offered since the last {@link #drain}. What the guest has no room for does not count: it makes
     * room only by running.
     */
    boolean hasNews()
    {
        return offers.get() != seenOffers || !commands.isEmpty();
    }

    private static ControlledMessageHandler.Action forget(
        final int type, final MutableDirectBuffer buffer, final int index, final int length)
    {
        return ControlledMessageHandler.Action.CONTINUE;
    }

    private ControlledMessageHandler.Action sendVsock(
        final int type, final MutableDirectBuffer buffer, final int index, final int length)
    {
        if (!recorder.canTakeVsock(length))
        {
            return ControlledMessageHandler.Action.ABORT;
        }
        buffer.getBytes(index, scratch, 0, length);
        recorder.receiveVsock(scratch, 0, length);
        return ControlledMessageHandler.Action.CONTINUE;
    }

    /** A frame that the guest has no buffer for waits; one for a guest that uses no network is lost. */
    private ControlledMessageHandler.Action onFrame(
        final int type, final MutableDirectBuffer buffer, final int index, final int length)
    {
        if (!recorder.isNetworkUsed())
        {
            lostFrames = lostFrames + 1;
            return ControlledMessageHandler.Action.CONTINUE;
        }
        if (!recorder.canTakeFrame())
        {
            return ControlledMessageHandler.Action.ABORT;
        }
        buffer.getBytes(index, scratch, 0, length);
        recorder.receiveFrame(scratch, 0, length);
        return ControlledMessageHandler.Action.CONTINUE;
    }

    /** A guest may take a part of the input now; the rest of the message stays at the head. */
    private ControlledMessageHandler.Action sendConsole(
        final int type, final MutableDirectBuffer buffer, final int index, final int length)
    {
        final int rest = length - consoleOffset;
        buffer.getBytes(index + consoleOffset, scratch, 0, rest);
        final int taken = recorder.receiveConsole(scratch, 0, rest);
        tookInput |= taken > 0;
        consoleOffset += taken;
        if (consoleOffset < length)
        {
            return ControlledMessageHandler.Action.ABORT;
        }
        consoleOffset = 0;
        return ControlledMessageHandler.Action.CONTINUE;
    }
}
