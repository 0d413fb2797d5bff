package dev.understudy.replay;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockStatus;
import dev.understudy.guest.virtio.VirtioNet;
import dev.understudy.journal.EventType;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.Outcome;
import java.util.Locale;
import org.agrona.DirectBuffer;

/**
 * Makes a machine do again what a journal says: runs it to each entry's position and lets the event enter there.
 * <p>
 * At each entry the hash of all outputs so far is compared, at each digest entry the whole machine. Whatever does not
 * fit ends in a {@link DivergenceException}; there is no tolerance. Owned by the hart thread.
 */
public final class Replayer
{
    private final Machine machine;
    private final DriveWaits drives;
    private byte[] scratch = new byte[64 * 1024];
    private long nextSequence;
    private long digestsCompared;
    private RunState state = RunState.RUNNING;
    private Outcome outcome;

    /**
     * Replays a machine without drives, or one whose drives carry out each request while it is submitted.
     *
     * @param machine as the genesis entry describes it, at its start
     */
    public Replayer(final Machine machine)
    {
        this(machine, request -> {});
    }

    /**
     * @param machine as the genesis entry describes it, at its start, its drives as well
     * @param drives  what the machine's drives are carried out by
     */
    public Replayer(final Machine machine, final DriveWaits drives)
    {
        this(machine, drives, 0);
    }

    /**
     * @param machine      as it was when all entries before that one had been applied, its drives as well
     * @param drives       what the machine's drives are carried out by
     * @param nextSequence number of the entry to begin with
     */
    public Replayer(final Machine machine, final DriveWaits drives, final long nextSequence)
    {
        this.machine = machine;
        this.drives = drives;
        this.nextSequence = nextSequence;
    }

    /** Sequence number of the next entry to apply. */
    public long nextSequence()
    {
        return nextSequence;
    }

    /** Number of digests that were compared and equal. */
    public long digestsCompared()
    {
        return digestsCompared;
    }

    /** What the machine did after the last entry. */
    public RunState state()
    {
        return state;
    }

    /** How the recording ended, or null while no closing entry was applied. */
    public Outcome outcome()
    {
        return outcome;
    }

    /**
     * Runs the machine towards an entry's position for a while; nothing enters the guest.
     *
     * @param entry           the next one of the journal
     * @param maxInstructions how far at most
     * @return whether the machine has reached the entry's position, so that {@link #apply} will not run it further
     */
    public boolean advance(final JournalEntry entry, final long maxInstructions)
    {
        final long position = machine.position();
        state = entry.position() - position <= maxInstructions ? machine.run(entry.position()) :
            machine.run(position + maxInstructions / 2, position + maxInstructions);
        return machine.position() >= entry.position() || state != RunState.RUNNING;
    }

    /** Runs the machine to an entry's position and lets the entry take effect. */
    public void apply(final JournalEntry entry)
    {
        if (entry.sequence() != nextSequence)
        {
            throw new IllegalArgumentException("entry " + entry.sequence() + " applied, " + nextSequence + " expected");
        }
        // A guest that cannot go on is found when it tries the instruction after the last one that retired.
        final boolean crashes = entry.type() == EventType.CLOSED && entry.outcome() == Outcome.CRASHED;
        state = machine.run(entry.position() + (crashes ? 1 : 0));
        if (machine.position() != entry.position())
        {
            throw differs(entry, "position of the guest when it " + describe(state),
                String.format(Locale.ROOT, "%,d", entry.position()),
                String.format(Locale.ROOT, "%,d", machine.position()));
        }
        if (machine.outputs() != entry.outputs())
        {
            throw differs(entry, "hash of all outputs before it", hex(entry.outputs()), hex(machine.outputs()));
        }

        machine.sample(entry.timeNs());
        takeEffect(entry);
        nextSequence++;
    }

    private void takeEffect(final JournalEntry entry)
    {
        switch (entry.type())
        {
            case GENESIS, BACKUP_JOINED ->
            {
            }
            case CLOCK_SAMPLE -> machine.rate(entry.picosPerInstruction(), entry.limitNs());
            case CONSOLE_INPUT ->
            {
                final int length = entry.dataLength();
                final int taken = machine.consoleInput(data(entry), 0, length);
                check(entry, taken == length, "console bytes taken", Integer.toString(length), Integer.toString(taken));
            }
            case ENTROPY ->
            {
                final int wanted = machine.entropyWanted();
                check(entry, wanted >= entry.dataLength(), "entropy bytes wanted",
                    Integer.toString(entry.dataLength()), Integer.toString(wanted));
                machine.entropy(data(entry), 0, entry.dataLength());
            }
            case VSOCK_PACKET -> check(entry, machine.vsock(data(entry), 0, entry.dataLength()),
                "room for a vsock packet", "yes", "no");
            case NETWORK_FRAME -> check(entry,
                VirtioNet.isFrame(entry.dataLength()) && machine.network(data(entry), 0, entry.dataLength()),
                "a buffer of the guest for a frame of " + entry.dataLength() + " bytes", "yes", "no");
            case DIGEST ->
            {
                final long digest = machine.digest();
                check(entry, digest == entry.state(), "digest of the machine", hex(entry.state()), hex(digest));
                digestsCompared++;
            }
            case BLOCK_COMPLETION -> completeBlock(entry);
            case CONSOLE_SIZE -> machine.consoleSize(entry.columns(), entry.rows());
            case BALLOON_TARGET -> machine.balloonTarget(entry.pages());
            case GENERATION -> applyGeneration(machine, entry.cause());
            case CLOSED -> close(entry);
        }
    }

    private void completeBlock(final JournalEntry entry)
    {
        final int drive = entry.drive();
        final BlockRequest request = drive < machine.driveCount() ? machine.blockRequest(drive) : null;
        check(entry, request != null && request.number() == entry.request(),
            "request of drive " + drive + " that the guest waits for", Long.toString(entry.request()),
            request == null ? "none" : Long.toString(request.number()));
        drives.await(request);
        machine.completeBlock(drive, BlockStatus.values()[entry.status().ordinal()]);
    }

    /** What the beginning of a generation does to the guest. */
    static void applyGeneration(final Machine machine, final GenerationCause cause)
    {
        switch (cause)
        {
            case STARTED, PROMOTED, SWITCHOVER -> machine.resetConnections();
            case BACKUP_LOST ->
            {
            }
        }
    }

    private void close(final JournalEntry entry)
    {
        final boolean shouldEnd = entry.outcome() != Outcome.STOPPED;
        final RunState expected = shouldEnd ? RunState.valueOf(entry.outcome().name()) : null;
        check(entry, shouldEnd ? state == expected : !state.isEnd(), "how the guest ended",
            shouldEnd ? expected.name() : "still running", state.name());
        final long digest = machine.digest();
        check(entry, digest == entry.state(), "final digest", hex(entry.state()), hex(digest));
        digestsCompared++;
        outcome = entry.outcome();
    }

    private byte[] data(final JournalEntry entry)
    {
        final int length = entry.dataLength();
        if (scratch.length < length)
        {
            scratch = new byte[length];
        }
        final DirectBuffer buffer = entry.data();
        buffer.getBytes(entry.dataOffset(), scratch, 0, length);
        return scratch;
    }

    private static void check(
        final JournalEntry entry, final boolean holds, final String what, final String recorded, final String replayed)
    {
        if (!holds)
        {
            throw differs(entry, what, recorded, replayed);
        }
    }

    private static DivergenceException differs(
        final JournalEntry entry, final String what, final String recorded, final String replayed)
    {
        return new DivergenceException(entry.sequence(), entry.position(), what, recorded, replayed);
    }

    private static String describe(final RunState state)
    {
        return switch (state)
        {
            case RUNNING -> "ran";
            case IDLE -> "waited for an interrupt";
            case SHUTDOWN, REBOOT, FAILURE, PANICKED, CRASHED -> "had ended with " + state;
        };
    }

    private static String hex(final long value)
    {
        return String.format(Locale.ROOT, "%016x", value);
    }
}
