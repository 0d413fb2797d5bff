package dev.understudy.guest.translate;

import java.util.List;

/**
 * The method of a translated region, beside what is looked at each time that it is entered; each region has a class of
 * its own. Owned by the hart thread, once made.
 */
abstract class RegionCode
{
    /** The owner, and what its plan says. */
    Region region;
    int bias;
    int context;
    int rounding;
    boolean isFloating;

    /** Whether it may not be executed any more. */
    private boolean isForgotten;

    private RegionExit[] exits;

    /** Says whose code this is. */
    void of(final Region owner, final RegionExit... waysOut)
    {
        region = owner;
        bias = owner.plan.bias();
        context = owner.context;
        rounding = owner.rounding;
        isFloating = owner.plan.isFloating();
        exits = waysOut;
    }

    /**
     * Executes until an exit, which is returned. The registers are the hart's on entry and on return; its {@code pc} is
     * written only by an exit whose target the region does not know.
     *
     * @param budget instructions that may be executed, less {@link #bias}; if negative, nothing is done at all and null
     *     is returned. What is left of it, which may be negative, is in the hart then.
     * @param base   virtual address of the page of the region's entry
     */
    abstract RegionExit run(int budget, long base);

    /**
     * Has it not be executed any more. Ways out of others may still name it, which keeps its class: it names no other.
     */
    void forget()
    {
        isForgotten = true;
        for (final RegionExit exit : exits)
        {
            exit.forgetTarget();
        }
    }

    boolean isForgotten()
    {
        return isForgotten;
    }

    List<RegionExit> exits()
    {
        return List.of(exits);
    }
}
