package dev.understudy.guest.digest;

/**
 * A 64-bit hash over machine state, fed field by field in a fixed order.
 * <p>
 * It finds replicas that differ by accident; it is no defence against someone who constructs states. The mixing is
 * the finaliser of MurmurHash3 by A. Appleby over a running state.
 */
public final class StateHash
{
    private static final long MULTIPLIER = 0x9E37_79B9_7F4A_7C15L;

    private long state = MULTIPLIER;

    public void add(final long value)
    {
        state = mix(Long.rotateLeft(state, 27) * MULTIPLIER + value);
    }

    public void add(final boolean value)
    {
        add(value ? 1L : 0L);
    }

    /** Adds the length and then the bytes. */
    public void add(final byte[] bytes, final int offset, final int length)
    {
        add(length);
        for (int i = 0; i < length; i++)
        {
            add(bytes[offset + i]);
        }
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
