package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * A source of random bytes: keeps the guest's requests until the host supplies what each one asks for.
 * <p>
 * The host asks with {@link #wanted} and answers with {@link #supply}; the device itself never calls out. Owned by the
 * hart thread. Source: virtio 1.2, section 5.4.
 */
public final class VirtioEntropy extends VirtioDevice
{
    /** The most random bytes that one request gets; the guest asks again if it wants more. */
    public static final int MAX_BYTES = 4096;

    static final int ID = 4;
    static final int REQUEST_QUEUE = 0;

    /** The oldest request that is not answered; meaningful while {@link #wantedBytes} is not 0. */
    private final DescriptorChain request = new DescriptorChain();

    private int wantedBytes;

    /**
     * @param memory the RAM that the driver's buffers are in
     */
    public VirtioEntropy(final GuestMemory memory)
    {
        super(memory, ID, 1, 0);
    }

    /** Number of bytes that the oldest request asks for, up to {@link #MAX_BYTES}; 0 without a request. */
    public int wanted()
    {
        return isLive() ? wantedBytes : 0;
    }

    /**
     * Answers the oldest request. Does nothing without one, or without any bytes.
     *
     * @param length number of bytes; of more than are {@link #wanted} the rest is not used
     */
    public void supply(final byte[] data, final int offset, final int length)
    {
        final int bytes = Math.min(length, wanted());
        if (bytes <= 0)
        {
            return;
        }
        final VirtQueue queue = queue(REQUEST_QUEUE);
        request.write(memory(), 0, data, offset, bytes);
        queue.push(request.head(), bytes);
        wantedBytes = 0;
        takeRequest();
        queue.signal();
    }

    @Override
    long features()
    {
        return 0;
    }

    @Override
    void onNotify(final int queue)
    {
        takeRequest();
        queue(REQUEST_QUEUE).signal();
    }

    @Override
    void onLive()
    {
        onNotify(REQUEST_QUEUE);
    }

    @Override
    void onQueueStopped(final int queue)
    {
        wantedBytes = 0;
    }

    @Override
    void onReset()
    {
        wantedBytes = 0;
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(wantedBytes);
        if (wantedBytes > 0)
        {
            request.save(to);
        }
    }

    @Override
    public void load(final StateReader from)
    {
        wantedBytes = from.readInt(0, MAX_BYTES);
        if (wantedBytes > 0)
        {
            request.load(from, memory());
        }
    }

    private void takeRequest()
    {
        final VirtQueue queue = queue(REQUEST_QUEUE);
        for (int i = 0; i < queue.size() && wantedBytes == 0 && queue.pop(request); i++)
        {
            if (request.readableBytes() > 0)
            {
                needsReset();
                return;
            }
            wantedBytes = (int)Math.min(request.writableBytes(), MAX_BYTES);
            if (wantedBytes == 0)
            {
                queue.push(request.head(), 0);
            }
        }
    }
}
