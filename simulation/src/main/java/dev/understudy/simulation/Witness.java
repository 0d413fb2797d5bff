package dev.understudy.simulation;

import dev.understudy.failover.arbiter.Term;
import dev.understudy.failover.role.Role;
import dev.understudy.guest.RunState;
import dev.understudy.node.NodeState;
import java.util.HashMap;
import java.util.Map;

/** Sees all of a pair from outside, and says which of its promises was broken first. */
final class Witness
{
    private final Simulation simulation;

    /** The processes that were primary, by generation. */
    private final Map<Long, SimulatedProcess> primaries = new HashMap<>();
    private String violation;
    private Throwable cause;

    /** The newest entry that an output which has left depends on, and the hash over it and all before. */
    private long releasedSequence = -1;
    private long releasedChain;
    private long outputs;
    private long digests;

    Witness(final Simulation simulation)
    {
        this.simulation = simulation;
    }

    /** A promise was broken: the simulation ends. */
    void fail(final String what, final Throwable why)
    {
        if (violation == null)
        {
            violation = what;
            cause = why;
            simulation.trace().say("VIOLATION", what);
            simulation.scheduler().stop();
        }
    }

    String violation()
    {
        return violation;
    }

    /** What was thrown; null for nothing. */
    Throwable cause()
    {
        return cause;
    }

    /** Number of packets that have left the guest. */
    long outputs()
    {
        return outputs;
    }

    /** Number of digests that backups compared. */
    long digests()
    {
        return digests;
    }

    /** A node goes live: it must have all that anyone was told. */
    void goesLive(final SimulatedProcess process, final long generation)
    {
        becomesPrimary(process, generation);
        final SimulatedNode node = process.node();
        if (releasedSequence >= 0 && !node.holds(releasedSequence, releasedChain))
        {
            fail(node.name() + " goes live in generation " + generation + " with a journal up to entry " +
                node.lastSequence() + ", which does not have entry " + releasedSequence + " that an output depends on", null);
        }
    }

    private void becomesPrimary(final SimulatedProcess process, final long generation)
    {
        final SimulatedProcess other = primaries.putIfAbsent(generation, process);
        if (other != null && other != process)
        {
            fail("two primaries of generation " + generation + ": " + other.node().name() + " and " + process.node().name(),
                null);
        }
    }

    /** A process has made a step of its agent. */
    void looked(final SimulatedProcess process, final NodeState state)
    {
        if (state.role() == Role.PRIMARY)
        {
            becomesPrimary(process, state.generation());
        }
        digests = Math.max(digests, state.digestsCompared());
    }

    /**
     * An output has left.
     *
     * @param dependency the last entry before it; -1 when that is not known
     */
    void left(final SimulatedProcess process, final long dependency)
    {
        final SimulatedNode node = process.node();
        if (process.stopEndNs() > process.confirmedNs())
        {
            fail(node.name() + " let an output out after it had stood still until" + Trace.at(process.stopEndNs()) +
                ", and the arbiter had not said since that it may", null);
        }
        if (dependency < 0)
        {
            return;
        }
        outputs++;
        if (dependency > releasedSequence)
        {
            releasedSequence = dependency;
            releasedChain = node.chain(dependency);
        }
        if (node.peer().hasHeld(dependency, node.chain(dependency)))
        {
            return;
        }
        final Term newest = simulation.arbiter().current();
        if (!node.name().equals(newest.node()))
        {
            fail(node.name() + " let an output out that depends on entry " + dependency + ", which " + node.peer().name() +
                " has not; generation " + newest.generation() + " is of " + newest.node(), null);
        }
        else if (node.roles().isProtected(dependency, newest.generation()))
        {
            fail(node.name() + " let an output out that depends on entry " + dependency + ", which its backup has not", null);
        }
    }

    /** A process ends by itself. */
    void ended(final SimulatedProcess process, final String haltReason, final RunState end)
    {
        if (end != null)
        {
            fail("the guest of " + process.node().name() + " ended: " + end, null);
        }
        // No node of a simulation has two processes.
        if (haltReason != null &&
            (!haltReason.contains("was granted to") || haltReason.contains("another process of this node")))
        {
            fail(process.node().name() + " halted: " + haltReason, null);
        }
    }

    /** Nothing fails any more, and the pair has had time enough. */
    void judge()
    {
        final String problem = simulation.history().problem();
        if (problem != null)
        {
            fail(problem, null);
        }
        final SimulatedNode a = simulation.nodes().getFirst();
        final SimulatedNode b = a.peer();
        final long common = Math.min(a.lastSequence(), b.lastSequence());
        if (common >= 0 && a.chain(common) != b.chain(common))
        {
            fail("the journals differ at entry " + common, null);
        }
    }
}
