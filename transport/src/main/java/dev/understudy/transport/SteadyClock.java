package dev.understudy.transport;

import org.agrona.concurrent.EpochClock;

/**
 * What Aeron takes for the date: milliseconds that only pass, whatever is done to the wall clock.
 * <p>
 * Aeron's client takes its driver for dead when the driver's last sign of life is older than a timeout by this clock, so
 * it must be one that nobody sets. Driver and client have the same one. Nobody reads its dates. Thread-safe.
 */
final class SteadyClock implements EpochClock
{
    private static final long NS_PER_MS = 1_000_000;

    /** Not 0, which Aeron takes for a driver that has not begun. */
    private static final long FIRST_MS = 1;

    private final long startNs = System.nanoTime();

    @Override
    public long time()
    {
        return FIRST_MS + (System.nanoTime() - startNs) / NS_PER_MS;
    }
}
