package dev.understudy.guest.sbi;

import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/**
 * The console that the SBI calls read: a bounded queue of bytes from the world. The serial port reads the same queue.
 * Owned by the hart thread.
 * <p>
 * A guest may have other consoles, virtio's and the serial port. Input goes to virtio's once its driver is ready, unless the
 * guest has read this one since, as Linux reads {@code hvc0} here when somebody has opened it, or reads the serial port.
 */
public final class FirmwareConsole implements Stateful
{
    /** Bytes that may wait for the guest; a pasted page of text. */
    static final int CAPACITY_BYTES = 4 * 1024;

    private final byte[] bytes = new byte[CAPACITY_BYTES];
    private int head;
    private int count;
    private boolean isRead;

    @Derived("who else is in the machine")
    private Runnable listener = () ->
    {
    };

    /** Has a listener be told when there is more or less input. */
    public void onChange(final Runnable newListener)
    {
        listener = newListener;
    }

    /** Whether the guest has read from here since the start, or since {@link #onOtherConsole}. */
    public boolean isRead()
    {
        return isRead;
    }

    /** Another console is ready: what is read from here counts from now on. */
    public void onOtherConsole()
    {
        isRead = false;
    }

    /** Number of bytes that {@link #offer} would take. */
    public int room()
    {
        return CAPACITY_BYTES - count;
    }

    /** Takes as much input from the world as there is room for, and says how much that was. */
    public int offer(final byte[] data, final int offset, final int length)
    {
        final int taken = Math.min(length, room());
        for (int i = 0; i < taken; i++)
        {
            bytes[(head + count++) % CAPACITY_BYTES] = data[offset + i];
        }
        listener.run();
        return taken;
    }

    /** Number of bytes that wait for the guest. */
    public int count()
    {
        return count;
    }

    /** The next byte, or -1, for the firmware's calls. */
    int poll()
    {
        isRead = true;
        return count == 0 ? -1 : take();
    }

    /** The next byte; there is one. */
    public int take()
    {
        final int value = bytes[head] & 0xFF;
        head = (head + 1) % CAPACITY_BYTES;
        count--;
        listener.run();
        return value;
    }

    /** The machine is reset: nobody has read yet. What was typed waits on. */
    public void reset()
    {
        isRead = false;
        listener.run();
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(isRead);
        to.write(count);
        for (int i = 0; i < count; i++)
        {
            to.write(bytes[(head + i) % CAPACITY_BYTES]);
        }
    }

    @Override
    public void load(final StateReader from)
    {
        isRead = from.readBoolean();
        count = from.readInt(0, CAPACITY_BYTES);
        head = 0;
        for (int i = 0; i < count; i++)
        {
            bytes[i] = from.readByte();
        }
    }
}
