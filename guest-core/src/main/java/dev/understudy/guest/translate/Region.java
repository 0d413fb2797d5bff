package dev.understudy.guest.translate;

/** A piece of guest code in the cache: from its plan on, and with a translation once that is made. */
final class Region
{
    final RegionPlan plan;
    final int context;
    final int rounding;

    /** Whether a wide region takes the place of this one, or is about to. */
    boolean isWidened;

    /** The next region with the same entry, in another context or for another rounding mode; null if there is none. */
    Region next;

    /** Null until translated, and once forgotten. */
    RegionCode code;

    /** Whether the code has changed, or the cache was emptied, since the region was planned. */
    boolean isForgotten;

    Region(final RegionPlan plan)
    {
        this.plan = plan;
        context = plan.context();
        rounding = plan.rounding();
        isWidened = plan.isWide();
    }

    /**
     * Whether it may be executed in a context while the dynamic rounding mode is this one.
     *
     * @param frm {@link RegionPlan#ANY_ROUNDING} asks for one that serves all
     */
    boolean isFor(final int otherContext, final int frm)
    {
        return context == otherContext && (rounding == RegionPlan.ANY_ROUNDING || rounding == frm);
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
