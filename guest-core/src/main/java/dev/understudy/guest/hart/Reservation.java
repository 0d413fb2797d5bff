package dev.understudy.guest.hart;

import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;

/**
 * What a hart's last LR reserved: a place in RAM, wherever it is mapped, and the value that was there.
 * <p>
 * A write of somebody else to the aligned doubleword around it ends it. The hart's own stores, which do not come by
 * here, need not: an SC may succeed after one, and does when the value is there still, whichever engine stored. Source:
 * RISC-V unprivileged specification, section 14.2 (Load-Reserved/Store-Conditional). Owned by the hart thread.
 */
public final class Reservation implements Stateful
{
    private static final int NONE = -1;
    private static final int SET_BYTES = 8;

    private int reserved = NONE;
    private long value;

    /**
     * An LR.
     *
     * @param offset  from the start of RAM
     * @param present what the LR has read there
     */
    public void reserve(final int offset, final long present)
    {
        reserved = offset;
        value = present;
    }

    /**
     * An SC, which ends the reservation in any case.
     *
     * @param offset  from the start of RAM
     * @param present what is there
     * @return whether the SC may store
     */
    public boolean use(final int offset, final long present)
    {
        final boolean holds = reserved == offset && value == present;
        end();
        return holds;
    }

    /** Ends the reservation, if there is one. */
    public void end()
    {
        reserved = NONE;
    }

    /** As at the start of the machine. */
    void reset()
    {
        end();
        value = 0;
    }

    /** Somebody else writes. */
    void onWrite(final int offset, final int length)
    {
        final int set = reserved & -SET_BYTES;
        if (reserved != NONE && offset < set + SET_BYTES && set < offset + length)
        {
            end();
        }
    }

    @Override
    public void save(final StateWriter to)
    {
        to.write(reserved);
        to.write(value);
    }

    @Override
    public void load(final StateReader from)
    {
        reserved = from.readInt(NONE, Integer.MAX_VALUE);
        value = from.readLong();
    }
}
