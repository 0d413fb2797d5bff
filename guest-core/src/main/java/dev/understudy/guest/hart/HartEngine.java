package dev.understudy.guest.hart;

/** The outer loop of all engines: interrupts, the timer, waiting, and the end at a position. Owned by the hart thread. */
abstract class HartEngine implements Engine
{
    final Hart hart;

    /** The position from which on the run may end wherever that is cheapest. */
    private long fromPosition;

    HartEngine(final Hart hart)
    {
        this.hart = hart;
    }

    @Override
    public final void run(final long from, final long untilPosition)
    {
        fromPosition = from;
        // At the position nothing happens any more, not even a wake-up: what a digest there sees must not depend on
        // how often this was called.
        while (hart.instret < from)
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

    /** Whether the hart need not go on to a limit now: it is there, or has gone far enough. */
    final boolean mayEnd(final long limit)
    {
        return hart.instret >= Math.min(limit, fromPosition);
    }

    /**
     * Executes at least one instruction or takes a trap, and never goes past the limit.
     *
     * @return false when it may have changed which interrupt is to be taken, when the timer fires, or whether the hart
     *     runs: looking at that costs more than ten instructions, and code leaves its page every fifteen
     */
    abstract boolean advance(long limit);
}
