package dev.understudy.guest.hart;

import java.util.List;

/** The method of a translated region; each region has a class of its own. */
abstract class RegionCode
{
    private RegionExit[] exits;

    /**
     * Executes until an exit. The registers are the hart's on entry and on return; its {@code pc} is written only by an
     * exit whose target the region does not know.
     *
     * @param budget instructions that may be executed, less {@link RegionPlan#bias()}; if negative, nothing is done at all
     * @param base   virtual address of the page of the region's entry
     * @return what is left of the budget in the high half, which may be negative, and the number of the exit in the low
     */
    abstract long run(int budget, long base);

    RegionExit exit(final int number)
    {
        return exits[number];
    }

    List<RegionExit> exits()
    {
        return List.of(exits);
    }

    void exits(final RegionExit... newExits)
    {
        exits = newExits;
    }
}
