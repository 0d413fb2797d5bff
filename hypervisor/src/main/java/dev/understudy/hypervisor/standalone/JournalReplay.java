package dev.understudy.hypervisor.standalone;

import dev.understudy.guest.Machine;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.image.MachineHosts;
import dev.understudy.hypervisor.snapshot.SnapshotPlace;
import dev.understudy.journal.EventType;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalEntries;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.Outcome;
import dev.understudy.replay.ReplaySession;
import dev.understudy.replay.snapshot.SnapshotInfo;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Replays a journal from its first entry, or from a snapshot, as fast as the machine goes: no network, no terminal, no waiting.
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
     * @param from           name of the snapshot to begin with; null: what the journal begins with
     * @param kernel         where the kernel is now; null: where it was
     * @param initrd         where the initial RAM disk is now; null: where it was
     * @param drives         where the drives are now, in the order of the journal; empty: where they were. They are
     *                       only read: what the guest writes goes to temporary overlays
     * @param engine         how the guest is executed: a matter of speed alone
     * @param console        takes what the guest prints
     * @param onMachine      told of the machine before it runs
     * @param untilPosition  stop at this position
     * @param untilEntry     stop after this entry
     * @param digestInterval instructions between two digests that are reported; 0 for none
     * @param onDigest       takes positions and digests
     */
    public static Result run(
        final Path directory,
        final String from,
        final Path kernel,
        final Path initrd,
        final List<Path> drives,
        final EngineKind engine,
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
            final Genesis genesis = readGenesis(directory, scan, from);
            final StoredSnapshot start = start(directory, from);
            final GuestStart begins = new GuestStart(start, null);
            final GuestImage image = start == null ? GuestImage.read(genesis, kernel, initrd, drives) : GuestImage.read(
                genesis,
                kernel == null ? start.kernelFile() : kernel,
                initrd == null ? start.initrdFile() : initrd,
                drives);
            try (Drives own = Drives.open(
                image.drives(),
                begins::openDrive,
                () -> {}))
            {
                final Machine machine = new Machine(image.machine(), new ConsoleOnly(console), own, MachineHosts.of(engine));
                onMachine.accept(machine);
                final ReplaySession session = start == null ? new ReplaySession(new Begun(scan), machine, own) :
                    session(scan, machine, own, start);
                final boolean isLimited =
                    replay(session, untilPosition, untilEntry, digestInterval, onDigest);
                console.flush();
                if (scan.damage() != null)
                {
                    throw new JournalException(scan.damage());
                }
                return new Result(
                    session.outcome() != null ? session.outcome().name() : isLimited ? "LIMIT" : "INCOMPLETE",
                    session.nextSequence(),
                    session.position(),
                    machine.digest(),
                    session.digestsCompared(),
                    machine.outputCount(),
                    scan.tornTail());
            }
        }
        catch (final UncheckedIOException e)
        {
            throw e.getCause();
        }
    }

    /** The snapshot to begin with; null for the journal's first entry. */
    private static StoredSnapshot start(final Path directory, final String from)
    {
        final SnapshotPlace place = SnapshotPlace.ofJournal(directory);
        if (place == null && from != null)
        {
            throw new JournalException("journal " + directory + " has no snapshots to begin with");
        }
        return place == null ? null : from == null ? place.openStart(JournalReplay::ignore) : place.open(from, JournalReplay::ignore);
    }

    private static void ignore(final String notice)
    {
        // What matters to the snapshot that is replayed is an exception.
    }

    /** A replay from a snapshot, which the scan is read up to. */
    private static ReplaySession session(
        final JournalScan scan, final Machine machine, final Drives drives, final StoredSnapshot start)
    {
        final SnapshotInfo info = start.info();
        while (scan.nextSequence() <= info.sequence() && scan.next())
        {
            // Checked as it is read.
        }
        if (scan.nextSequence() != info.sequence() + 1 || scan.chainHigh() != info.chainHigh() || scan.chainLow() != info.chainLow())
        {
            throw new JournalException(scan.damage() != null ? scan.damage() : "snapshot " + info.name() +
                " is not of this journal: it stands behind entry " + info.sequence() + ", and the journal " +
                (scan.nextSequence() <= info.sequence() ? "ends before that" :
                    scan.entries() == 0 && scan.base().isTrimmed() ? "begins with entry " + scan.nextSequence() :
                        "went another way"));
        }
        machine.load(start.reader());
        return new ReplaySession(scan, machine, drives, info.sequence() + 1);
    }

    /** Returns whether a limit was reached, and not the end of the journal. */
    private static boolean replay(
        final ReplaySession session,
        final long untilPosition,
        final long untilEntry,
        final long digestInterval,
        final BiConsumer<Long, Long> onDigest)
    {
        long nextDigest = digestInterval > 0 ? (session.position() / digestInterval + 1) * digestInterval : NO_LIMIT;
        while (session.nextSequence() <= untilEntry && session.nextEntry() != null)
        {
            final long target = session.nextEntry().position();
            while (nextDigest <= Math.min(target, untilPosition) && session.advanceBefore(nextDigest))
            {
                onDigest.accept(nextDigest, session.machine().digest());
                nextDigest += digestInterval;
            }
            if (target > untilPosition)
            {
                return session.advanceTo(untilPosition);
            }
            session.advanceToEntry(session.nextSequence());
        }
        return session.nextSequence() > untilEntry;
    }

    private static Genesis readGenesis(final Path directory, final JournalScan scan, final String from)
    {
        if (scan.base().isTrimmed())
        {
            if (from != null)
            {
                return scan.base().genesis();
            }
            throw new JournalException("journal " + directory + " begins with entry " + scan.nextSequence() +
                ", since those before it were removed: replay it from a snapshot, with --from NAME");
        }
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

    /** A scan whose first entry has been read already. */
    private static final class Begun implements JournalEntries
    {
        private final JournalScan scan;
        private boolean hasFirst = true;

        Begun(final JournalScan scan)
        {
            this.scan = scan;
        }

        @Override
        public boolean next()
        {
            final boolean isFirst = hasFirst;
            hasFirst = false;
            return isFirst || scan.next();
        }

        @Override
        public JournalEntry entry()
        {
            return scan.entry();
        }

        @Override
        public void close()
        {
            scan.close();
        }
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
