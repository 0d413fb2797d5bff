package dev.understudy.guest.hart;

/**
 * A way out of a region, and the region that it led to last: control goes there without a lookup as long as the address
 * is the same and no translation has changed. Owned by the hart thread, once made.
 */
final class RegionExit
{
    enum Kind
    {
        /** To an address that the region does not hold, or because the budget is used up. */
        JUMP,

        /** To an address that was computed; the region has written it to the hart's {@code pc}. */
        INDIRECT,

        /** Before an instruction that the interpreter has to execute: rare, or a memory access off the fast path. */
        STEP
    }

    final Kind kind;

    /** Address of the next instruction, from the page of the region's entry; meaningless when indirect. */
    final int offset;

    /** Instructions of the last block that were executed and are not counted yet. */
    final int executed;

    private Region target;
    private long targetPc;
    private long targetEpoch;

    RegionExit(final Kind kind, final int offset, final int executed)
    {
        this.kind = kind;
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
