package dev.understudy.guest.hart;

/**
 * Executes the guest's instructions.
 * <p>
 * All engines are the same function of the state of hart, memory and devices; they differ in speed alone. Owned by the
 * hart thread.
 */
public interface Engine
{
    /**
     * Executes until {@code instret} reaches a position, the hart waits for an interrupt, or the guest ends, whichever
     * comes first; never executes past the position.
     */
    void run(long untilPosition);
}
