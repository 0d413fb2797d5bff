package dev.understudy.guest;

import dev.understudy.guest.digest.StateHash;

/**
 * The running hash of all outputs: what a replay compares in place of performing them.
 * <p>
 * Each output enters with its kind, its position and its bytes. Owned by the hart thread.
 */
final class OutputHash
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
