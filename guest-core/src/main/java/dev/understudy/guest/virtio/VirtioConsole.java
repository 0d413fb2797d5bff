package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * A console with one port: what the guest prints goes to a sink at once, what the world types waits for the guest.
 * <p>
 * Owned by the hart thread. Source: virtio 1.2, section 5.3.
 */
public final class VirtioConsole extends VirtioDevice
{
    /** Input bytes that may wait for the guest; a pasted page of text. */
    public static final int INPUT_BYTES = 4 * 1024;

    static final int ID = 3;
    static final int RECEIVE_QUEUE = 0;
    static final int TRANSMIT_QUEUE = 1;

    static final long FEATURE_SIZE = 1L;

    static final int CONFIG_COLUMNS = 0;
    static final int CONFIG_ROWS = 2;

    private static final int QUEUES = 2;

    /** {@code le16 cols; le16 rows}; the other fields belong to features that are not offered. */
    private static final int CONFIG_BYTES = 4;

    private final OutputSink output;
    private final Runnable onReady;
    private final byte[] input = new byte[INPUT_BYTES];
    private int inputHead;
    private int inputCount;

    /**
     * @param memory the RAM that the driver's buffers are in
     * @param output called during the guest's store to QueueNotify, once for each piece of a buffer
     * @param onReady called when a driver is ready
     */
    public VirtioConsole(final GuestMemory memory, final OutputSink output, final Runnable onReady)
    {
        super(memory, ID, QUEUES, CONFIG_BYTES);
        this.output = output;
        this.onReady = onReady;
    }

    /** Whether a driver uses the device, so that console input belongs here. */
    public boolean isUsed()
    {
        return isLive();
    }

    /** Number of input bytes that {@link #receive} would take now. */
    public int inputRoom()
    {
        return INPUT_BYTES - inputCount;
    }

    /**
     * Takes input from the world, as much as there is room for; the guest gets it as soon as it has buffers.
     *
     * @return number of bytes taken
     */
    public int receive(final byte[] data, final int offset, final int length)
    {
        final int taken = Math.min(length, inputRoom());
        for (int i = 0; i < taken; i++)
        {
            input[(inputHead + inputCount + i) % INPUT_BYTES] = data[offset + i];
        }
        inputCount += taken;
        deliver();
        return taken;
    }

    /**
     * Sets the size of the console, in characters, each from 0 to 65535; 0 by 0 at first, which is unknown. The driver is
     * told when it is another than before.
     */
    public void resize(final int columns, final int rows)
    {
        if (config(CONFIG_COLUMNS, Short.BYTES) == columns && config(CONFIG_ROWS, Short.BYTES) == rows)
        {
            return;
        }
        config(CONFIG_COLUMNS, Short.BYTES, columns);
        config(CONFIG_ROWS, Short.BYTES, rows);
        configChanged();
    }

    @Override
    long features()
    {
        return FEATURE_SIZE;
    }

    @Override
    void onNotify(final int queue)
    {
        if (queue == TRANSMIT_QUEUE)
        {
            print();
        }
        else
        {
            deliver();
        }
    }

    @Override
    void onLive()
    {
        onReady.run();
        print();
        deliver();
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(inputCount);
        for (int i = 0; i < inputCount; i++)
        {
            to.write(input[(inputHead + i) % INPUT_BYTES]);
        }
    }

    @Override
    public void load(final StateReader from)
    {
        inputCount = from.readInt(0, INPUT_BYTES);
        inputHead = 0;
        for (int i = 0; i < inputCount; i++)
        {
            input[i] = from.readByte();
        }
    }

    private void print()
    {
        final VirtQueue queue = queue(TRANSMIT_QUEUE);
        final DescriptorChain chain = chain();
        long room = MAX_NOTIFY_BYTES;
        for (int i = 0; i < queue.size() && queue.pop(chain); i++)
        {
            room -= chain.readableBytes();
            if (chain.writableBytes() > 0 || room < 0)
            {
                needsReset();
                break;
            }
            for (int piece = 0; piece < chain.readableCount(); piece++)
            {
                if (chain.length(piece) > 0)
                {
                    final byte[] text = new byte[chain.length(piece)];
                    memory().read(chain.address(piece), text, 0, text.length);
                    output.sendConsole(text, 0, text.length);
                }
            }
            queue.push(chain.head(), 0);
        }
        queue.signal();
    }

    private void deliver()
    {
        if (!isLive())
        {
            return;
        }
        final VirtQueue queue = queue(RECEIVE_QUEUE);
        final DescriptorChain chain = chain();
        for (int i = 0; i < queue.size() && inputCount > 0 && queue.pop(chain); i++)
        {
            if (chain.readableBytes() > 0)
            {
                needsReset();
                break;
            }
            int written = 0;
            final int length = (int)Math.min(chain.writableBytes(), inputCount);
            while (written < length)
            {
                final int bytes = Math.min(length - written, INPUT_BYTES - inputHead);
                chain.write(memory(), written, input, inputHead, bytes);
                inputHead = (inputHead + bytes) % INPUT_BYTES;
                inputCount -= bytes;
                written += bytes;
            }
            queue.push(chain.head(), written);
        }
        queue.signal();
    }
}
