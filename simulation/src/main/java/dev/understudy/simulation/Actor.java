package dev.understudy.simulation;

/** What a thread of a process does: steps, and sleep between them. */
abstract class Actor
{
    private final Scheduler scheduler;
    private final SimulatedProcess process;
    private long wakeNs = Long.MAX_VALUE;
    private int token;
    private boolean isInStep;
    private boolean isRung;

    Actor(final Scheduler scheduler, final SimulatedProcess process)
    {
        this.scheduler = scheduler;
        this.process = process;
    }

    /** One step; returns the time until the next one, in nanoseconds, and whether a bell may shorten it. */
    abstract Next step();

    /** When an actor goes on: after {@code delayNs}, or when its bell rings if it {@code sleeps}. */
    record Next(long delayNs, boolean sleeps)
    {
    }

    /** Has the actor make a step after a while, unless it makes one before. */
    void wakeAfter(final long delayNs)
    {
        final long atNs = scheduler.nowNs() + delayNs;
        if (atNs < wakeNs)
        {
            wakeNs = atNs;
            final int mine = ++token;
            scheduler.at(atNs, () -> fire(mine));
        }
    }

    private void fire(final int its)
    {
        if (its != token || process.isDead())
        {
            return;
        }
        wakeNs = Long.MAX_VALUE;
        if (isInStep)
        {
            isRung = true;
        }
        else if (process.isStopped())
        {
            wakeAfter(process.stoppedUntilNs() - scheduler.nowNs() + process.latencyNs());
        }
        else
        {
            runStep();
        }
    }

    private void runStep()
    {
        isRung = false;
        final Next next = run();
        if (next != null && !process.isDead())
        {
            wakeAfter(isRung && next.sleeps ? process.latencyNs() : next.delayNs);
        }
    }

    /** Makes a step now; null when the process died in it. */
    private Next run()
    {
        isInStep = true;
        final Actor before = process.enter(this);
        try
        {
            return step();
        }
        catch (final ProcessDeath e)
        {
            return null;
        }
        finally
        {
            process.enter(before);
            isInStep = false;
        }
    }

    /** Whether it is in the middle of a step, in which others may run. */
    boolean isInStep()
    {
        return isInStep;
    }

    /** Marks a step that another actor makes in its place, or its end. */
    void inStep(final boolean is)
    {
        isInStep = is;
    }

    /** Wakes the actor if it sleeps. */
    void ring()
    {
        isRung = true;
        if (!isInStep && !process.isDead())
        {
            wakeAfter(process.latencyNs());
        }
    }
}
