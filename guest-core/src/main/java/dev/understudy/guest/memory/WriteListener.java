package dev.understudy.guest.memory;

/** Told of a write to RAM just before it happens. */
@FunctionalInterface
public interface WriteListener
{
    /**
     * @param offset first byte that will change, from the start of RAM
     * @param length number of bytes that will change; of a watched page, within it
     */
    void onWrite(int offset, int length);
}
