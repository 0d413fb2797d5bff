package dev.understudy.benchmarks.hot;

import dev.understudy.guest.Machine;
import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.JournalReader;
import dev.understudy.journal.JournalWriter;
import dev.understudy.replay.Replayer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it takes a replay to have an entry enter the guest: decoded, the guest run for one instruction to its position,
 * outputs compared, time set. Reading from the disk and checking the hashes are not in it.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
public class EventApplyBenchmark
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    private static final int ENTRIES = 20_000;
    private static final int MEMORY_BYTES = 16 << 20;

    /** Room for an entry of this benchmark. */
    private static final int MAX_ENTRY_BYTES = 512;

    private final JournalEntry entry = new JournalEntry();
    private final UnsafeBuffer bytes = new UnsafeBuffer(new byte[ENTRIES * MAX_ENTRY_BYTES]);
    private final int[] offsets = new int[ENTRIES + 1];
    private Replayer replayer;

    /** Writes the journal once, and reads its entries into memory. */
    @Setup
    public void write() throws IOException
    {
        final long outputs = machine().outputs();
        final Path directory = Journals.directory();
        try (JournalWriter writer = Journals.create(directory); JournalReader reader = writer.reader())
        {
            for (int i = 1; i < ENTRIES; i++)
            {
                writer.append(EVENTS.clockSample(i, 1_000L * i, outputs, 1_000, 2_000_000));
            }
            for (int i = 0; i < ENTRIES; i++)
            {
                if (!reader.next())
                {
                    throw new IllegalStateException("there is no entry " + i);
                }
                final JournalEntry read = reader.entry();
                bytes.putBytes(offsets[i], read.buffer(), read.offset(), read.length());
                offsets[i + 1] = offsets[i] + read.length();
            }
        }
        Journals.delete(directory);
    }

    /** A guest at its start. */
    @Setup(Level.Invocation)
    public void start()
    {
        replayer = new Replayer(machine());
    }

    private static Machine machine()
    {
        return GuestCode.machine(MEMORY_BYTES, List.of(GuestCode.jump(0)));
    }

    /** The clock samples of a guest that loops. */
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public long clockSample()
    {
        for (int i = 0; i < ENTRIES; i++)
        {
            entry.wrap(bytes, offsets[i], offsets[i + 1] - offsets[i]);
            replayer.apply(entry);
        }
        return replayer.nextSequence();
    }
}
