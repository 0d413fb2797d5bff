package dev.understudy.node;

import dev.understudy.guest.virtio.VirtioNet;

/**
 * The last frames that a replay produced: what the primary may not have sent yet when it died.
 * <p>
 * Nobody tells a backup which of its primary's frames left. Sending the latest once more does no harm, as a network may
 * deliver twice, and spares whoever waits for one the time until it asks again. Owned by the hart thread.
 */
final class KeptFrames
{
    /** Frames that are kept: more than a guest sends between two acknowledgements of its backup. */
    static final int MAX_FRAMES = 256;

    /** Age at which the primary has sent a frame or is suspected to be dead, in the guest's time. */
    static final long MAX_AGE_NS = 2_000_000_000L;

    /** Takes a frame that is from byte 0 on. */
    interface Receiver
    {
        void frame(byte[] bytes, int length);
    }

    /** A ring; made with the first frame, since most guests send none. */
    private byte[][] frames;
    private final int[] lengths = new int[MAX_FRAMES];
    private final long[] timesNs = new long[MAX_FRAMES];
    private int first;
    private int count;

    /** Keeps a copy, in place of the oldest frame when there is no room. */
    void add(final long timeNs, final byte[] frame, final int offset, final int length)
    {
        if (frames == null)
        {
            frames = new byte[MAX_FRAMES][VirtioNet.MAX_FRAME_BYTES];
        }
        if (count == MAX_FRAMES)
        {
            first = (first + 1) % MAX_FRAMES;
            count--;
        }
        final int slot = (first + count) % MAX_FRAMES;
        System.arraycopy(frame, offset, frames[slot], 0, length);
        lengths[slot] = length;
        timesNs[slot] = timeNs;
        count++;
    }

    /** Hands on the frames that are not too old, in order, and forgets all. */
    void drain(final long nowNs, final Receiver receiver)
    {
        for (; count > 0; count--)
        {
            if (nowNs - timesNs[first] <= MAX_AGE_NS)
            {
                receiver.frame(frames[first], lengths[first]);
            }
            first = (first + 1) % MAX_FRAMES;
        }
        frames = null;
    }
}
