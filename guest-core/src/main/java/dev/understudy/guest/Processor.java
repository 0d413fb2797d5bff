package dev.understudy.guest;

import dev.understudy.guest.hart.EnvironmentCalls;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.translate.Engine;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.translate.TranslationHost;

/** A hart of a machine, with an address space and an engine of its own. Owned by the hart thread. */
final class Processor implements Stateful
{
    private final int index;
    private final Hart hart;
    private final GuestMemory memory;
    private final EnvironmentCalls firmware;

    @Derived("nothing: it is of the host")
    private final TranslationHost translations;
    private Engine engine;

    /**
     * @param index    number of the hart, from 0
     * @param firmware answers the hart's environment calls
     */
    Processor(
        final int index,
        final GuestMemory memory,
        final Board board,
        final GuestClock clock,
        final EnvironmentCalls firmware,
        final MachineHost host)
    {
        this.index = index;
        this.memory = memory;
        this.firmware = firmware;
        hart = new Hart(new Mmu(memory, board.bus), clock, board.plic::asserted);
        translations = host.translations();
        engine = newEngine(host.engine());
    }

    Hart hart()
    {
        return hart;
    }

    Engine engine()
    {
        return engine;
    }

    /** Has another engine go on from here. */
    void engine(final EngineKind kind)
    {
        engine.end();
        engine = newEngine(kind);
    }

    private Engine newEngine(final EngineKind kind)
    {
        return Engine.of(kind, hart, hart.mmu(), memory, firmware, translations);
    }

    /** Sets the registers as a boot loader leaves them. */
    void start(final long entry, final long treeAddress)
    {
        hart.start(entry, index, treeAddress);
    }

    @Override
    public void save(final StateWriter to)
    {
        hart.save(to);
    }

    @Override
    public void load(final StateReader from)
    {
        hart.load(from);
    }
}
