package dev.understudy.guest.virtio;

import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.memory.GuestMemory;

/**
 * A source of random bytes, which come from the world as events. Source: virtio 1.2, section 5.4. Owned by the hart
 * thread.
 */
public final class VirtioEntropy extends VirtioDevice
{
    /** The most bytes given at once; a device may give fewer than the driver has room for. */
    public static final int MAX_BYTES = 4096;

    private static final int DEVICE_ID = 4;
    private static final int REQUESTS = 0;
    private static final int NONE = -1;

    /** Head of the chain that waits for bytes. */
    private int head = NONE;
    private int wanted;

    public VirtioEntropy(final GuestMemory memory)
    {
        super(memory, 1);
    }

    /** Number of bytes that the oldest request waits for; 0 without one. */
    public int wanted()
    {
        return wanted;
    }

    /** Completes the oldest request with at most {@link #wanted} bytes; without a request it does nothing. */
    public void supply(final byte[] data, final int offset, final int length)
    {
        if (wanted == 0)
        {
            return;
        }
        final VirtQueue queue = queues[REQUESTS];
        final int count = Math.min(length, wanted);
        int written = 0;
        queue.rewind(head);
        while (written < count && queue.next())
        {
            final int part = Math.min(queue.length(), count - written);
            memory.write(queue.address(), data, offset + written, part);
            written += part;
        }
        if (!queue.isBroken())
        {
            queue.push(head, written);
        }
        head = NONE;
        wanted = 0;
        finish(queue, true);
        takeRequest();
    }

    @Override
    int deviceId()
    {
        return DEVICE_ID;
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
    }

    @Override
    void onLive()
    {
        takeRequest();
    }

    @Override
    void onReset()
    {
        head = NONE;
        wanted = 0;
    }

    @Override
    int configuration(final int offset)
    {
        return 0;
    }

    private void takeRequest()
    {
        final VirtQueue queue = queues[REQUESTS];
        while (wanted == 0 && isLive())
        {
            head = queue.pop();
            if (head < 0)
            {
                finish(queue, false);
                return;
            }
            long room = 0;
            while (queue.next())
            {
                if (!queue.isWritable())
                {
                    needsReset();
                    return;
                }
                room += queue.length();
            }
            if (queue.isBroken())
            {
                finish(queue, false);
                return;
            }
            wanted = (int)Math.min(room, MAX_BYTES);
            if (wanted == 0)
            {
                queue.push(head, 0);
                finish(queue, true);
            }
        }
    }

    @Override
    void digest(final StateHash hash)
    {
        hash.add(head);
        hash.add(wanted);
    }
}
