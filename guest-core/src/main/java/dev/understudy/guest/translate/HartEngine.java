package dev.understudy.guest.translate;

import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.HartState;
import dev.understudy.guest.state.Derived;

/** The outer loop of all engines: interrupts, the timer, waiting, and the end at a position. Owned by the hart thread. */
@Derived("the code in memory: an engine is a matter of speed")
abstract class HartEngine implements Engine
{
    final Hart hart;

    /** The position from which on a run may end wherever that is cheapest. */
    private long endFrom;

    HartEngine(final Hart hart)
    {
        this.hart = hart;
    }

    @Override
    public final void run(final long fromPosition, final long untilPosition)
    {
        // Whoever goes on by so little that both positions are here still has to get on.
        endFrom = Math.max(fromPosition, hart.instret + 1);
        // At the position nothing happens any more, not even a wake-up: what a digest there sees must not depend on
        // how often this was called.
        // But an alarm has rung where it was due, as one has that a clock sample made due.
        for (hart.ring(); !mayEnd(untilPosition); hart.ring())
        {
            if (hart.state != HartState.RUNNING && !hart.wake())
            {
                return;
            }
            hart.takeInterrupt();
            final long limit = Math.min(untilPosition, hart.timerPosition());
            boolean isSame = true;
            while (isSame && !mayEnd(limit))
            {
                isSame = advance(limit);
            }
        }
    }

    /**
     * Whether the run may end here, or the hart go no further than to this limit. Not behind an exception, which retires
     * nothing: a run that ends at this position exactly has not taken it.
     */
    final boolean mayEnd(final long limit)
    {
        return hart.instret >= limit || (hart.instret >= endFrom && !hart.hasExceptionHere());
    }

    /**
     * Executes at least one instruction or takes a trap, and never goes past the limit.
     *
     * @return false when it may have changed which interrupt is to be taken, when the timer fires, or whether the hart
     *     runs: looking at that costs more than ten instructions, and code leaves its page every fifteen
     */
    abstract boolean advance(long limit);
}
