package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.Term;
import java.util.function.Consumer;

/** Questions to the arbiter whose answers come later. On the agent thread; one question at a time. */
public interface Questions
{
    /** Whether a question is under way. */
    boolean isAsking();

    /** Asks for the newest term. */
    void current(Consumer<Term> onTerm, Consumer<String> onUnavailable);

    /** Makes a claim; the answer is the term in its place, or the newest one. */
    void claim(Claim claim, Consumer<Term> onTerm, Consumer<String> onUnavailable);

    /** Asks for the newest term, and when it is the one that is expected, whether a claim could be made. */
    void check(Term expected, Consumer<Term> onTerm, Consumer<String> onUnavailable);

    /** Delivers an answer that has come; returns whether there was one. */
    boolean poll();
}
