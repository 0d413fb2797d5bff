package dev.understudy.node;

import dev.understudy.guest.Machine;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.journal.Genesis;

/** Makes the guest that a node is configured to run. On the agent thread. */
public interface GuestSource
{
    /** The first entry of a new guest's journal. */
    Genesis genesis();

    /**
     * @throws WrongGuestException when a journal's first entry describes another guest
     */
    void checkAgainst(Genesis genesis);

    /**
     * Opens the guest's drives as they were at its start.
     *
     * @param onDone called when a request was carried out, on any thread
     * @throws DriveException when one cannot be opened
     */
    GuestDrives openDrives(Runnable onDone);

    /** The guest before its first instruction. */
    Machine machine(OutputSink outputs, GuestDrives drives);
}
