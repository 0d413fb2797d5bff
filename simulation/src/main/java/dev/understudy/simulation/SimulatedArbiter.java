package dev.understudy.simulation;

import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.Term;
import java.util.HashMap;
import java.util.Map;

/** Grants generations as the directory of terms does. Slow, out of reach, or silent after a grant, as faults will have it. */
final class SimulatedArbiter
{
    /** What is wrong with the way of one node to the arbiter. */
    static final class Trouble
    {
        private boolean isUnavailable;
        private long slowNs;
        private double lostAnswers;

        /** Nothing is wrong any more. */
        void end()
        {
            isUnavailable = false;
            slowNs = 0;
            lostAnswers = 0;
        }

        void unavailable()
        {
            isUnavailable = true;
        }

        void slow(final long byNs)
        {
            slowNs = byNs;
        }

        void losesAnswers(final double share)
        {
            lostAnswers = share;
        }

        boolean isUnavailable()
        {
            return isUnavailable;
        }

        long slowNs()
        {
            return slowNs;
        }

        double lostAnswers()
        {
            return lostAnswers;
        }
    }

    private final Simulation simulation;
    private final Map<String, Trouble> troubles = new HashMap<>();
    private Term newest = Term.NONE;

    SimulatedArbiter(final Simulation simulation)
    {
        this.simulation = simulation;
    }

    /** What is wrong for a node. */
    Trouble trouble(final SimulatedNode node)
    {
        return troubles.computeIfAbsent(node.name(), name -> new Trouble());
    }

    Term current()
    {
        return newest;
    }

    /** Grants a generation after the newest term, once. */
    Term claim(final Claim claim)
    {
        if (newest.isOf(claim) || !newest.isSameAs(claim.after()))
        {
            return newest;
        }
        newest = new Term(claim.generation(), claim.node(), claim.id(), claim.reason(),
            simulation.scheduler().nowNs() / 1_000_000);
        simulation.trace().say("arbiter", "grants generation " + newest.generation() + " to " + newest.node());
        return newest;
    }
}
