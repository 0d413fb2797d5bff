package dev.understudy.simulation;

import dev.understudy.node.Doorbell;
import dev.understudy.node.HartAgent;
import dev.understudy.node.Harts;
import dev.understudy.replay.Recorder;
import java.util.SplittableRandom;

/** Has the hart of a process make steps of its own, and now and then one in the middle of the agent's. */
final class StepwiseHarts implements Harts
{
    /** What a step takes, and each instruction of it. */
    private static final long STEP_NS = 2_000;
    private static final long INSTRUCTION_NS = 3;

    private final SimulatedProcess process;
    private final Scheduler scheduler;
    private final SplittableRandom random;
    private final long clockOffsetNs;
    private HartAgent hart;
    private Actor actor;

    /** By how much the processor of the guest is slower than usual. */
    private int slowness = 1;

    /** @param clockOffsetNs what the process's clock is ahead of the simulation's time */
    StepwiseHarts(
        final SimulatedProcess process, final Scheduler scheduler, final SplittableRandom random, final long clockOffsetNs)
    {
        this.process = process;
        this.scheduler = scheduler;
        this.random = random;
        this.clockOffsetNs = clockOffsetNs;
    }

    /** Whether the guest runs with the world. */
    boolean isLive()
    {
        return hart != null && hart.isLive();
    }

    /** The guest gets no processor for a while. */
    void hold(final long forNs)
    {
        final Actor held = actor;
        if (held != null && !held.isInStep())
        {
            held.inStep(true);
            scheduler.after(forNs, () ->
            {
                held.inStep(false);
                held.ring();
            });
        }
    }

    /** Others have the processor of the guest: it is slower by a factor. */
    void slow(final int by)
    {
        slowness = by;
    }

    @Override
    public Doorbell bell()
    {
        return () ->
        {
            if (actor != null)
            {
                actor.ring();
            }
        };
    }

    @Override
    public void makeWay()
    {
        // The schedule says who has a processor.
    }

    @Override
    public Running start(final HartAgent started, final boolean isShared)
    {
        final HartActor its = new HartActor(started);
        hart = started;
        actor = its;
        its.wakeAfter(process.latencyNs());
        return new Started(started, its, isShared);
    }

    /** A hart that makes steps. */
    private final class Started implements Running
    {
        private final HartAgent started;
        private final HartActor its;
        private final boolean isShared;

        Started(final HartAgent started, final HartActor its, final boolean isShared)
        {
            this.started = started;
            this.its = its;
            this.isShared = isShared;
        }

        @Override
        public int runHere(final long nowNs)
        {
            if (!isShared || its.isInStep() || started.isFinished() || !started.hasNews() || random.nextBoolean())
            {
                return 0;
            }
            its.inStep(true);
            try
            {
                return started.doWork(Recorder.SLICE_INSTRUCTIONS);
            }
            finally
            {
                its.inStep(false);
                its.ring();
            }
        }

        @Override
        public void leave()
        {
            if (started.hasNews())
            {
                its.ring();
            }
        }

        @Override
        public void stop(final boolean closesJournal)
        {
            started.stop(closesJournal);
        }

        @Override
        public boolean hasStopped()
        {
            return started.isFinished() && !its.isInStep();
        }
    }

    /** What the thread of a hart does. */
    private final class HartActor extends Actor
    {
        private final HartAgent its;

        HartActor(final HartAgent its)
        {
            super(scheduler, process);
            this.its = its;
        }

        @Override
        Next step()
        {
            if (its.isFinished())
            {
                return null;
            }
            final long from = its.position();
            final int work = its.doWork(Recorder.SLICE_INSTRUCTIONS);
            process.requireLife();
            final long costNs = STEP_NS * slowness + Math.max(0, its.position() - from) * INSTRUCTION_NS * slowness +
                its.pauseNs();
            if (work > 0 || its.hasNews())
            {
                return new Next(costNs, false);
            }
            return new Next(costNs + Math.max(0, its.dueNs() - scheduler.nowNs() - clockOffsetNs), true);
        }
    }
}
