package dev.understudy.journal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;

/** Where a journal's Chronicle Queue lies and how it is opened. */
final class QueueFiles
{
    /** Ending of the files that hold entries. */
    static final String SUFFIX = ".cq4";

    /** What is mapped at once; four times the longest entry would do, and files grow in steps of it. */
    private static final int BLOCK_BYTES = 4 << 20;

    /** How long Chronicle waits for a writer that left an entry unfinished: such tails are cut before it is opened. */
    private static final long UNFINISHED_TIMEOUT_MS = 500;

    private QueueFiles()
    {
    }

    static SingleChronicleQueue open(final Path directory, final JournalOptions options)
    {
        return SingleChronicleQueueBuilder.binary(directory)
            .rollCycle(RollCycles.FAST_DAILY)
            .blockSize(BLOCK_BYTES)
            .timeoutMS(UNFINISHED_TIMEOUT_MS)
            .timeProvider(options.clock())
            .build();
    }

    /** The files that hold entries, oldest first; empty without a journal. */
    static List<Path> list(final Path directory)
    {
        if (!Files.isDirectory(directory))
        {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory))
        {
            return files.filter(file -> file.toString().endsWith(SUFFIX)).sorted().toList();
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    /** Disk that the journal takes, in bytes. */
    static long bytes(final Path directory)
    {
        long bytes = 0;
        for (final Path file : list(directory))
        {
            bytes += file.toFile().length();
        }
        return bytes;
    }
}
