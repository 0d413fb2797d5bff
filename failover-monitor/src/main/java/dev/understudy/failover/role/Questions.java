package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Term;
import java.util.function.Consumer;

/** Questions to the arbiter whose answers come later. On the agent thread; one question at a time. */
public interface Questions
{
    /** Whether a question is under way. */
    boolean isAsking();

    /** Asks for the newest term. */
    void current(Consumer<Term> onTerm, Consumer<String> onUnavailable);

    /** Asks for a generation; the answer is whether this node has it. */
    void claim(
        long generation, String node, String reason, Consumer<Boolean> onDecided, Consumer<String> onUnavailable);

    /** Delivers an answer that has come; returns whether there was one. */
    boolean poll();
}
