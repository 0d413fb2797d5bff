package dev.understudy.hypervisor.image;

import dev.understudy.guest.MachineHost;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.hypervisor.linux.SparseArray;

/** What this process gives a machine: a thread that translates, and RAM that takes of the host what the guest uses. */
public final class MachineHosts
{
    private MachineHosts()
    {
    }

    /** For a machine under an engine. */
    public static MachineHost of(final EngineKind engine)
    {
        return new MachineHost(engine, TranslatorThread.INSTANCE, SparseArray::allocate);
    }
}
