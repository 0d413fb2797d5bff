package dev.understudy.journal;

import java.util.Locale;
import java.util.function.Consumer;

import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.SystemEpochClock;

/**
 * How a journal is kept.
 *
 * @param maxBytes     the most disk that it may take; reaching it is a {@link JournalFullException}
 * @param reserveBytes kept allocated for the closing entry alone
 * @param fileBytes    a new file is begun when an entry would make the present one longer than this
 * @param alarm        told, once, when four fifths of {@code maxBytes} or of the disk are taken; called by the
 *                     writer's thread
 * @param clock        names the files: each has the minute in which it was begun
 */
public record JournalOptions(
    long maxBytes, long reserveBytes, long fileBytes, Consumer<String> alarm, EpochClock clock)
{
    /** 64 GiB. */
    public static final long DEFAULT_MAX_BYTES = 64L << 30;

    /** Room for the closing entry and what Chronicle writes with it, many times over. */
    public static final long DEFAULT_RESERVE_BYTES = 64 * 1024;

    /**
     * Half a million entries: small enough to be checked in a second, large enough that rolling is rare.
     */
    public static final long DEFAULT_FILE_BYTES = 32 << 20;

    /** A file must hold the longest entry and what Chronicle writes around it. */
    public static final long MIN_FILE_BYTES = 256 * 1024;

    /** Chronicle's index holds four million entries a file; of the shortest this is half. */
    public static final long MAX_FILE_BYTES = 128 << 20;

    private static final long MIN_RESERVE_BYTES = 16 * 1024;
    private static final long MAX_RESERVE_BYTES = 16 << 20;

    /** Checks the bounds. */
    public JournalOptions
    {
        require("reserveBytes", reserveBytes, MIN_RESERVE_BYTES, MAX_RESERVE_BYTES);
        require("fileBytes", fileBytes, MIN_FILE_BYTES, MAX_FILE_BYTES);
        require("maxBytes", maxBytes, MIN_FILE_BYTES, Long.MAX_VALUE);
    }

    /** The default bounds, an alarm that goes nowhere, and the system's clock. */
    public static JournalOptions defaults()
    {
        return new JournalOptions(
            DEFAULT_MAX_BYTES, DEFAULT_RESERVE_BYTES, DEFAULT_FILE_BYTES, text -> {}, SystemEpochClock.INSTANCE);
    }

    /** The same with another bound and alarm. */
    public JournalOptions bounded(final long newMaxBytes, final Consumer<String> newAlarm)
    {
        return new JournalOptions(newMaxBytes, reserveBytes, fileBytes, newAlarm, clock);
    }

    /** The same with files of another length. */
    public JournalOptions rollingAt(final long newFileBytes)
    {
        return new JournalOptions(maxBytes, reserveBytes, newFileBytes, alarm, clock);
    }

    private static void require(final String name, final long value, final long least, final long most)
    {
        if (value < least || value > most)
        {
            throw new IllegalArgumentException(
                String.format(Locale.ROOT,
                    "journal option %s is %,d: it must be from %,d to %,d", name, value, least, most));
        }
    }
}
