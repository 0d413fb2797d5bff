package dev.understudy.benchmarks.hot;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What an instruction of the guest takes under the interpreter, in ns: one that adds, one that loads or stores where the
 * translation cache has the page, and a loop whose every load misses the cache.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
public class GuestAccessBenchmark
{
    /** Executed in one call, as in a slice of a guest that runs live. */
    private static final int INSTRUCTIONS = 20_000;

    /** Instructions of a loop, without its jump. */
    private static final int LOOP = 63;

    private static final int MEMORY_BYTES = 64 << 20;

    /** x5 points behind the code, on a page of its own. */
    private static final int POINTER = 5;
    private static final int VALUE = 7;
    private static final int POINTER_PAGES = 0x200;

    private Machine additions;
    private Machine loads;
    private Machine stores;
    private Machine misses;

    /** Makes the four guests. */
    @Setup
    public void start()
    {
        additions = loop(GuestCode.times(LOOP, i -> GuestCode.addi(VALUE, VALUE, 1)));
        loads = loop(GuestCode.times(LOOP, i -> GuestCode.ld(VALUE, Long.BYTES * i, POINTER)));
        stores = loop(GuestCode.times(LOOP, i -> GuestCode.sd(VALUE, Long.BYTES * i, POINTER)));
        misses = misses();
    }

    private static Machine loop(final List<Integer> body)
    {
        final List<Integer> code = new ArrayList<>();
        code.add(GuestCode.auipc(POINTER, POINTER_PAGES));
        code.addAll(body);
        code.add(GuestCode.jump(-Integer.BYTES * body.size()));
        return GuestCode.machine(MEMORY_BYTES, code);
    }

    /** Loads once from each of 8,192 pages, twice as many as the cache has places, then begins again. */
    private static Machine misses()
    {
        final int cursor = 6;
        final int page = 8;
        final int end = 9;
        return GuestCode.machine(MEMORY_BYTES, List.of(
            GuestCode.auipc(POINTER, POINTER_PAGES),
            GuestCode.addi(page, 0, 1),
            GuestCode.slli(end, page, 25),
            GuestCode.slli(page, page, 12),
            GuestCode.add(end, end, POINTER),
            GuestCode.addi(cursor, POINTER, 0),
            GuestCode.ld(VALUE, 0, cursor),
            GuestCode.add(cursor, cursor, page),
            GuestCode.bne(cursor, end, -2 * Integer.BYTES),
            GuestCode.jump(-4 * Integer.BYTES)));
    }

    /** An addition, for comparison. */
    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public RunState addition()
    {
        return run(additions);
    }

    /** A load of 8 bytes. */
    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public RunState load()
    {
        return run(loads);
    }

    /** A store of 8 bytes. */
    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public RunState store()
    {
        return run(stores);
    }

    /** A load that misses, an addition and a branch: so a miss takes three times the figure, less two additions. */
    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public RunState miss()
    {
        return run(misses);
    }

    private static RunState run(final Machine machine)
    {
        final RunState state = machine.run(machine.position() + INSTRUCTIONS);
        if (state != RunState.RUNNING)
        {
            throw new IllegalStateException("the guest ended with " + state + " at position " + machine.position());
        }
        return state;
    }
}
