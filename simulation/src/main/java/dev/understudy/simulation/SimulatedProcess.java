package dev.understudy.simulation;

import dev.understudy.failover.role.PairSettings;
import dev.understudy.failover.role.Role;
import dev.understudy.node.NodeAgent;
import dev.understudy.node.NodeContext;
import dev.understudy.node.NodeSettings;
import dev.understudy.node.NodeState;
import dev.understudy.node.Placement;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.SplittableRandom;

/**
 * A process that runs a node: an agent and a hart that take turns with all else, as threads do. It can stand still or die
 * wherever it meets its world.
 */
final class SimulatedProcess
{
    private static final long DIGEST_NS = 100_000_000;
    private static final int SOFT_LAG_MS = 50;
    private static final int HARD_LAG_MS = 250;

    /** What a step of the agent takes. */
    private static final long MIN_STEP_NS = 3_000;
    private static final long MAX_STEP_NS = 40_000;

    /** A scheduler lets others run in the middle of a step once in so many meetings with the world, and for how long. */
    private static final int PREEMPTION = 300;
    private static final long MIN_PREEMPTION_NS = 5_000;
    private static final long MAX_PREEMPTION_NS = 8_000_000;

    /** Stands still within others' stand-stills at most so deep. */
    private static final int MAX_DEPTH = 12;

    private static final long EPOCH_SECONDS = 1_795_000_000L;

    private final Simulation simulation;
    private final Scheduler scheduler;
    private final SimulatedNode node;
    private final SplittableRandom random;
    private final long incarnation;
    private final long clockOffsetNs;
    private final SimulatedLink link;
    private final SimulatedWorld world;
    private final ArrayDeque<Runnable> posted = new ArrayDeque<>();
    private final Actor agentActor;
    private final StepwiseHarts harts;
    private NodeAgent agent;
    private Actor running;
    private boolean isDead;
    private long stoppedUntilNs;
    private long stopEndNs = Long.MIN_VALUE;
    private long confirmedNs = Long.MIN_VALUE;
    private StopOrder order;

    /** A fault that strikes at the n-th meeting with the world from now on. */
    private static final class StopOrder
    {
        private final Point point;
        private final Runnable fault;
        private final boolean holdsOthers;
        private int left;

        StopOrder(final Point point, final int left, final boolean holdsOthers, final Runnable fault)
        {
            this.point = point;
            this.left = left;
            this.holdsOthers = holdsOthers;
            this.fault = fault;
        }

        /** Who waits for a processor in the middle of a step would have to wait for whoever stands still above it. */
        boolean isDue(final Point at, final int preempted)
        {
            return (point == null || point == at) && (!holdsOthers || preempted == 0) && --left < 0;
        }
    }

    SimulatedProcess(final Simulation simulation, final SimulatedNode node, final int number)
    {
        this.simulation = simulation;
        this.node = node;
        scheduler = simulation.scheduler();
        random = simulation.randoms().of("process " + node.name() + number);
        incarnation = random.nextLong() | 1;
        clockOffsetNs = random.nextLong(-1L << 50, 1L << 50);
        link = new SimulatedLink(this, simulation.network(), random.nextLong());
        world = new SimulatedWorld(simulation, this);
        agentActor = new AgentActor();
        harts = new StepwiseHarts(this, scheduler, random, clockOffsetNs);
    }

    /** Begins to run: the JVM has started. */
    void start()
    {
        agentActor.wakeAfter(0);
    }

    private void begin()
    {
        agent = new NodeAgent(
            new NodeSettings(
                incarnation,
                new PairSettings(node.name(), node.peer().name(), Simulation.INTERVAL_MS, Simulation.TIMEOUT_MS,
                    simulation.agreed()),
                DIGEST_NS,
                0,
                SOFT_LAG_MS,
                HARD_LAG_MS,
                false),
            new NodeContext(
                this::nanoTime,
                () -> Instant.ofEpochSecond(EPOCH_SECONDS, scheduler.nowNs()),
                random,
                link,
                node.journals(this),
                new SimulatedQuestions(this, simulation, false),
                new SimulatedQuestions(this, simulation, true),
                new KvGuest(simulation.kernel(), this),
                world,
                harts,
                Placement.ALONE,
                agentActor::ring,
                text -> simulation.trace().notice(node.name(), text)));
        agent.onStart();
    }

    // Where it meets its world.

    /** It does so now: others may run, and it may stand still, or die. */
    void meet(final Point point)
    {
        requireLife();
        if (running == null)
        {
            return;
        }
        if (order != null && order.isDue(point, simulation.preempted()))
        {
            final Runnable fault = order.fault;
            order = null;
            fault.run();
            standStill();
        }
        else if (random.nextInt(PREEMPTION) == 0 && simulation.depth() < MAX_DEPTH)
        {
            preempt(Randoms.spread(random, MIN_PREEMPTION_NS, MAX_PREEMPTION_NS));
        }
    }

    /** Unwinds a process that has died. */
    void requireLife()
    {
        if (isDead || scheduler.isStopped())
        {
            throw new ProcessDeath();
        }
    }

    /** Only this thread of the process loses its processor. */
    void preempt(final long durationNs)
    {
        final long sinceNs = scheduler.nowNs();
        simulation.preempt(sinceNs + durationNs);
        requireLife();
        standStill();
        if (running == agentActor)
        {
            noteStop(sinceNs);
        }
    }

    /** While the process is stopped, others run. */
    private void standStill()
    {
        while (isStopped() && !isDead && !scheduler.isStopped())
        {
            simulation.others(stoppedUntilNs);
        }
        requireLife();
    }

    private void noteStop(final long sinceNs)
    {
        if (scheduler.nowNs() - sinceNs > Simulation.MAX_PAUSE_NS)
        {
            stopEndNs = scheduler.nowNs();
        }
    }

    /**
     * Has a fault strike at a meeting with the world.
     *
     * @param point       where; at any point if that is null
     * @param meetings    that pass before
     * @param holdsOthers whether the process stands still then
     */
    void order(final Point point, final int meetings, final boolean holdsOthers, final Runnable fault)
    {
        order = new StopOrder(point, meetings, holdsOthers, fault);
    }

    /** Stops the process, as SIGSTOP does. */
    void stop(final long durationNs)
    {
        final long untilNs = scheduler.nowNs() + durationNs;
        if (untilNs > stoppedUntilNs)
        {
            if (durationNs > Simulation.MAX_PAUSE_NS)
            {
                stopEndNs = untilNs;
            }
            stoppedUntilNs = untilNs;
        }
    }

    /** The end of all faults: none strikes any more. */
    void spare()
    {
        order = null;
    }

    boolean isStopped()
    {
        return scheduler.nowNs() < stoppedUntilNs;
    }

    long stoppedUntilNs()
    {
        return stoppedUntilNs;
    }

    /** When the agent last went on after it stood still for longer than outputs may go without a look at the arbiter. */
    long stopEndNs()
    {
        return stopEndNs;
    }

    /** The arbiter has answered a question that was asked then: the newest generation is this node's. */
    void confirmed(final long askedNs)
    {
        confirmedNs = Math.max(confirmedNs, askedNs);
    }

    /** When the newest question was asked to which the arbiter answered that. */
    long confirmedNs()
    {
        return confirmedNs;
    }

    // Life and death.

    /** It ends, in the middle of whatever it does. */
    void die()
    {
        isDead = true;
        world.die();
    }

    boolean isDead()
    {
        return isDead;
    }

    /** Has the agent's thread do something before its next step. */
    void post(final Runnable task)
    {
        posted.add(task);
        agentActor.ring();
    }

    void leave()
    {
        if (agent != null)
        {
            agent.leave();
        }
    }

    void onPeerEnded(final long peerIncarnation)
    {
        post(() -> agent.onPeerEnded(peerIncarnation));
    }

    /** Wakes the agent. */
    void ring()
    {
        agentActor.ring();
    }

    /** Which actor runs from now on; returns the one before. */
    Actor enter(final Actor actor)
    {
        final Actor before = running;
        running = actor;
        return before;
    }

    /** Time that it takes to wake up, in nanoseconds. */
    long latencyNs()
    {
        return random.nextLong(1_000, 60_000);
    }

    private long nanoTime()
    {
        meet(Point.CLOCK);
        return scheduler.nowNs() + clockOffsetNs;
    }

    SimulatedNode node()
    {
        return node;
    }

    SimulatedLink link()
    {
        return link;
    }

    /** What runs its guest. */
    StepwiseHarts harts()
    {
        return harts;
    }

    SimulatedWorld world()
    {
        return world;
    }

    long incarnation()
    {
        return incarnation;
    }

    /** What the node has published; null while it has not begun. */
    NodeState state()
    {
        return agent == null ? null : agent.state();
    }

    boolean isPrimary()
    {
        return agent != null && agent.state().role() == Role.PRIMARY;
    }

    /** Whether the guest runs with the world. */
    boolean isLive()
    {
        return harts.isLive();
    }

    /** Runs whatever an agent's thread does. */
    private final class AgentActor extends Actor
    {
        AgentActor()
        {
            super(scheduler, SimulatedProcess.this);
        }

        @Override
        Next step()
        {
            final int work;
            try
            {
                if (agent == null)
                {
                    begin();
                }
                for (Runnable task = posted.poll(); task != null; task = posted.poll())
                {
                    task.run();
                }
                work = agent.doWork();
            }
            // A node that fails without a word is a fault in itself.
            catch (final RuntimeException | AssertionError e)
            {
                simulation.witness().fail(node.name() + "'s agent failed: " + e, e);
                return null;
            }
            simulation.witness().looked(SimulatedProcess.this, agent.state());
            if (agent.isDone())
            {
                final String reason = agent.haltReason();
                simulation.witness().ended(SimulatedProcess.this, reason, agent.end());
                agent.onClose();
                node.exited(SimulatedProcess.this, reason == null ? "left" : "halted");
                return null;
            }
            final long costNs = random.nextLong(MIN_STEP_NS, MAX_STEP_NS);
            if (work > 0)
            {
                return new Next(costNs, false);
            }
            agent.leaveGuest();
            return new Next(costNs + agent.idleNs(nanoTime()) / 1_000_000 * 1_000_000 + 1_000_000, true);
        }
    }
}
