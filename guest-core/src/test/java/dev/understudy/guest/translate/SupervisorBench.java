package dev.understudy.guest.translate;

import dev.understudy.guest.bus.Bus;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.interrupt.Plic;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.memory.Mmu;
import dev.understudy.guest.output.Nowhere;
import dev.understudy.guest.sbi.FirmwareConsole;
import dev.understudy.guest.sbi.Sbi;
import dev.understudy.guest.time.GuestClock;

/** A hart with memory, firmware and an engine, and nothing else. */
final class SupervisorBench
{
    final GuestMemory memory;
    final Hart hart;
    final Engine engine;

    SupervisorBench(final EngineKind kind, final int memoryBytes, final long entry, final byte[] image)
    {
        memory = new GuestMemory(memoryBytes);
        final Plic plic = new Plic();
        final Mmu mmu = new Mmu(memory, new Bus(plic));
        hart = new Hart(mmu, new GuestClock(), plic::asserted);
        final Sbi sbi = new Sbi(memory, new Nowhere(), new FirmwareConsole(), how -> {});
        engine = Engine.of(kind, hart, mmu, memory, sbi, TranslationHost.NONE);
        memory.write(entry, image, 0, image.length);
        hart.start(entry, 0, 0);
    }

    /** Runs to a position, or until the hart stops or waits. */
    void run(final long until)
    {
        engine.run(until);
    }
}
