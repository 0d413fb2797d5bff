package dev.understudy.guest.translate;

/**
 * A way out of a region, and the region that it led to last: control goes there without a lookup as long as the address
 * is the same and no translation has changed. Owned by the hart thread, once made.
 */
final class RegionExit
{
    /**
     * Null before a memory access off the fast path, which the interpreter has to execute: the MMU knows why. With {@link ExitCause#INDIRECT} the region has
     * written the address to the hart's {@code pc}.
     */
    final ExitCause cause;

    /** Address of the next instruction, or of the indirect jump, from the page of the region's entry. */
    final int offset;

    /** Instructions of the last block that were executed and are not counted yet. */
    final int executed;

    /** The instruction before which control leaves, if that is why: a privileged one or a memory access. */
    final long instruction;

    /** How often control went this way, weighted by what that costs. */
    private int taken;
    private RegionCode target;
    private long targetPc;
    private long targetEpoch;

    RegionExit(final ExitCause cause, final int offset, final int executed, final long instruction)
    {
        this.cause = cause;
        this.offset = offset;
        this.executed = executed;
        this.instruction = instruction;
    }

    /** Counts, and returns the count. */
    int take(final int weight)
    {
        taken += weight;
        return taken;
    }

    /** Begins to count anew. */
    void forgetTaken()
    {
        taken = 0;
    }

    int taken()
    {
        return taken;
    }

    /** The address that the exit led to last. */
    long targetPc()
    {
        return targetPc;
    }

    /**
     * The code at an address, if that is where the exit led to last.
     *
     * @param epoch   {@link dev.understudy.guest.memory.Mmu#epoch()}
     * @param context {@link dev.understudy.guest.memory.Mmu#context()}
     */
    RegionCode target(final long pc, final long epoch, final int context)
    {
        final RegionCode last = target;
        return targetPc == pc && targetEpoch == epoch && last != null && last.context == context && !last.isForgotten() ?
            last : null;
    }

    void forgetTarget()
    {
        target = null;
    }

    void target(final RegionCode newTarget, final long pc, final long epoch)
    {
        target = newTarget;
        targetPc = pc;
        targetEpoch = epoch;
    }
}
