package dev.understudy.guest.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.hart.HartState;
import dev.understudy.guest.memory.GuestMemory;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two harts with one memory, each with an engine and an address space of its own: what one stores, the other executes and
 * is translated by, whichever of them was made first.
 */
class HartsOnOneMemoryTest
{
    private static final int TIMES = 200;
    private static final int SW = 2;
    private static final int COUNTER = 5;
    private static final int TARGET = 6;
    private static final int VALUE = 8;
    private static final int RESULT = 10;

    private static final long FUNCTION = SmallProgram.BASE + 0x1000;

    /** Stores VALUE at TARGET, four bytes of it, and ends. */
    private static final long STORES_WORD = SmallProgram.BASE + 0x2000;

    /** The same, eight bytes. */
    private static final long STORES_DOUBLE = SmallProgram.BASE + 0x3000;

    private BareHart worker;
    private BareHart writer;

    private record Order(EngineKind kind, boolean isWorkerFirst)
    {
    }

    private static List<Order> orders()
    {
        return List.of(EngineKind.values()).stream()
            .flatMap(kind -> List.of(new Order(kind, true), new Order(kind, false)).stream()).toList();
    }

    @ParameterizedTest
    @MethodSource("orders")
    void codeThatTheOtherHartStoresIsExecuted(final Order order)
    {
        final SmallProgram to = new SmallProgram();
        to.adder(FUNCTION, 1);
        to.to.li(TARGET, FUNCTION);
        to.repeat(COUNTER, TIMES, () -> to.callThrough(TARGET));
        make(order, to, STORES_WORD);

        // Its page is in the writer's store cache before the worker decodes it, and is to leave that.
        write(FUNCTION + 0x800, 0);
        for (int number = 1; number < 50; number++)
        {
            write(FUNCTION, SmallProgram.addition(number));
            assertThat(work()).isEqualTo((long)number * TIMES);
        }
    }

    @ParameterizedTest
    @MethodSource("orders")
    void tablesThatTheOtherHartStoresTranslate(final Order order)
    {
        final long one = SmallProgram.DATA;
        final long two = SmallProgram.DATA + GuestMemory.PAGE_BYTES;
        final SmallProgram to = new SmallProgram();
        to.put(one, 1);
        to.put(two, 2);
        to.map(0, one, SmallProgram.ALL);
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.WINDOW);
        to.repeat(COUNTER, TIMES, () ->
        {
            to.to.ld(VALUE, TARGET, 0);
            to.to.r(Assembler.OP, 0, 0, RESULT, RESULT, VALUE);
        });
        make(order, to, STORES_DOUBLE);

        write(SmallProgram.leaf(0, 1), 0);
        for (int i = 0; i < 50; i++)
        {
            write(SmallProgram.leaf(0, 0), SmallProgram.entry(one, SmallProgram.ALL));
            assertThat(work()).isEqualTo(TIMES);
            write(SmallProgram.leaf(0, 0), SmallProgram.entry(two, SmallProgram.ALL));
            assertThat(work()).isEqualTo(2 * TIMES);
        }
    }

    @ParameterizedTest
    @EnumSource(EngineKind.class)
    void bothHartsSetAccessedBitsInOneTable(final EngineKind kind)
    {
        final long one = SmallProgram.DATA;
        final long two = SmallProgram.DATA + GuestMemory.PAGE_BYTES;
        final long unused = SmallProgram.V | SmallProgram.R | SmallProgram.W;
        final SmallProgram to = new SmallProgram();
        to.put(one, 1);
        to.put(two, 2);
        to.translate(0, 0);
        to.to.li(TARGET, SmallProgram.WINDOW);
        to.to.ld(RESULT, TARGET, 0);
        to.to.ecall();
        final BareHart first = new BareHart(kind, to.image());
        final BareHart second = new BareHart(kind, first.memory, SmallProgram.BASE);
        for (int i = 0; i < 100; i++)
        {
            final BareHart hart = i % 2 == 0 ? first : second;
            final long expected = 1 + i / 3 % 2;
            first.memory.writeLong(SmallProgram.leaf(0, 0), SmallProgram.entry(expected == 1 ? one : two, unused));
            assertThat(resultOf(hart)).isEqualTo(expected);
            assertThat(first.memory.readLong(SmallProgram.leaf(0, 0)) & SmallProgram.A).isEqualTo(SmallProgram.A);
        }
    }

    private void make(final Order order, final SmallProgram program, final long writes)
    {
        program.to.ecall();
        program.function(STORES_WORD, () -> end(program, SW));
        program.function(STORES_DOUBLE, () -> end(program, SW + 1));
        if (order.isWorkerFirst)
        {
            worker = new BareHart(order.kind, program.image());
            writer = new BareHart(order.kind, worker.memory, writes);
        }
        else
        {
            writer = new BareHart(order.kind, memoryOf(program), writes);
            worker = new BareHart(order.kind, writer.memory, SmallProgram.BASE);
        }
    }

    private static GuestMemory memoryOf(final SmallProgram program)
    {
        final GuestMemory memory = new GuestMemory(8 << 20);
        memory.write(SmallProgram.BASE, program.image(), 0, program.image().length);
        return memory;
    }

    private static void end(final SmallProgram program, final int width)
    {
        program.to.store(width, VALUE, TARGET, 0);
        program.to.ecall();
    }

    private void write(final long address, final long value)
    {
        writer.start();
        writer.hart.x(TARGET, address);
        writer.hart.x(VALUE, value);
        writer.run(Long.MAX_VALUE);
        assertThat(writer.hart.state()).isEqualTo(HartState.STOPPED);
    }

    private long work()
    {
        return resultOf(worker);
    }

    private static long resultOf(final BareHart hart)
    {
        hart.start();
        hart.run(Long.MAX_VALUE);
        assertThat(hart.hart.state()).isEqualTo(HartState.STOPPED);
        return hart.hart.x(RESULT);
    }
}
