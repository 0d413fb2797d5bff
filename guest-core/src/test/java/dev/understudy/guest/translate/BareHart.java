package dev.understudy.guest.translate;

import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.hart.EnvironmentCalls;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.HartState;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.state.StateHash;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.virtio.VirtioEntropy;
import dev.understudy.guest.virtio.VirtioMmio;
import java.util.Arrays;
import java.util.function.Function;

/** A hart with memory, an interrupt controller and one device that writes to memory; its first environment call ends it. */
final class BareHart implements Stateful
{
    /** More than a translation cache has places for. */
    private static final int MEMORY_BYTES = 20 << 20;

    /** What makes the mixed engine translate programs as short as those of a test. */
    private static final int WARM = 40;
    private static final int WIDE = 500;

    static final EnvironmentCalls END = it ->
    {
        it.stop();
        return true;
    };

    final GuestMemory memory;
    final VirtioEntropy entropy;
    final VirtioMmio entropyWindow;
    final Mmu mmu;
    final Hart hart;
    Engine engine;
    private final GuestClock clock = new GuestClock();
    private final Bus bus;
    private final long entry;

    /**
     * @param image what is at {@link RandomProgram#BASE}, where the hart starts
     */
    BareHart(final EngineKind kind, final byte[] image)
    {
        this(kind, image, RegionCache.DEFAULT_CAPACITY);
    }

    /**
     * @param image    what is at {@link RandomProgram#BASE}, where the hart starts
     * @param capacity the most regions that the engine keeps
     */
    BareHart(final EngineKind kind, final byte[] image, final int capacity)
    {
        this(kind, image, capacity, Thresholds.BESIDE.target());
    }

    /**
     * @param image    what is at {@link RandomProgram#BASE}, where the hart starts
     * @param capacity the most regions that the engine keeps
     * @param target   {@link Thresholds#target}
     */
    BareHart(final EngineKind kind, final byte[] image, final int capacity, final int target)
    {
        this(image, it -> it.engine(kind, capacity, target));
    }

    /** With an engine whose translations are made in a way of its own. */
    static BareHart translating(
        final byte[] image, final Function<Function<Region, RegionCode>, Translator> translator)
    {
        return new BareHart(
            image, it -> it.engine(translator, RegionCache.DEFAULT_CAPACITY, Thresholds.AT_ONCE));
    }

    /** One that has its memory with another in common, and starts at an address of its own. */
    BareHart(final EngineKind kind, final GuestMemory memory, final long entry)
    {
        this(memory, entry, it -> it.engine(kind, RegionCache.DEFAULT_CAPACITY, Thresholds.BESIDE.target()));
    }

    private BareHart(final byte[] image, final Function<BareHart, Engine> newEngine)
    {
        this(new GuestMemory(MEMORY_BYTES), RandomProgram.BASE, newEngine);
        memory.write(RandomProgram.BASE, image, 0, image.length);
    }

    private BareHart(final GuestMemory memory, final long entry, final Function<BareHart, Engine> newEngine)
    {
        this.memory = memory;
        this.entry = entry;
        entropy = new VirtioEntropy(memory);
        final Plic plic = new Plic();
        entropyWindow = new VirtioMmio(1, entropy, plic);
        bus = new Bus(plic, entropyWindow);
        mmu = new Mmu(memory, bus);
        hart = new Hart(mmu, clock, plic::asserted);
        engine = newEngine.apply(this);
        start();
    }

    private Engine engine(final EngineKind kind, final int capacity, final int target)
    {
        return switch (kind)
        {
            case INTERPRETER -> Engine.of(kind, hart, mmu, memory, END, TranslationHost.NONE);
            case TRANSLATOR -> engine(it -> Translator.atOnce(it, TranslationHost.NONE), capacity, new Thresholds(20, 1, 1, WIDE, target));
            case MIXED -> engine(it -> Translator.inBackground(it, new BesideTheTest()), capacity, new Thresholds(500, 40, WARM, WIDE, target));
        };
    }

    private Engine engine(
        final Function<Function<Region, RegionCode>, Translator> translator,
        final int capacity,
        final Thresholds thresholds)
    {
        return new MixedEngine(hart, mmu, memory, END, translator, capacity, thresholds);
    }

    /** Has another engine go on from here, with no translation made yet. */
    void engine(final EngineKind kind)
    {
        engine.end();
        engine = engine(kind, RegionCache.DEFAULT_CAPACITY, Thresholds.BESIDE.target());
    }

    /** Begins again, with registers and memory as they are. */
    void start()
    {
        hart.state = HartState.RUNNING;
        hart.start(entry, 0, 0);
    }

    void run(final long until)
    {
        engine.run(until);
    }

    @Override
    public void save(final StateWriter to)
    {
        memory.save(to);
        hart.save(to);
        clock.save(to);
        bus.save(to);
    }

    @Override
    public void load(final StateReader from)
    {
        memory.load(from);
        hart.load(from);
        clock.load(from);
        bus.load(from);
    }

    /** A hash over hart and memory. */
    long digest()
    {
        final StateHash hash = new StateHash();
        hart.save(hash);
        hash.write(Arrays.hashCode(memory.array()));
        return hash.value();
    }

    /** A hash over all that the hart holds. */
    long digestOfHart()
    {
        final StateHash hash = new StateHash();
        hart.save(hash);
        return hash.value();
    }
}
