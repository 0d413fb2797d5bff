package dev.understudy.journal;

import java.nio.file.Path;
import java.util.Locale;

/** Checks a whole journal that nobody writes. */
public final class JournalVerifier
{
    private JournalVerifier()
    {
    }

    /** Reads every entry and follows the hash chain to the end, the torn tail or the first damage. */
    public static JournalReport verify(final Path directory)
    {
        try (JournalScan scan = JournalScan.open(directory))
        {
            Outcome outcome = null;
            while (scan.next())
            {
                outcome = scan.entry().type() == EventType.CLOSED ? scan.entry().outcome() : null;
            }
            return new JournalReport(
                scan.base().firstSequence(),
                scan.entries(),
                scan.lastPosition(),
                scan.dataBytes(),
                QueueFiles.diskBytes(directory),
                String.format(Locale.ROOT, "%016x%016x", scan.chainHigh(), scan.chainLow()),
                outcome,
                scan.tornBytes(),
                scan.tornTail(),
                scan.damage());
        }
    }
}
