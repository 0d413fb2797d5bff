package dev.understudy.guest.virtio;

import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;

/**
 * Asks the guest to leave pages of its RAM alone, and takes note of what it says.
 * <p>
 * RAM is one array of the host's heap, of which nothing can be given back: the pages in the balloon keep their content,
 * as virtio allows, and what the guest reads there is the same on every replica. So the balloon makes a guest
 * live with less, and the host's memory stays as it was. Statistics, hints and reports of free pages are not offered.
 * Owned by the hart thread. Source: virtio 1.2, section 5.5.
 */
public final class VirtioBalloon extends VirtioDevice
{
    /** Size in bytes of the pages that the balloon counts, whatever the guest's are. */
    public static final int PAGE_BYTES = 4096;

    static final int ID = 5;
    static final int INFLATE_QUEUE = 0;
    static final int DEFLATE_QUEUE = 1;

    /** The guest may take pages back when it is out of memory. */
    static final long FEATURE_DEFLATE_ON_OOM = 1L << 2;

    static final int CONFIG_NUM_PAGES = 0;
    static final int CONFIG_ACTUAL = 4;

    private static final int QUEUES = 2;

    /** {@code le32 num_pages; le32 actual}; the other fields belong to features that are not offered. */
    private static final int CONFIG_BYTES = 8;
    private static final int NUMBER_BYTES = Integer.BYTES;

    /** Page numbers that are looked at together. */
    @Derived("nothing: scratch")
    private final byte[] numbers = new byte[1024 * NUMBER_BYTES];

    /**
     * @param memory the RAM that the driver's buffers are in
     */
    public VirtioBalloon(final GuestMemory memory)
    {
        super(memory, ID, QUEUES, CONFIG_BYTES);
    }

    /** Number of pages that the guest is asked to put into the balloon. */
    public long target()
    {
        return config(CONFIG_NUM_PAGES, Integer.BYTES);
    }

    /** Asks for so many pages, 0 to 2^32 - 1; the driver is told when that is another number than before. */
    public void target(final long pages)
    {
        if (pages != target())
        {
            config(CONFIG_NUM_PAGES, Integer.BYTES, pages);
            configChanged();
        }
    }

    /** Number of pages in the balloon, as the driver says. */
    long actual()
    {
        return config(CONFIG_ACTUAL, Integer.BYTES);
    }

    @Override
    long features()
    {
        return FEATURE_DEFLATE_ON_OOM;
    }

    @Override
    boolean isConfigWritable(final int offset)
    {
        return offset >= CONFIG_ACTUAL;
    }

    @Override
    void onNotify(final int queue)
    {
        take(queue);
    }

    @Override
    void onLive()
    {
        take(INFLATE_QUEUE);
        take(DEFLATE_QUEUE);
    }

    @Override
    void onReset()
    {
        config(CONFIG_ACTUAL, Integer.BYTES, 0);
    }

    @Override
    public void save(final StateWriter to)
    {
        // All of it is in the configuration space.
    }

    @Override
    public void load(final StateReader from)
    {
        // All of it is in the configuration space.
    }

    /** Pages come and go without a change of their content: their numbers are checked, and that is all. */
    private void take(final int index)
    {
        final VirtQueue queue = queue(index);
        final DescriptorChain chain = chain();
        for (int i = 0; i < queue.size() && queue.pop(chain); i++)
        {
            if (chain.writableBytes() > 0 || !arePages(chain))
            {
                needsReset();
                break;
            }
            queue.push(chain.head(), 0);
        }
        queue.signal();
    }

    private boolean arePages(final DescriptorChain chain)
    {
        final long length = chain.readableBytes();
        if (length > (long)memory().pages() * NUMBER_BYTES || length % NUMBER_BYTES != 0)
        {
            // More numbers than there are pages, or a part of one.
            return false;
        }
        for (long done = 0; done < length; done += numbers.length)
        {
            final int count = (int)Math.min(numbers.length, length - done);
            chain.read(memory(), done, numbers, 0, count);
            if (!arePages(count))
            {
                return false;
            }
        }
        return true;
    }

    /** Whether the first numbers, of so many bytes, are those of pages. */
    private boolean arePages(final int length)
    {
        for (int at = 0; at < length; at += NUMBER_BYTES)
        {
            long number = 0;
            for (int i = 0; i < NUMBER_BYTES; i++)
            {
                number |= (numbers[at + i] & 0xFFL) << (Byte.SIZE * i);
            }
            if (!memory().contains(number * PAGE_BYTES, PAGE_BYTES))
            {
                return false;
            }
        }
        return true;
    }
}
