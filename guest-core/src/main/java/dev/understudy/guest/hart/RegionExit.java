package dev.understudy.guest.hart;

/**
 * A way out of a region.
 *
 * @param kind     why control leaves
 * @param offset   address of the next instruction, from the page of the region's entry; meaningless when indirect
 * @param executed instructions of the last block that were executed and are not counted yet
 */
record RegionExit(Kind kind, int offset, int executed)
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
}
