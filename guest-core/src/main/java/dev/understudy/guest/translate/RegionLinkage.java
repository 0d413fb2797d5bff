package dev.understudy.guest.translate;

import dev.understudy.guest.hart.FloatingOperations;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.memory.Mmu;

/**
 * What the class of a region takes its constants from, and leaves its only instance in, while it is initialized.
 * <p>
 * Static final fields of a hidden class are constants to HotSpot. Guarded by the lock of this class.
 */
final class RegionLinkage
{
    static Hart hart;
    static Mmu mmu;
    static byte[] ram;
    static FloatingOperations operations;
    static RegionPlan.Tables tables;
    static RegionExit[] exits;
    static RegionCode made;

    private RegionLinkage()
    {
    }

    static void clear()
    {
        hart = null;
        mmu = null;
        ram = null;
        operations = null;
        tables = null;
        exits = null;
        made = null;
    }
}
