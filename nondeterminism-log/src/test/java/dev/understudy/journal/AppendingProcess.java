package dev.understudy.journal;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * Appends to a journal until it is killed, or until the disk is full, and tells the number of each entry after it was
 * appended. A process of its own.
 */
final class AppendingProcess
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final int DATA_BYTES = 300;

    private AppendingProcess()
    {
    }

    /** Arguments: the directory, the bound in bytes, the length of a file in bytes. */
    public static void main(final String[] arguments)
    {
        final Path directory = Path.of(arguments[0]);
        final JournalOptions options = JournalOptions.defaults()
            .bounded(Long.parseLong(arguments[1]), AppendingProcess::tell)
            .rollingAt(Long.parseLong(arguments[2]));
        final UnsafeBuffer data = new UnsafeBuffer(new byte[DATA_BYTES]);
        final boolean isThere = Files.exists(directory);
        try (JournalWriter writer = isThere ? JournalWriter.open(directory, options, AppendingProcess::tell) :
            JournalWriter.create(directory, SampleJournal.GENESIS, options))
        {
            final StringBuilder line = new StringBuilder();
            final PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
            out.println(writer.lastSequence());
            try
            {
                for (int i = 0; true; i++)
                {
                    final long sequence = writer.append(EVENTS.vsockPacket(
                        writer.lastPosition() + 1, i, i, data, 0, i % DATA_BYTES));
                    line.setLength(0);
                    out.println(line.append(sequence));
                }
            }
            catch (final JournalFullException e)
            {
                tell(e.getMessage());
                final long last = writer.append(EVENTS.closed(writer.lastPosition(), 0, 0, Outcome.STOPPED, 0));
                out.println(last);
            }
        }
    }

    private static void tell(final String text)
    {
        System.out.println("# " + text);
    }
}
