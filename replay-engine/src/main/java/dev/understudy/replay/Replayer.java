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
    private final EventApplier events = new EventApplier();
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
     * Runs the machine towards an entry's position for a while; nothing enters the guest. At least one instruction
     * retires, unless the guest waits or ends or is at the entry's position.
     *
     * @param entry           the next one of the journal
     * @param maxInstructions how far at most; at least 1
     * @return whether the machine has reached the entry's position, so that {@link #apply} will not run it further
     */
    public boolean advance(final JournalEntry entry, final long maxInstructions)
    {
        final long position = machine.position();
        state = entry.position() - position <= maxInstructions ? machine.run(entry.position(), entry.position()) :
            machine.run(position + maxInstructions / 2, position + maxInstructions);
        final boolean goesOn = state == RunState.RUNNING || state == RunState.RESTARTED;
        return machine.position() >= entry.position() || !goesOn;
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

        takeEffect(entry);
        nextSequence++;
    }

    private void takeEffect(final JournalEntry entry)
    {
        switch (entry.type())
        {
            case BLOCK_COMPLETION -> drives.await(EventApplier.request(machine, entry));
            default ->
            {
                // Nothing is waited for.
            }
        }
        events.apply(machine, entry);
        switch (entry.type())
        {
            case DIGEST -> compare(entry, "digest of the machine");
            case CLOSED -> close(entry);
            default ->
            {
                // The next digest will tell.
            }
        }
    }

    private void compare(final JournalEntry entry, final String what)
    {
        final long digest = machine.digest();
        EventApplier.check(entry, digest == entry.state(), what, hex(entry.state()), hex(digest));
        digestsCompared++;
    }

    private void close(final JournalEntry entry)
    {
        final boolean shouldEnd = entry.outcome() != Outcome.STOPPED;
        final RunState expected = shouldEnd ? RunState.valueOf(entry.outcome().name()) : null;
        EventApplier.check(entry, shouldEnd ? state == expected : !state.isEnd(), "how the guest ended",
            shouldEnd ? expected.name() : "still running", state.name());
        compare(entry, "final digest");
        outcome = entry.outcome();
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
            case RUNNING, RESTARTED -> "ran";
            case IDLE -> "waited for an interrupt";
            case SHUTDOWN, REBOOT, FAILURE, PANICKED, CRASHED -> "had ended with " + state;
        };
    }

    private static String hex(final long value)
    {
        return String.format(Locale.ROOT, "%016x", value);
    }
}
