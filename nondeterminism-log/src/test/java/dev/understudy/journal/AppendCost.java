package dev.understudy.journal;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Prints what appending an entry of 100 bytes costs: the whole, the hash alone, Chronicle alone, and reading. Run it on
 * an idle machine, with the directory on the disk in question:
 * {@code java <flags> -cp <test class path> dev.understudy.journal.AppendCost /var/tmp}.
 */
final class AppendCost
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final int ROUNDS = 8;
    private static final int ENTRIES = 400_000;

    /** With the head of 60 bytes: entries of 100. */
    private static final int DATA_BYTES = 40;

    /** Each entry differs from the last one in one to four words, as packets do. */
    private static final int CHANGING_BYTES = 16;

    private AppendCost()
    {
    }

    /** Argument: where to put the journals. */
    public static void main(final String[] arguments) throws IOException
    {
        final Path root = Files.createTempDirectory(Path.of(arguments[0]), "append-cost");
        try
        {
            append(root.resolve("journal"));
            chronicle(root.resolve("queue"));
            hash();
            read(root.resolve("journal"));
        }
        finally
        {
            SampleJournal.deleteTree(root);
        }
    }

    private static void append(final Path directory)
    {
        final UnsafeBuffer data = new UnsafeBuffer(new byte[DATA_BYTES]);
        final ThreadMXBean threads = (ThreadMXBean)ManagementFactory.getThreadMXBean();
        final long self = Thread.currentThread().threadId();
        try (JournalWriter writer = JournalWriter.create(directory, SampleJournal.GENESIS, JournalOptions.defaults()))
        {
            for (int round = 0; round < ROUNDS; round++)
            {
                final long allocated = threads.getThreadAllocatedBytes(self);
                final long start = System.nanoTime();
                for (int i = 0; i < ENTRIES; i++)
                {
                    data.putInt(i % CHANGING_BYTES, i);
                    writer.append(EVENTS.vsockPacket(writer.lastPosition() + 10, i, i, data, 0, DATA_BYTES));
                }
                print("append", System.nanoTime() - start);
                System.out.printf(Locale.ROOT, "  allocated %.3f bytes an entry%n",
                    (threads.getThreadAllocatedBytes(self) - allocated) / (double)ENTRIES);
            }
            final long[] each = new long[ENTRIES];
            for (int i = 0; i < ENTRIES; i++)
            {
                final long start = System.nanoTime();
                writer.append(EVENTS.vsockPacket(writer.lastPosition() + 10, i, i, data, 0, DATA_BYTES));
                each[i] = System.nanoTime() - start;
            }
            Arrays.sort(each);
            System.out.printf(Locale.ROOT,
                "append, one by one: median %d ns, 99 %% %d ns, 99.9 %% %d ns, longest %d ns%n",
                each[ENTRIES / 2], each[ENTRIES / 100 * 99], each[ENTRIES / 1000 * 999], each[ENTRIES - 1]);
        }
    }

    private static void chronicle(final Path directory) throws IOException
    {
        Files.createDirectories(directory);
        final byte[] staging = new byte[PackedEntry.MAX_BYTES];
        final JournalOptions options = JournalOptions.defaults();
        try (QueueSegment segment = new QueueSegment(
            directory.resolve("segment-000001"), options, new DiskReserve(directory, options), staging))
        {
            for (int round = 0; round < ROUNDS; round++)
            {
                final long start = System.nanoTime();
                for (int i = 0; i < ENTRIES; i++)
                {
                    segment.prepare(100, false);
                    segment.append(100);
                }
                print("Chronicle alone", System.nanoTime() - start);
            }
        }
    }

    private static void hash()
    {
        final HashChain chain = new HashChain();
        final UnsafeBuffer entry = new UnsafeBuffer(new byte[EntryEncoder.MAX_BYTES]);
        for (int round = 0; round < ROUNDS; round++)
        {
            final long start = System.nanoTime();
            for (int i = 0; i < ENTRIES; i++)
            {
                chain.seal(entry, 100);
            }
            print("hash alone", System.nanoTime() - start);
        }
    }

    private static void read(final Path directory)
    {
        for (int round = 0; round < ROUNDS / 2; round++)
        {
            try (JournalReader reader = JournalReader.open(directory))
            {
                final long start = System.nanoTime();
                while (reader.next())
                {
                    if (reader.entry().sequence() == ENTRIES)
                    {
                        print("read with check", System.nanoTime() - start);
                    }
                }
                final long idle = System.nanoTime();
                for (int i = 0; i < ENTRIES; i++)
                {
                    reader.next();
                }
                print("look at the sealed end", System.nanoTime() - idle);
            }
        }
    }

    private static void print(final String what, final long ns)
    {
        System.out.printf(Locale.ROOT, "%s: %d ns%n", what, ns / ENTRIES);
    }
}
