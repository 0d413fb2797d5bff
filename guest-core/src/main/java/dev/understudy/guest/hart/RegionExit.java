package dev.understudy.guest.hart;

/**
 * A way out of a region, and the region that it led to last: control goes there without a lookup as long as the address
 * is the same and no translation has changed. Owned by the hart thread, once made.
 */
final class RegionExit
{
    /**
     * Null before a memory access off the fast path, which the interpreter has to execute: then
     * {@link dev.understudy.guest.memory.Mmu#slowAccess()} says why. With {@link ExitCause#INDIRECT} the region has
     * written the address to the hart's {@code pc}.
     */
    final ExitCause cause;

    /** Address of the next instruction, from the page of the region's entry; meaningless when indirect. */
    final int offset;

    /** Instructions of the last block that were executed and are not counted yet. */
    final int executed;

    private Region target;
    private long targetPc;
    private long targetEpoch;

    RegionExit(final ExitCause cause, final int offset, final int executed)
    {
        this.cause = cause;
        this.offset = offset;
        this.executed = executed;
    }

    /**
     * The region at an address, if that is where the exit led to last.
     *
     * @param epoch {@link dev.understudy.guest.memory.Mmu#epoch()}
     */
    Region target(final long pc, final long epoch)
    {
        return targetPc == pc && targetEpoch == epoch && target != null && target.code != null ? target : null;
    }

    void target(final Region newTarget, final long pc, final long epoch)
    {
        target = newTarget;
        targetPc = pc;
        targetEpoch = epoch;
    }
}
