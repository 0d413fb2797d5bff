package dev.understudy.hypervisor.net;

import dev.understudy.guest.virtio.VirtioNet;
import java.nio.ByteBuffer;

/**
 * Cuts a byte stream into the frames that it carries.
 * <pre>
 *  +--------------------------+------------------+
 *  | length, 4 big-endian     | frame            |
 *  +--------------------------+------------------+
 * </pre>
 * As QEMU's stream sockets and passt do. Frames that are too long or short for the guest are left out. Not thread-safe.
 */
final class FrameDecoder
{
    /** The longest frame that another program may send: QEMU's, a segment that was not cut. */
    static final int MAX_FRAME_BYTES = 68 * 1024;

    private final ByteBuffer buffer = ByteBuffer.allocate(2 * (MAX_FRAME_BYTES + Integer.BYTES));

    /** Where to put further bytes, of which there is room for some; then comes {@link #decode}. */
    ByteBuffer buffer()
    {
        return buffer;
    }

    /**
     * Hands on the frames that are whole.
     *
     * @param losses counts the frames that were not taken
     * @return number of frames; -1 when this is no such stream, and nothing after is to be trusted
     */
    int decode(final FrameReceiver receiver, final Runnable losses)
    {
        int frames = 0;
        buffer.flip();
        while (buffer.remaining() >= Integer.BYTES)
        {
            final int length = buffer.getInt(buffer.position());
            if (length < 0 || length > MAX_FRAME_BYTES)
            {
                return -1;
            }
            if (buffer.remaining() < Integer.BYTES + length)
            {
                break;
            }
            final int at = buffer.position() + Integer.BYTES;
            if (VirtioNet.isFrame(length) && !receiver.offer(buffer.array(), at, length))
            {
                losses.run();
            }
            buffer.position(at + length);
            frames++;
        }
        buffer.compact();
        return frames;
    }

    /** Forgets the part of a frame that is there. */
    void clear()
    {
        buffer.clear();
    }
}
