package dev.understudy.guest;

/**
 * Runs a check on random input of many seeds.
 * <p>
 * {@code -Dfuzz.rounds=N} multiplies the number of seeds, {@code -Dfuzz.seed=N} runs one alone. A check that fails is
 * named with its seed.
 */
public final class Seeds
{
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 1);

    private Seeds()
    {
    }

    /** What is done with a seed. */
    @FunctionalInterface
    public interface Check
    {
        void run(long seed) throws Exception;
    }

    /** Runs the seeds from 1 on, and a fresh one. */
    public static void check(final int seeds, final Check check)
    {
        final Long chosen = Long.getLong("fuzz.seed");
        if (chosen != null)
        {
            run(chosen, check);
            return;
        }
        final long last = (long)seeds * ROUNDS;
        for (long seed = 1; seed <= last; seed++)
        {
            run(seed, check);
        }
        run(System.nanoTime(), check);
    }

    private static void run(final long seed, final Check check)
    {
        try
        {
            check.run(seed);
        }
        // Errors, too: of code that the translator made, say.
        catch (final Exception | Error e)
        {
            throw new AssertionError("with -Dfuzz.seed=" + seed + ": " + e.getMessage(), e);
        }
    }
}
