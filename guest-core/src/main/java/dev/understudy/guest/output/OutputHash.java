package dev.understudy.guest.output;

import dev.understudy.guest.state.StateHash;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/**
 * The running hash of all outputs: what a replay compares in place of performing them.
 * <p>
 * Each output enters with its kind, its position and its bytes. Owned by the hart thread.
 */
final class OutputHash implements Stateful
{
    static final int CONSOLE = 1;
    static final int VSOCK = 2;
    static final int NETWORK = 3;

    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private long value;
    private long count;

    void add(final int kind, final long position, final byte[] data, final int offset, final int length)
    {
        long hash = StateHash.mix(value + kind) ^ position;
        for (int i = 0; i < length; i++)
        {
            hash = (hash ^ data[offset + i]) * MULTIPLIER;
        }
        value = StateHash.mix(hash + length);
        count++;
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(value);
        to.write(count);
    }

    @Override
    public void load(final StateReader from)
    {
        value = from.readLong();
        count = from.readLong(0, Long.MAX_VALUE);
    }

    long value()
    {
        return value;
    }

    /** Number of outputs so far. */
    long count()
    {
        return count;
    }
}
