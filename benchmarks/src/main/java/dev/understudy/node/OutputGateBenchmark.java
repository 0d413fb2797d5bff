package dev.understudy.node;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the output rule takes for an output: in this package, since nobody else has to do with the gate. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
public class OutputGateBenchmark
{
    private final OutputGate gate = new OutputGate(SystemNanoClock.INSTANCE, Long.MAX_VALUE);
    private long sequence;

    /** Protected from the first entry on. */
    @Setup
    public void protect()
    {
        gate.open(true);
        gate.beginProtection().from(0);
    }

    /** An output that waits for its acknowledgement, which then comes. */
    @Benchmark
    public boolean waitAndLeave()
    {
        sequence++;
        final boolean early = gate.mayLeave(sequence);
        gate.acknowledge(sequence);
        return early ^ gate.mayLeave(sequence);
    }
}
