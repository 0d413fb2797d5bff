package dev.understudy.benchmarks.hot;

import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.JournalWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What it takes to append an entry: encoded, chained by its hash, packed, and in Chronicle's file. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
public class JournalAppendBenchmark
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    /** With the head of 60 bytes: entries of 100, the mean. */
    private static final int DATA_BYTES = 40;

    /** Each entry differs from the last one in one to four words, as packets do. */
    private static final int CHANGING_BYTES = 16;

    private final UnsafeBuffer data = new UnsafeBuffer(new byte[DATA_BYTES]);
    private Path directory;
    private JournalWriter writer;
    private int count;

    /** A journal for each iteration: one of all would be gigabytes. */
    @Setup(Level.Iteration)
    public void create() throws IOException
    {
        directory = Journals.directory();
        writer = Journals.create(directory);
    }

    /** Closes and deletes it. */
    @TearDown(Level.Iteration)
    public void delete() throws IOException
    {
        writer.close();
        Journals.delete(directory);
    }

    /** A packet for the guest. */
    @Benchmark
    public long packet()
    {
        count++;
        data.putInt(count % CHANGING_BYTES, count);
        return writer.append(EVENTS.vsockPacket(writer.lastPosition() + 10, count, count, data, 0, DATA_BYTES));
    }

    /** A sample of the clock: the smallest entry, and the most frequent one of a guest that computes. */
    @Benchmark
    public long clockSample()
    {
        count++;
        return writer.append(EVENTS.clockSample(writer.lastPosition() + 10, count, 0, 1_000, 2_000_000));
    }
}
