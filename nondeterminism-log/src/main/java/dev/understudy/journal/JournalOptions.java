package dev.understudy.journal;

import java.util.function.Consumer;

import net.openhft.chronicle.core.time.SystemTimeProvider;
import net.openhft.chronicle.core.time.TimeProvider;

/**
 * How a journal is kept.
 *
 * @param maxBytes the most disk that it may take; reaching it is a {@link JournalFullException}
 * @param alarm    told, once, when four fifths of that or of the disk are taken
 * @param clock    decides when a new file is begun
 */
public record JournalOptions(long maxBytes, Consumer<String> alarm, TimeProvider clock)
{
    /** 64 GiB. */
    public static final long DEFAULT_MAX_BYTES = 64L << 30;

    /** The default bound, and an alarm that goes nowhere. */
    public static JournalOptions defaults()
    {
        return new JournalOptions(DEFAULT_MAX_BYTES, text -> {}, SystemTimeProvider.INSTANCE);
    }

    /** The same with another bound and alarm. */
    public JournalOptions bounded(final long newMaxBytes, final Consumer<String> newAlarm)
    {
        return new JournalOptions(newMaxBytes, newAlarm, clock);
    }
}
