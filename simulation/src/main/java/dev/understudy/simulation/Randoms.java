package dev.understudy.simulation;

import java.util.SplittableRandom;

/** The random numbers of one seed: those of one purpose do not depend on how many another one draws. */
final class Randoms
{
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long seed;

    Randoms(final long seed)
    {
        this.seed = seed;
    }

    /** The numbers of a purpose, from their beginning. */
    SplittableRandom of(final String purpose)
    {
        // A hash of a text is the same on every JVM.
        return new SplittableRandom((seed * GOLDEN) ^ ((long)purpose.hashCode() << 32 | purpose.length()));
    }

    /** A number between two, such as a time in nanoseconds; the small ones are as likely as the large ones. */
    static long spread(final SplittableRandom random, final long least, final long most)
    {
        return (long)(least * StrictMath.exp(random.nextDouble() * StrictMath.log((double)most / least)));
    }
}
