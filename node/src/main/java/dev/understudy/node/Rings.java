package dev.understudy.node;

import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.ringbuffer.RingBuffer;

/** Reads ring buffers across the end of their memory. */
final class Rings
{
    private Rings()
    {
    }

    /**
     * Reads messages until the handler refuses one, none is left or the limit is reached.
     * <p>
     * A single {@link RingBuffer#controlledRead} ends where the buffer's memory does and may have read nothing but the
     * padding there, while messages wait at the beginning: whoever then sleeps until the next offer sleeps too long.
     *
     * @return number of messages that were read
     */
    static int read(final RingBuffer ring, final ControlledMessageHandler handler, final int limit)
    {
        final int count = ring.controlledRead(handler, limit);
        final boolean isAtEnd = (ring.consumerPosition() & ring.capacity() - 1) == 0;
        return isAtEnd && count < limit ? count + ring.controlledRead(handler, limit - count) : count;
    }
}
