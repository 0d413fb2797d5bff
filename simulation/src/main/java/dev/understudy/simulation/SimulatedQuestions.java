package dev.understudy.simulation;

import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.Term;
import dev.understudy.failover.role.Questions;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A process's way to the arbiter. What was asked gets there although the process dies or stands still. */
final class SimulatedQuestions implements Questions
{
    private static final long MIN_WAY_NS = 100_000;
    private static final long MAX_WAY_NS = 4_000_000;

    private final SimulatedProcess process;
    private final Simulation simulation;
    private final SimulatedArbiter arbiter;
    private final SplittableRandom random;

    /** Whether it is not for what the right to let outputs out depends on. */
    private final boolean isView;
    private boolean isAsking;
    private Runnable answer;

    SimulatedQuestions(final SimulatedProcess process, final Simulation simulation, final boolean isView)
    {
        this.process = process;
        this.simulation = simulation;
        this.isView = isView;
        arbiter = simulation.arbiter();
        random = simulation.randoms().of((isView ? "view " : "arbiter ") + process.incarnation());
    }

    @Override
    public boolean isAsking()
    {
        return isAsking;
    }

    @Override
    public void current(final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
    {
        ask(arbiter::current, onTerm, onUnavailable);
    }

    @Override
    public void claim(final Claim claim, final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
    {
        ask(() -> arbiter.claim(claim), onTerm, onUnavailable);
    }

    @Override
    public void check(final Term expected, final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
    {
        ask(arbiter::current, onTerm, onUnavailable);
    }

    private void ask(final Supplier<Term> question, final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
    {
        process.meet(Point.ARBITER);
        isAsking = true;
        final long askedNs = simulation.scheduler().nowNs();
        final SimulatedArbiter.Trouble trouble = arbiter.trouble(process.node());
        simulation.scheduler().after(wayNs(trouble), () ->
        {
            final Runnable result;
            if (trouble.isUnavailable())
            {
                result = () -> onUnavailable.accept("it is out of reach");
            }
            else
            {
                final Term term = question.get();
                result = random.nextDouble() < trouble.lostAnswers() ?
                    () -> onUnavailable.accept("it did not say what it did") : () ->
                    {
                        if (!isView && process.node().name().equals(term.node()))
                        {
                            process.confirmed(askedNs);
                        }
                        onTerm.accept(term);
                    };
            }
            simulation.scheduler().after(wayNs(trouble), () ->
            {
                answer = result;
                process.ring();
            });
        });
    }

    private long wayNs(final SimulatedArbiter.Trouble trouble)
    {
        return Randoms.spread(random, MIN_WAY_NS, MAX_WAY_NS) + (trouble.slowNs() == 0 ? 0 : random.nextLong(trouble.slowNs()));
    }

    @Override
    public boolean poll()
    {
        if (answer == null)
        {
            return false;
        }
        process.meet(Point.ARBITER);
        final Runnable result = answer;
        answer = null;
        isAsking = false;
        result.run();
        return true;
    }
}
