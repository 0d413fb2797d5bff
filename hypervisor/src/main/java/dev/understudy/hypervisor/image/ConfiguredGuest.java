package dev.understudy.hypervisor.image;

import dev.understudy.guest.Machine;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.journal.Genesis;
import dev.understudy.node.GuestDrives;
import dev.understudy.node.GuestSource;
import dev.understudy.node.WrongGuestException;
import java.util.function.Consumer;

/**
 * The guest of an image, on drives of this host.
 *
 * @param name      of the guest, for its journal
 * @param opening   begins the content of its drives
 * @param engine    how it is executed: a matter of speed alone
 * @param beginning brings a machine that would boot to where the guest begins instead
 */
public record ConfiguredGuest(
    String name, GuestImage image, Drives.Opening opening, EngineKind engine, Consumer<Machine> beginning)
    implements GuestSource
{
    @Override
    public Genesis genesis()
    {
        return image.genesis(name);
    }

    @Override
    public void checkAgainst(final Genesis genesis)
    {
        try
        {
            image.checkAgainst(genesis);
        }
        catch (final ImageException e)
        {
            throw new WrongGuestException(e.getMessage(), e);
        }
    }

    @Override
    public GuestDrives openDrives(final Runnable onDone)
    {
        return Drives.open(image.drives(), opening, onDone);
    }

    @Override
    public Machine machine(final OutputSink outputs, final GuestDrives drives)
    {
        final Machine machine = new Machine(image.machine(), outputs, drives, MachineHosts.of(engine));
        beginning.accept(machine);
        return machine;
    }
}
