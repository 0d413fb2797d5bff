package dev.understudy.hypervisor.cli;

import dev.understudy.guest.translate.TranslationStatistics;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** The option to see how the guest's instructions are executed. */
final class StatisticsOption
{
    private static final long INTERVAL_MS = 1_000;

    @Option(names = "--stats",
        description = "Print to standard error, each second and at the end, what the engine does.")
    private boolean isWatched;

    /** Prints statistics until the result is closed, if that was asked for. */
    Watch watch(final LongSupplier position, final Supplier<TranslationStatistics> statistics)
    {
        return isWatched ? new Watch(position, statistics) : new Watch(null, null);
    }

    /** A line a second. */
    static final class Watch implements AutoCloseable
    {
        private final LongSupplier position;
        private final Supplier<TranslationStatistics> statistics;
        private final long startNs = System.nanoTime();
        private final Thread thread;
        private long lastNs = startNs;
        private long lastPosition;

        private Watch(final LongSupplier position, final Supplier<TranslationStatistics> statistics)
        {
            this.position = position;
            this.statistics = statistics;
            thread = position == null ? null : Thread.ofPlatform().daemon().name("statistics").start(this::print);
        }

        private void print()
        {
            try
            {
                while (true)
                {
                    Thread.sleep(INTERVAL_MS);
                    line();
                }
            }
            catch (final InterruptedException e)
            {
                line();
            }
        }

        private void line()
        {
            final long nowNs = System.nanoTime();
            final long now = position.getAsLong();
            System.err.printf(Locale.ROOT, "%.1f s, %,d instructions, %,.0f M/s: %s%n", (nowNs - startNs) / 1e9, now,
                (now - lastPosition) * 1e3 / (nowNs - lastNs), describe(statistics.get(), now));
            lastNs = nowNs;
            lastPosition = now;
        }

        @Override
        public void close()
        {
            if (thread == null)
            {
                return;
            }
            thread.interrupt();
            try
            {
                thread.join();
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        }
    }

    static String describe(final TranslationStatistics it, final long position)
    {
        final StringBuilder exits = new StringBuilder();
        it.exits().forEach((cause, count) ->
        {
            if (count > 0)
            {
                exits.append(String.format(Locale.ROOT, ", %,d %s", count, cause.name().toLowerCase(Locale.ROOT)));
            }
        });
        return String.format(Locale.ROOT, "%,d interpreted, %,d translated (%.1f %%); %,d regions, %,d translations " +
            "in %,d ms, %,d wide with %,d targets, %,d failed, %,d flushes; %,d misses; exits: %s",
            position - it.translatedInstructions(), it.translatedInstructions(),
            position == 0 ? 0 : 100.0 * it.translatedInstructions() / position, it.regions(), it.translated(),
            it.translationNs() / 1_000_000, it.wide(), it.predicted(), it.failed(), it.flushes(),
            it.misses(), exits.isEmpty() ? "none" : exits.substring(2));
    }
}
