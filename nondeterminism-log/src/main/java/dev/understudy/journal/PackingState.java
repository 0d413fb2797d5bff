package dev.understudy.journal;

import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** What the entries before a packed one say: the last header, and the last body of each type. Not thread-safe. */
final class PackingState
{
    /** Most bodies fit; others make their buffer longer. */
    private static final int INITIAL_BYTES = 2048;

    private final UnsafeBuffer[] bodies = new UnsafeBuffer[EventType.values().length];
    private long position;
    private long timeNs;
    private long outputs;

    long position()
    {
        return position;
    }

    long timeNs()
    {
        return timeNs;
    }

    long outputs()
    {
        return outputs;
    }

    /** The bytes that bodies of a type had last, at least so many. */
    UnsafeBuffer body(final EventType type, final int length)
    {
        UnsafeBuffer body = bodies[type.ordinal()];
        if (body == null)
        {
            body = new UnsafeBuffer(new byte[Math.max(INITIAL_BYTES, length)]);
            bodies[type.ordinal()] = body;
        }
        else if (body.capacity() < length)
        {
            body.wrap(Arrays.copyOf(body.byteArray(), Math.max(2 * body.capacity(), length)));
        }
        return body;
    }

    void header(final long newPosition, final long newTimeNs, final long newOutputs)
    {
        position = newPosition;
        timeNs = newTimeNs;
        outputs = newOutputs;
    }

    void body(final EventType type, final DirectBuffer source, final int offset, final int length)
    {
        body(type, length).putBytes(0, source, offset, length);
    }

    void clear()
    {
        header(0, 0, 0);
        for (final UnsafeBuffer body : bodies)
        {
            if (body != null)
            {
                Arrays.fill(body.byteArray(), (byte)0);
            }
        }
    }
}
