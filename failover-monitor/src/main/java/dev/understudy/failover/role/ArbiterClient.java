package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Arbiter;
import dev.understudy.failover.arbiter.ArbiterUnavailableException;
import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.Term;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Asks the arbiter on a thread of its own, one question at a time; the agent thread collects the answers.
 * <p>
 * An arbiter may take long to answer (a network file system that is gone): heartbeats and replay go on meanwhile.
 */
public final class ArbiterClient implements Questions, AutoCloseable
{
    private final Arbiter arbiter;
    private final Runnable onAnswer;
    private final ExecutorService executor;

    private boolean asking;
    private volatile Runnable answer;

    /**
     * @param thread   its name
     * @param onAnswer called on the arbiter's thread when an answer waits for {@link #poll}
     */
    public ArbiterClient(final Arbiter arbiter, final String thread, final Runnable onAnswer)
    {
        this.arbiter = arbiter;
        this.onAnswer = onAnswer;
        executor = Executors.newSingleThreadExecutor(Thread.ofPlatform().name(thread).daemon().factory());
    }

    @Override
    public boolean isAsking()
    {
        return asking;
    }

    @Override
    public void current(final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
    {
        ask(() ->
        {
            final Term term = arbiter.current();
            return () -> onTerm.accept(term);
        }, onUnavailable);
    }

    @Override
    public void claim(final Claim claim, final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
    {
        ask(() ->
        {
            final Term term = arbiter.claim(claim);
            return () -> onTerm.accept(term);
        }, onUnavailable);
    }

    @Override
    public void check(final Term expected, final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
    {
        ask(() ->
        {
            final Term term = arbiter.current();
            if (term.isSameAs(expected))
            {
                arbiter.rehearse();
            }
            return () -> onTerm.accept(term);
        }, onUnavailable);
    }

    private void ask(final Supplier<Runnable> question, final Consumer<String> onUnavailable)
    {
        asking = true;
        executor.execute(() ->
        {
            Runnable result;
            try
            {
                result = question.get();
            }
            catch (final ArbiterUnavailableException e)
            {
                result = () -> onUnavailable.accept(e.getMessage());
            }
            catch (final RuntimeException e)
            {
                // A question that is never answered would hold the outputs for ever.
                result = () -> onUnavailable.accept("the arbiter failed: " + e);
            }
            answer = result;
            onAnswer.run();
        });
    }

    @Override
    public boolean poll()
    {
        final Runnable result = answer;
        if (result == null)
        {
            return false;
        }
        answer = null;
        asking = false;
        result.run();
        return true;
    }

    @Override
    public void close()
    {
        executor.shutdownNow();
    }
}
