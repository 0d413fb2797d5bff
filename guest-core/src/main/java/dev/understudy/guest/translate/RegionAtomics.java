package dev.understudy.guest.translate;

import dev.understudy.guest.hart.Arithmetic;
import dev.understudy.guest.hart.Hart;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The atomic operations of translated code, on RAM that was looked up. */
final class RegionAtomics
{
    private static final VarHandle INT =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private RegionAtomics()
    {
    }

    static long atomicWord(final byte[] ram, final int at, final long operand, final int funct5)
    {
        final int old = (int)INT.get(ram, at);
        INT.set(ram, at, Arithmetic.atomicWord(funct5, old, (int)operand));
        return old;
    }

    static long atomicDouble(final byte[] ram, final int at, final long operand, final int funct5)
    {
        final long old = (long)LONG.get(ram, at);
        LONG.set(ram, at, Arithmetic.atomicDouble(funct5, old, operand));
        return old;
    }

    static long loadReservedWord(final Hart hart, final byte[] ram, final int at)
    {
        final long value = (int)INT.get(ram, at);
        hart.reservation.reserve(at, value);
        return value;
    }

    static long loadReservedDouble(final Hart hart, final byte[] ram, final int at)
    {
        final long value = (long)LONG.get(ram, at);
        hart.reservation.reserve(at, value);
        return value;
    }

    /** Returns what the instruction leaves in its register: 0 when it has stored. */
    static long storeConditionalWord(
        final Hart hart, final byte[] ram, final int at, final long value)
    {
        final boolean succeeds = hart.reservation.use(at, (int)INT.get(ram, at));
        if (succeeds)
        {
            INT.set(ram, at, (int)value);
        }
        return succeeds ? 0 : 1;
    }

    /** As {@link #storeConditionalWord}. */
    static long storeConditionalDouble(
        final Hart hart, final byte[] ram, final int at, final long value)
    {
        final boolean succeeds = hart.reservation.use(at, (long)LONG.get(ram, at));
        if (succeeds)
        {
            LONG.set(ram, at, value);
        }
        return succeeds ? 0 : 1;
    }
}
