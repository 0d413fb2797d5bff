package dev.understudy.guest.state;

/**
 * A 64-bit hash over machine state, fed field by field in a fixed order.
 * <p>
 * It finds replicas that differ by accident; it is no defence against someone who constructs states. The mixing is
 * the finaliser of MurmurHash3 by A. Appleby over a running state.
 */
public final class StateHash implements StateWriter
{
    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private long state = MULTIPLIER;

    @Override
    public void write(final long value)
    {
        state = mix(Long.rotateLeft(state, 27) * MULTIPLIER + value);
    }

    /** Adds the length and then the bytes. */
    @Override
    public void write(final byte[] bytes, final int offset, final int length)
    {
        write(length);
        for (int i = 0; i < length; i++)
        {
            write(bytes[offset + i]);
        }
    }

    @Override
    public void write(final PagedMemory memory)
    {
        write(memory.hash());
    }

    public long value()
    {
        return mix(state);
    }

    /** Spreads every bit of {@code value} over all bits of the result; a bijection. */
    public static long mix(final long value)
    {
        long z = value;
        z = (z ^ (z >>> 33)) * 0xFF51_AFD7_ED55_8CCDL;
        z = (z ^ (z >>> 33)) * 0xC4CE_B9FE_1A85_EC53L;
        return z ^ (z >>> 33);
    }
}
