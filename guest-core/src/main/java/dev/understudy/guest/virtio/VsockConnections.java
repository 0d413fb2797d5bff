package dev.understudy.guest.virtio;

import dev.understudy.guest.state.StateException;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import java.util.Arrays;

/**
 * The connections between guest and host that have been asked for and not reset, ordered by guest port, then host
 * port, both unsigned.
 * <p>
 * A connection lives until an RST: after SHUTDOWN packets, too, both ends still wait for one. Owned by the hart thread.
 */
final class VsockConnections implements Stateful
{
    /** Connections that may be live at once: several times what a guest server is usually set to. */
    static final int MAX_CONNECTIONS = 4096;

    /** Guest port in the high half, host port in the low one, with the sign bit turned so that long order is ours. */
    private final long[] keys = new long[MAX_CONNECTIONS];

    private int count;

    int count()
    {
        return count;
    }

    boolean isFull()
    {
        return count == MAX_CONNECTIONS;
    }

    boolean contains(final int guestPort, final int hostPort)
    {
        return find(key(guestPort, hostPort)) >= 0;
    }

    /** Adds a connection if it is new; there is room for it then. */
    void add(final int guestPort, final int hostPort)
    {
        final long key = key(guestPort, hostPort);
        final int index = find(key);
        if (index < 0)
        {
            final int insertion = -index - 1;
            System.arraycopy(keys, insertion, keys, insertion + 1, count - insertion);
            keys[insertion] = key;
            count++;
        }
    }

    void remove(final int guestPort, final int hostPort)
    {
        final int index = find(key(guestPort, hostPort));
        if (index >= 0)
        {
            count--;
            System.arraycopy(keys, index + 1, keys, index, count - index);
        }
    }

    int guestPort(final int index)
    {
        return (int)((keys[index] ^ Long.MIN_VALUE) >>> Integer.SIZE);
    }

    int hostPort(final int index)
    {
        return (int)keys[index];
    }

    void clear()
    {
        count = 0;
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(count);
        for (int i = 0; i < count; i++)
        {
            to.write(keys[i]);
        }
    }

    @Override
    public void load(final StateReader from)
    {
        count = from.readInt(0, MAX_CONNECTIONS);
        for (int i = 0; i < count; i++)
        {
            keys[i] = from.readLong();
            if (i > 0 && keys[i] <= keys[i - 1])
            {
                throw new StateException("the saved state has connections that are not in order: it was damaged");
            }
        }
    }

    private int find(final long key)
    {
        return Arrays.binarySearch(keys, 0, count, key);
    }

    private static long key(final int guestPort, final int hostPort)
    {
        return (((long)guestPort << Integer.SIZE) | (hostPort & 0xFFFF_FFFFL)) ^ Long.MIN_VALUE;
    }
}
