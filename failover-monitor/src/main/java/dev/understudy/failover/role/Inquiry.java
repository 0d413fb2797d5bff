package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.Term;
import java.util.function.Consumer;

/**
 * Asks the arbiter one question after the other, not too often, and knows what is wrong with it: that it cannot be
 * reached, does not answer, or answers what cannot be. On the agent thread.
 */
final class Inquiry
{
    private final Questions questions;
    private final long retryNs;
    private long nowNs;
    private long askedNs;
    private long nextNs;
    private String problem;

    /** @param retryMs between two attempts at an arbiter with which something is wrong, in milliseconds */
    Inquiry(final Questions questions, final int retryMs, final long nowNs)
    {
        this.questions = questions;
        this.nowNs = nowNs;
        retryNs = retryMs * 1_000_000L;
        nextNs = nowNs;
    }

    /** Delivers an answer that has come, and notices that none comes; returns the work done. */
    int poll(final long newNowNs)
    {
        nowNs = newNowNs;
        final boolean hasAnswer = questions.poll();
        if (questions.isAsking() && nowNs - askedNs >= PairSettings.ARBITER_SILENCE_MS * 1_000_000L)
        {
            problem = "the arbiter has not answered for " + PairSettings.ARBITER_SILENCE_MS +
                " ms: see to the file system of its directory";
        }
        return hasAnswer ? 1 : 0;
    }

    /** Whether the next question may be asked. */
    boolean isFree()
    {
        return !questions.isAsking() && nowNs - nextNs >= 0;
    }

    /** Lets the next question be asked at once. */
    void hasten()
    {
        nextNs = nowNs;
    }

    /** Has the next question wait. */
    void pause(final long forNs)
    {
        nextNs = nowNs + forNs;
    }

    /** What is wrong with the arbiter, in a sentence; null when nothing is known to be. */
    String problem()
    {
        return problem;
    }

    /** The answer was none that helps: the question is asked again, after a while. */
    void retry(final String why)
    {
        problem = why;
        pause(retryNs);
    }

    void current(final Consumer<Term> onTerm)
    {
        askedNs = nowNs;
        questions.current(term -> answered(term, onTerm), this::unavailable);
    }

    void claim(final Claim claim, final Consumer<Term> onTerm)
    {
        askedNs = nowNs;
        questions.claim(claim, term -> answered(term, onTerm), this::unavailable);
    }

    void check(final Term expected, final Consumer<Term> onTerm)
    {
        askedNs = nowNs;
        questions.check(expected, term -> answered(term, onTerm), this::unavailable);
    }

    private void answered(final Term term, final Consumer<Term> onTerm)
    {
        problem = null;
        onTerm.accept(term);
    }

    private void unavailable(final String why)
    {
        retry("the arbiter cannot be reached: " + why);
    }
}
