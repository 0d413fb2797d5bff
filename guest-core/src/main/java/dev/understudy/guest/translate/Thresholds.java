package dev.understudy.guest.translate;

/**
 * How often code has to be come upon until it is worth what HotSpot takes for it.
 *
 * @param stretch     instructions that are interpreted before a look at where they are: a loop within a page shows by
 *     that only
 * @param stretchHeat what such a look adds to the heat of the place; to come upon a place otherwise adds 1
 * @param region      heat at which a region is translated
 * @param wide        how often a way out of a region is taken until a wide one is worth its translation
 * @param target      how often an indirect jump was taken whose last target is worth a comparison in a wide region
 */
record Thresholds(int stretch, int stretchHeat, int region, int wide, int target)
{
    /** For translations that are made on a thread beside. */
    static final Thresholds BESIDE = new Thresholds(500, 40, 5_000, 4_000_000, 1_000);

    /** For translations that the hart waits for: of all code when it is come upon for the second time. */
    static final Thresholds AT_ONCE = new Thresholds(20, 1, 1, 500, 1_000);
}
