package dev.understudy.guest.hart;

import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.digest.StateHash;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.time.GuestClock;
import java.util.Arrays;

/** A hart with memory and nothing else, in S-mode; its first environment call ends it. */
final class BareHart
{
    private static final int MEMORY_BYTES = 8 << 20;

    final GuestMemory memory = new GuestMemory(MEMORY_BYTES);
    final Hart hart;
    final Engine engine;

    /**
     * @param image what is at {@link RandomProgram#BASE}, where the hart starts
     */
    BareHart(final EngineKind kind, final byte[] image)
    {
        final Plic plic = new Plic();
        final Mmu mmu = new Mmu(memory, new Bus(plic));
        hart = new Hart(mmu, new GuestClock(), plic::asserted);
        engine = Engine.of(kind, hart, mmu, memory, it -> it.state = HartState.STOPPED);
        memory.write(RandomProgram.BASE, image, 0, image.length);
        start();
    }

    /** Begins again, with registers and memory as they are. */
    void start()
    {
        hart.state = HartState.RUNNING;
        hart.start(RandomProgram.BASE, 0, 0);
    }

    void run(final long until)
    {
        engine.run(until);
    }

    /** A hash over hart and memory. */
    long digest()
    {
        final StateHash hash = new StateHash();
        hart.digest(hash);
        hash.add(Arrays.hashCode(memory.array()));
        return hash.value();
    }
}
