package dev.understudy.guest.state;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A 64-bit hash of a block of data, eight bytes at a time where {@link StateHash} takes one.
 * <p>
 * Finds data that differ by accident, as {@link StateHash} does. Stateless.
 */
public final class DataHash
{
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private static final long PRIME_1 = 0x9E37_79B1_85EB_CA87L;
    private static final long PRIME_2 = 0xC2B2_AE3D_27D4_EB4FL;
    private static final int STEP_BYTES = 4 * Long.BYTES;

    private DataHash()
    {
    }

    /** Hash of a whole array, its length included. */
    public static long of(final byte[] data)
    {
        // Four independent lanes hide the latency of the multiplication, as in MemoryHash.
        long a = PRIME_1;
        long b = PRIME_2;
        long c = ~PRIME_1;
        long d = ~PRIME_2;
        int at = 0;
        for (final int end = data.length - STEP_BYTES; at <= end; at += STEP_BYTES)
        {
            a = (Long.rotateLeft(a, 31) ^ (long)LONG.get(data, at)) * PRIME_1;
            b = (Long.rotateLeft(b, 31) ^ (long)LONG.get(data, at + 8)) * PRIME_2;
            c = (Long.rotateLeft(c, 31) ^ (long)LONG.get(data, at + 16)) * PRIME_1;
            d = (Long.rotateLeft(d, 31) ^ (long)LONG.get(data, at + 24)) * PRIME_2;
        }
        for (; at < data.length; at++)
        {
            a = (Long.rotateLeft(a, 31) ^ data[at]) * PRIME_1;
        }
        return StateHash.mix(StateHash.mix(a + data.length) + StateHash.mix(b) * PRIME_1 +
            StateHash.mix(c) * PRIME_2 + StateHash.mix(d));
    }
}
