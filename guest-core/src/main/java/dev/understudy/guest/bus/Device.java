package dev.understudy.guest.bus;

import dev.understudy.guest.state.Stateful;

/**
 * A device that the guest reaches through loads and stores in a window of physical addresses.
 * <p>
 * An access never fails: what a register does not define reads as zero and ignores writes. Owned by the hart thread.
 */
public interface Device extends Stateful
{
    /** Physical address of the first byte of the window. */
    long base();

    /** Size of the window in bytes. */
    long size();

    /** The machine is reset: all registers are as at its start. What the world has given the device stays. */
    void reset();

    /**
     * @param offset from {@link #base()}, naturally aligned
     * @param bytes  1, 2, 4 or 8
     * @return the value, zero-extended
     */
    long load(long offset, int bytes);

    /**
     * @param offset from {@link #base()}, naturally aligned
     * @param bytes  1, 2, 4 or 8
     * @param value  only its lowest {@code bytes} count
     */
    void store(long offset, int bytes, long value);
}
