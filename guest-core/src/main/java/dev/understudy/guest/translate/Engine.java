package dev.understudy.guest.translate;

import dev.understudy.guest.hart.EnvironmentCalls;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;

/**
 * Executes the guest's instructions.
 * <p>
 * All engines are the same function of the state of hart, memory and devices; they differ in speed alone. Owned by the
 * hart thread.
 */
public interface Engine
{
    /**
     * Executes until {@code instret} reaches a position, the hart waits for an interrupt, or the guest ends, whichever
     * comes first; never executes past the position, and nothing at all when it is reached already.
     */
    default void run(final long untilPosition)
    {
        run(untilPosition, untilPosition);
    }

    /**
     * As {@link #run(long)}, but may return as soon as {@code instret} has reached {@code fromPosition}, wherever that is
     * cheapest: to stop at a position exactly, an engine has to go the last steps one by one. At least one instruction
     * retires unless the hart waits, the guest ends, or {@code untilPosition} is reached already.
     */
    void run(long fromPosition, long untilPosition);

    /** What was translated so far; may be called by any thread, and is then not of one moment. */
    TranslationStatistics statistics();

    /** Ends the engine, which must not run any more: it watches no code from now on. */
    void end();

    /**
     * Makes the engine of a hart.
     *
     * @param host where its translations are made
     */
    static Engine of(
        final EngineKind kind,
        final Hart hart,
        final Mmu mmu,
        final GuestMemory memory,
        final EnvironmentCalls environment,
        final TranslationHost host)
    {
        return switch (kind)
        {
            case INTERPRETER -> new Interpreter(hart, mmu, memory, environment);
            case TRANSLATOR -> new MixedEngine(hart, mmu, memory, environment,
                compiler -> Translator.atOnce(compiler, host), RegionCache.DEFAULT_CAPACITY, Thresholds.AT_ONCE);
            case MIXED -> new MixedEngine(hart, mmu, memory, environment,
                compiler -> Translator.inBackground(compiler, host), RegionCache.DEFAULT_CAPACITY, Thresholds.BESIDE);
        };
    }
}
