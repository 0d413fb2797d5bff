package dev.understudy.replay.snapshot;

import dev.understudy.guest.state.PagedMemory;
import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;

/**
 * The numbers of a machine's state as bytes: seven bits a byte, the lowest first, of each number with its sign in the lowest
 * bit. RAM is none of it: whoever writes or reads the rest says what to do with it. Not thread-safe.
 */
final class StateBytes implements StateWriter
{
    private static final int BITS = 7;
    private static final int MORE = 1 << BITS;

    /** A number of 64 bits has so many bytes at most. */
    private static final int MAX_SHIFT = 63;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Consumer<PagedMemory> memory;

    /** @param memory takes RAM when its turn comes */
    StateBytes(final Consumer<PagedMemory> memory)
    {
        this.memory = memory;
    }

    @Override
    public void write(final long value)
    {
        long rest = value << 1 ^ value >> Long.SIZE - 1;
        while ((rest & -MORE) != 0)
        {
            bytes.write((int)rest & MORE - 1 | MORE);
            rest >>>= BITS;
        }
        bytes.write((int)rest);
    }

    @Override
    public void write(final byte[] from, final int offset, final int length)
    {
        bytes.write(from, offset, length);
    }

    @Override
    public void write(final PagedMemory from)
    {
        memory.accept(from);
    }

    byte[] toByteArray()
    {
        return bytes.toByteArray();
    }

    /**
     * Reads what was written.
     *
     * @param memory fills RAM when its turn comes
     */
    static StateReader reader(final byte[] state, final Consumer<PagedMemory> memory)
    {
        return new StateReader()
        {
            private int next;

            @Override
            public long readLong()
            {
                long value = 0;
                for (int shift = 0; shift <= MAX_SHIFT; shift += BITS)
                {
                    need(1);
                    final byte part = state[next++];
                    value |= (part & MORE - 1L) << shift;
                    if (part >= 0)
                    {
                        return value >>> 1 ^ -(value & 1);
                    }
                }
                throw new StateException("the saved state has a number of more than 64 bits: it was damaged");
            }

            @Override
            public void read(final byte[] to, final int offset, final int length)
            {
                need(length);
                System.arraycopy(state, next, to, offset, length);
                next += length;
            }

            @Override
            public void read(final PagedMemory to)
            {
                memory.accept(to);
            }

            private void need(final int length)
            {
                if (length > state.length - next)
                {
                    throw new StateException("the saved state ends after " + state.length +
                        " bytes, and more belong to it: it was damaged, or saved by another version of the machine");
                }
            }
        };
    }
}
