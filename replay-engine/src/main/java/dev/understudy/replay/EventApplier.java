package dev.understudy.replay;

import dev.understudy.guest.Machine;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockStatus;
import dev.understudy.guest.virtio.VirtioNet;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.JournalEntry;

/**
 * Lets an event enter the guest: the only place where one does, for who records it as for who replays it.
 * <p>
 * The machine is at the entry's position. What does not fit the machine ends in a {@link DivergenceException}. Owned by
 * the hart thread.
 */
final class EventApplier
{
    private static final int FIRST_SCRATCH_BYTES = 64 * 1024;

    private byte[] scratch = new byte[FIRST_SCRATCH_BYTES];

    /** Sets the time that the entry carries, and lets its event enter. */
    void apply(final Machine machine, final JournalEntry entry)
    {
        machine.sample(entry.timeNs());
        switch (entry.type())
        {
            case GENESIS, BACKUP_JOINED, DIGEST, CLOSED ->
            {
                // Nothing of the world's.
            }
            case CLOCK_SAMPLE -> machine.rate(entry.picosPerInstruction(), entry.limitNs());
            case CONSOLE_INPUT ->
            {
                final int length = entry.dataLength();
                final int taken = machine.receiveConsole(data(entry), 0, length);
                check(entry, taken == length, "console bytes taken", Integer.toString(length), Integer.toString(taken));
            }
            case ENTROPY ->
            {
                final int wanted = machine.entropyWanted();
                check(entry, wanted >= entry.dataLength(), "entropy bytes wanted",
                    Integer.toString(entry.dataLength()), Integer.toString(wanted));
                machine.receiveEntropy(data(entry), 0, entry.dataLength());
            }
            case VSOCK_PACKET -> check(entry, machine.receiveVsock(data(entry), 0, entry.dataLength()),
                "room for a vsock packet", "yes", "no");
            case NETWORK_FRAME -> check(entry,
                VirtioNet.isFrame(entry.dataLength()) && machine.receiveFrame(data(entry), 0, entry.dataLength()),
                "a buffer of the guest for a frame of " + entry.dataLength() + " bytes", "yes", "no");
            case BLOCK_COMPLETION ->
            {
                request(machine, entry);
                machine.completeBlock(entry.drive(), BlockStatus.values()[entry.status().ordinal()]);
            }
            case CONSOLE_SIZE -> machine.consoleSize(entry.columns(), entry.rows());
            case BALLOON_TARGET -> machine.balloonTarget(entry.pages());
            case DATE -> machine.date(entry.epochNs());
            case GENERATION -> beginGeneration(machine, entry.cause());
        }
    }

    /** The request that an entry completes: the oldest of its drive that the guest waits for. */
    static BlockRequest request(final Machine machine, final JournalEntry entry)
    {
        final int drive = entry.drive();
        final BlockRequest request = drive < machine.driveCount() ? machine.blockRequest(drive) : null;
        check(entry, request != null && request.number() == entry.request(),
            "request of drive " + drive + " that the guest waits for", Long.toString(entry.request()),
            request == null ? "none" : Long.toString(request.number()));
        return request;
    }

    private static void beginGeneration(final Machine machine, final GenerationCause cause)
    {
        switch (cause)
        {
            case STARTED, PROMOTED, SWITCHOVER -> machine.resetConnections();
            case BACKUP_LOST ->
            {
                // The world's ends of all connections live on.
            }
        }
    }

    private byte[] data(final JournalEntry entry)
    {
        final int length = entry.dataLength();
        if (scratch.length < length)
        {
            scratch = new byte[length];
        }
        entry.data().getBytes(entry.dataOffset(), scratch, 0, length);
        return scratch;
    }

    /** @throws DivergenceException unless {@code holds} */
    static void check(
        final JournalEntry entry, final boolean holds, final String what, final String recorded, final String replayed)
    {
        if (!holds)
        {
            throw new DivergenceException(entry.sequence(), entry.position(), what, recorded, replayed);
        }
    }
}
