package dev.understudy.hypervisor.standalone;

import dev.understudy.guest.Machine;
import dev.understudy.guest.OutputSink;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.linux.SparseArray;
import dev.understudy.journal.EventType;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.Outcome;
import dev.understudy.replay.Replayer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Replays a journal from its first entry as fast as the machine goes: no network, no terminal, no waiting.
 */
public final class JournalReplay
{
    /** What {@link #run} takes for no limit. */
    public static final long NO_LIMIT = Long.MAX_VALUE;

    /**
     * What a replay found.
     *
     * @param outcome         how the recording ended, {@code INCOMPLETE} when its writer died, {@code LIMIT} when the
     *                        replay stopped at a position or entry that it was given
     * @param entries         number of entries applied
     * @param position        reached by the guest
     * @param digest          of the machine there
     * @param digestsCompared number of digests in the journal that were compared and equal
     * @param outputs         number of outputs compared
     * @param tornTail        what lies behind the last entry, because the writer died while it wrote; null for nothing
     */
    public record Result(
        String outcome, long entries, long position, long digest, long digestsCompared, long outputs, String tornTail)
    {
    }

    private JournalReplay()
    {
    }

    /**
     * Replays.
     *
     * @param kernel         where the kernel is now; null: where it was
     * @param initrd         where the initial RAM disk is now; null: where it was
     * @param drives         where the drives are now, in the order of the journal; empty: where they were. They are
     *                       only read: what the guest writes goes to temporary overlays
     * @param console        takes what the guest prints
     * @param onMachine      told of the machine before it runs
     * @param untilPosition  stop at this position
     * @param untilEntry     stop after this entry
     * @param digestInterval instructions between two digests that are reported; 0 for none
     * @param onDigest       takes positions and digests
     */
    public static Result run(
        final Path directory,
        final Path kernel,
        final Path initrd,
        final List<Path> drives,
        final OutputStream console,
        final Consumer<Machine> onMachine,
        final long untilPosition,
        final long untilEntry,
        final long digestInterval,
        final BiConsumer<Long, Long> onDigest)
        throws IOException
    {
        try (JournalScan scan = JournalScan.open(directory))
        {
            final Genesis genesis = readGenesis(directory, scan);
            final GuestImage image = GuestImage.read(genesis, kernel, initrd, drives);
            try (Drives own = Drives.open(
                image.drives(),
                (i, drive) -> drive.isReadOnly() ? RawImage.readOnly(drive.path()) : OverlayImage.temporary(drive),
                () -> {}))
            {
                final Machine machine = new Machine(image.machine(), new ConsoleOnly(console), own, SparseArray::allocate);
                onMachine.accept(machine);
                return replay(
                    scan, machine, new Replayer(machine, own), console, untilPosition, untilEntry, digestInterval,
                    onDigest);
            }
        }
        catch (final UncheckedIOException e)
        {
            throw e.getCause();
        }
    }

    private static Result replay(
        final JournalScan scan,
        final Machine machine,
        final Replayer replayer,
        final OutputStream console,
        final long untilPosition,
        final long untilEntry,
        final long digestInterval,
        final BiConsumer<Long, Long> onDigest)
        throws IOException
    {
        replayer.apply(scan.entry());
        long nextDigest = digestInterval > 0 ? digestInterval : NO_LIMIT;
        boolean isLimited = untilEntry <= 0;
        while (!isLimited && scan.next())
        {
            final long target = scan.entry().position();
            while (nextDigest <= Math.min(target, untilPosition))
            {
                machine.run(nextDigest);
                if (machine.position() < nextDigest)
                {
                    break;
                }
                onDigest.accept(nextDigest, machine.digest());
                nextDigest += digestInterval;
            }
            if (target > untilPosition)
            {
                machine.run(untilPosition);
                isLimited = true;
                break;
            }
            replayer.apply(scan.entry());
            isLimited = scan.entry().sequence() >= untilEntry;
        }
        console.flush();
        if (scan.damage() != null)
        {
            throw new JournalException(scan.damage());
        }
        return new Result(
            replayer.outcome() != null ? replayer.outcome().name() : isLimited ? "LIMIT" : "INCOMPLETE",
            replayer.nextSequence(),
            machine.position(),
            machine.digest(),
            replayer.digestsCompared(),
            machine.outputCount(),
            scan.tornTail());
    }

    private static Genesis readGenesis(final Path directory, final JournalScan scan)
    {
        if (!scan.next())
        {
            throw new JournalException(scan.damage() != null ? scan.damage() :
                "journal " + directory + " is empty: its writer died before the first entry");
        }
        if (scan.entry().type() != EventType.GENESIS)
        {
            throw new JournalException("journal " + directory + ": its first entry is " + scan.entry().type() +
                ", not GENESIS");
        }
        return scan.entry().genesis();
    }

    /** Whether a result is what a complete recording gives. */
    public static boolean isComplete(final Result result)
    {
        for (final Outcome outcome : Outcome.values())
        {
            if (outcome.name().equals(result.outcome))
            {
                return true;
            }
        }
        return false;
    }

    /** Shows what the guest prints; what it sends is only compared. */
    private record ConsoleOnly(OutputStream console) implements OutputSink
    {
        @Override
        public void sendConsole(final byte[] data, final int offset, final int length)
        {
            try
            {
                console.write(data, offset, length);
            }
            catch (final IOException e)
            {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void sendVsock(final byte[] packet, final int offset, final int length)
        {
        }

        @Override
        public void sendFrame(final byte[] frame, final int offset, final int length)
        {
        }
    }
}
