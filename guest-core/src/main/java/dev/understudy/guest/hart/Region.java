package dev.understudy.guest.hart;

/** A piece of guest code in the cache: from its plan on, and with a translation once that is made. */
final class Region
{
    final RegionPlan plan;
    final int context;

    /** Whether a wide region takes the place of this one, or is about to. */
    boolean isWidened;

    /** The next region with the same entry, in another context; null if there is none. */
    Region next;

    /** Null until translated, and once forgotten. */
    RegionCode code;

    /** Whether the code has changed, or the cache was emptied, since the region was planned. */
    boolean isForgotten;

    Region(final RegionPlan plan)
    {
        this.plan = plan;
        context = plan.context();
        isWidened = plan.isWide();
    }

    void forget()
    {
        isForgotten = true;
        if (code != null)
        {
            code.forget();
            code = null;
        }
    }
}
