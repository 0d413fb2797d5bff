package dev.understudy.guest.virtio;

import dev.understudy.guest.OutputSink;
import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.memory.GuestMemory;

/** A console with one port, without a size. Source: virtio 1.2, section 5.3. Owned by the hart thread. */
public final class VirtioConsole extends VirtioDevice
{
    /** Input that may wait for the guest: a pasted page of text. */
    public static final int INPUT_BYTES = 4 * 1024;

    private static final int DEVICE_ID = 3;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;

    private final OutputSink sink;
    private final byte[] input = new byte[INPUT_BYTES];
    private int inputCount;

    public VirtioConsole(final GuestMemory memory, final OutputSink sink)
    {
        super(memory, 2);
        this.sink = sink;
    }

    /** Whether a driver uses the device, so that console input belongs here. */
    public boolean isUsed()
    {
        return isLive();
    }

    /** Number of bytes that {@link #receive} would take. */
    public int inputRoom()
    {
        return INPUT_BYTES - inputCount;
    }

    /** Takes input, as much as there is room for, and says how much that was. */
    public int receive(final byte[] data, final int offset, final int length)
    {
        final int taken = Math.min(length, inputRoom());
        System.arraycopy(data, offset, input, inputCount, taken);
        inputCount += taken;
        deliver();
        return taken;
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
        if (queue == TRANSMIT)
        {
            transmit();
        }
        else
        {
            deliver();
        }
    }

    @Override
    void onLive()
    {
        deliver();
    }

    @Override
    void onReset()
    {
        inputCount = 0;
    }

    @Override
    int configuration(final int offset)
    {
        return 0;
    }

    private void transmit()
    {
        final VirtQueue queue = queues[TRANSMIT];
        boolean isUsed = false;
        for (int head = queue.pop(); head >= 0; head = queue.pop())
        {
            while (queue.next())
            {
                if (queue.isWritable())
                {
                    needsReset();
                    return;
                }
                final int offset = (int)(queue.address() - GuestMemory.BASE);
                sink.onConsole(memory.array(), offset, queue.length());
            }
            if (queue.isBroken())
            {
                break;
            }
            queue.push(head, 0);
            isUsed = true;
        }
        finish(queue, isUsed);
    }

    private void deliver()
    {
        if (!isLive())
        {
            return;
        }
        final VirtQueue queue = queues[RECEIVE];
        boolean isUsed = false;
        while (inputCount > 0)
        {
            final int head = queue.pop();
            if (head < 0)
            {
                break;
            }
            int written = 0;
            while (queue.next())
            {
                if (!queue.isWritable())
                {
                    needsReset();
                    return;
                }
                final int count = Math.min(queue.length(), inputCount - written);
                memory.write(queue.address(), input, written, count);
                written += count;
            }
            if (queue.isBroken())
            {
                break;
            }
            inputCount -= written;
            System.arraycopy(input, written, input, 0, inputCount);
            queue.push(head, written);
            isUsed = true;
        }
        finish(queue, isUsed);
    }

    @Override
    void digest(final StateHash hash)
    {
        hash.add(input, 0, inputCount);
    }
}
