package dev.understudy.hypervisor.pair;

import dev.understudy.failover.role.GenerationStart;
import dev.understudy.failover.role.JournalTerm;
import dev.understudy.failover.role.Replica;
import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.hart.TranslationStatistics;
import dev.understudy.guest.virtio.VirtioBalloon;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.drive.DriveException;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.linux.SparseArray;
import dev.understudy.hypervisor.live.GuestEnd;
import dev.understudy.hypervisor.live.GuestThread;
import dev.understudy.hypervisor.live.Inbox;
import dev.understudy.hypervisor.live.Outbox;
import dev.understudy.hypervisor.live.SelectorDoorbell;
import dev.understudy.journal.GenerationCause;
import dev.understudy.transport.PairTransport;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * The guest of this node and its journal: replays it, runs the guest live, and lets the backup have what was logged.
 * <p>
 * The state machine of the roles decides which, by the methods of {@link Replica}. There is a guest as soon as the
 * journal has its first entry, and it follows the journal until it goes live; its thread and the agent thread, which
 * calls all methods here, meet in the inbox, the outbox, the journal and published fields.
 */
final class LocalReplica implements Replica, AutoCloseable
{
    /** Entries that may lie between what the backup has and the end of the journal when protection begins. */
    private static final long CAUGHT_UP_ENTRIES = 256;

    private static final long JOIN_TIMEOUT_MS = 5_000;

    private final PairConfiguration configuration;
    private final PairConfiguration.Node node;
    private final GuestImage image;
    private final NodeProcessors processors;
    private final JournalStore journal;
    private final PairTransport transport;
    private final OutsideWorld world;
    private final OutputGate gate;
    private final Inbox inbox;
    private final SelectorDoorbell bell;
    private final InstantSource clock;
    private final Consumer<String> notices;
    private final LagControl lagControl;

    private final WorkWatch journalWatch;
    private final List<WorkWatch> driveWatches = new ArrayList<>();
    private Drives drives = Drives.none();
    private Outbox outbox;
    private GuestThread guest;
    private JournalStreamer streamer;
    private boolean hasNewEntries;
    private boolean announcesProtection;
    private volatile long protectionSequence = -1;

    /**
     * @param processors that the hart runs on, with the agent
     * @param journal    the caller's to close
     * @param world      to be connected when the guest goes live
     * @param gate       says which outputs may leave
     * @param inbox      takes what enters the guest
     * @param bell       rung when the agent thread has something to do
     * @param clock      says what the date is when the guest starts
     * @param notices    takes what the operator should know, a line each
     */
    LocalReplica(
        final PairConfiguration configuration,
        final PairConfiguration.Node node,
        final GuestImage image,
        final NodeProcessors processors,
        final JournalStore journal,
        final PairTransport transport,
        final OutsideWorld world,
        final OutputGate gate,
        final Inbox inbox,
        final SelectorDoorbell bell,
        final InstantSource clock,
        final Consumer<String> notices)
    {
        this.configuration = configuration;
        this.node = node;
        this.image = image;
        this.processors = processors;
        this.journal = journal;
        this.transport = transport;
        this.world = world;
        this.gate = gate;
        this.inbox = inbox;
        this.bell = bell;
        this.clock = clock;
        this.notices = notices;
        journalWatch = new WorkWatch(() -> journal.writer() == null ? -1 : journal.writer().underWay());
        lagControl = new LagControl(configuration.softLagMs(), configuration.hardLagMs());
    }

    // The agent's duty cycle.

    /** Starts to replay the journal if it has an entry; the guest is what that says. */
    void follow()
    {
        if (guest != null || journal.genesis() == null)
        {
            return;
        }
        image.checkAgainst(journal.genesis());
        outbox = new Outbox(bell);
        drives = Drives.open(
            image.drives(),
            (i, drive) -> drive.isReadOnly() ? RawImage.readOnly(drive.path()) :
                OverlayImage.beginAnew(drive, node.data().resolve("drive-" + i + ".overlay")),
            inbox::announce);
        watchDrives();
        final Machine machine = new Machine(image.machine(), outbox, drives, SparseArray::allocate);
        guest = new GuestThread(machine, inbox, outbox, drives, bell, bell, configuration.digestMs() * 1_000_000L);
        if (image.drives().isEmpty())
        {
            // A replay may wait for a drive, and heartbeats must not.
            guest.share();
        }
        guest.startFollowing(journal.reader(), processors::join);
    }

    /** Whether the guest runs with the world. */
    boolean isLive()
    {
        return guest != null && guest.isLive();
    }

    /** Appends an entry of the primary's journal; {@link #announceEntries} has it replayed. */
    void receive(final DirectBuffer entry, final int offset, final int length)
    {
        journal.append(entry, offset, length);
        hasNewEntries = true;
        follow();
    }

    /** Whether entries were received that the guest has not been told of. */
    boolean hasNewEntries()
    {
        return hasNewEntries;
    }

    /** Has the guest replay what was received. */
    void announceEntries()
    {
        if (hasNewEntries && guest != null)
        {
            guest.announceEntries();
        }
        hasNewEntries = false;
    }

    /** First entry on whose acknowledgement outputs depend: once, when the hart thread has written it; else -1. */
    long takeProtectionBegun()
    {
        if (!announcesProtection || protectionSequence < 0)
        {
            return -1;
        }
        announcesProtection = false;
        return protectionSequence;
    }

    /** Sends the backup what was logged; returns the number of entries. */
    int stream()
    {
        return streamer == null ? 0 : streamer.doWork();
    }

    /** Lets outputs go to the world as the gate allows; returns their number. */
    int releaseOutputs()
    {
        return outbox == null ? 0 : outbox.release(world);
    }

    /** Runs the guest for a moment, if it is this thread's turn; returns the work done. */
    int runGuest(final long nowNs)
    {
        return guest == null ? 0 : guest.runHere(nowNs);
    }

    /** Leaves the guest to the hart thread: the agent thread goes to sleep. */
    void leaveGuest()
    {
        if (guest != null)
        {
            guest.leave();
        }
    }

    /** Slows the guest of a primary as far as its backup's replay is behind. */
    void controlLag(final boolean isSolo)
    {
        if (!isLive())
        {
            return;
        }
        if (!isSolo)
        {
            guest.throttle(lagControl.whileProtected(backupLagMs()));
        }
        else
        {
            guest.throttle(holdsJournal() ? lagControl.whileJoining(backupLagMs()) : 0);
        }
    }

    private void watchDrives()
    {
        final Drives opened = drives;
        driveWatches.clear();
        for (int i = 0; i < opened.count(); i++)
        {
            final int drive = i;
            driveWatches.add(new WorkWatch(() -> opened.underWay(drive)));
        }
    }

    /** What the guest waits for that a disk has not done for so long that it counts as hung; null when there is none. */
    String hungDisk(final long nowNs, final long journalLimitNs, final long driveLimitNs)
    {
        final long journalNs = journalWatch.lastsNs(nowNs);
        String hung = journalNs < journalLimitNs ? null :
            "the disk of journal " + journal.directory() + " has not taken an entry for " + journalNs / 1_000_000 + " ms";
        for (int i = 0; i < driveWatches.size(); i++)
        {
            final long driveNs = driveWatches.get(i).lastsNs(nowNs);
            if (driveNs >= driveLimitNs)
            {
                hung = "the disk of drive " + image.drives().get(i).path() + " has not carried out a request for " +
                    driveNs / 1_000_000 + " ms";
            }
        }
        return hung;
    }

    // How the guest ends.

    /** Whether the guest does not run any more. */
    boolean isGuestFinished()
    {
        return guest != null && guest.isFinished();
    }

    /** Why a guest that is finished cannot be run, or null. */
    String failure()
    {
        final Throwable failure = guest.failure();
        if (failure == null)
        {
            return null;
        }
        return GuestEnd.isExplained(failure) ? failure.getMessage() : "the hart thread failed: " + failure;
    }

    /** How a guest that is finished ended, once what it did last has left and the backup knows; until then null. */
    RunState end()
    {
        final boolean isHeld = !guest.isLive() || outbox.isEmpty() &&
            (gate.protectedFrom() == Long.MAX_VALUE || gate.acknowledged() >= guest.loggedSequence());
        return isHeld ? guest.endState() : null;
    }

    /** What to tell of an {@link #end}. */
    String describe(final RunState end)
    {
        return GuestEnd.describe(end, guest.crash());
    }

    /** Stops the guest of a primary that hands over: what it has done is all that the backup needs. */
    void holdGuest()
    {
        guest.throttle(GuestThread.HOLD);
    }

    /** Whether the world has all outputs of a guest that is held, and the backup the whole journal. */
    boolean isHandedOver()
    {
        return outbox.isEmpty() && gate.acknowledged() >= guest.loggedSequence();
    }

    // What the status says.

    /** Guest time of the last entry that was replayed, in nanoseconds. */
    long replayedTimeNs()
    {
        return guest == null ? 0 : guest.replayedTimeNs();
    }

    /** Entries of the journal that a guest which follows it has not replayed yet. */
    long lagEvents()
    {
        return guest == null ? 0 : Math.max(0, journalSequence() - guest.replayedSequence());
    }

    /** The same in guest time. */
    long lagMs()
    {
        return journal.writer() == null ? 0 :
            Math.max(0, (journal.writer().lastTimeNs() - replayedTimeNs()) / 1_000_000);
    }

    /** Number of digests that were compared with the primary's and found equal. */
    long digestsCompared()
    {
        return guest == null ? 0 : guest.digestsCompared();
    }

    /** What the engine has translated so far. */
    TranslationStatistics translations()
    {
        return guest == null ? TranslationStatistics.NONE : guest.translations();
    }

    // What the state machine of the roles asks.

    @Override
    public long journalSequence()
    {
        return isLive() ? guest.loggedSequence() : journal.lastSequence();
    }

    @Override
    public long chainHigh()
    {
        return journal.writer() == null ? 0 : journal.writer().chainHigh();
    }

    @Override
    public long chainLow()
    {
        return journal.writer() == null ? 0 : journal.writer().chainLow();
    }

    @Override
    public JournalTerm term()
    {
        return journal.term();
    }

    @Override
    public long position()
    {
        return guest == null ? 0 : guest.position();
    }

    @Override
    public long replayedSequence()
    {
        return guest == null ? -1 : guest.replayedSequence();
    }

    @Override
    public long releasedOutputs()
    {
        return outbox == null ? 0 : outbox.released();
    }

    @Override
    public void receiveFrom(final long fromSequence)
    {
        if (fromSequence != journal.lastSequence() + 1 || fromSequence == 0)
        {
            stopGuest();
            journal.restart();
        }
    }

    @Override
    public void createJournal()
    {
        if (journal.genesis() == null)
        {
            journal.create(image.genesis(configuration.name()));
            follow();
        }
    }

    @Override
    public void goLive(final long generation, final GenerationStart cause)
    {
        world.connect(generation, System.nanoTime());
        inbox.command(recorder -> recorder.date(clock.instant()));
        inbox.command(recorder -> recorder.balloonTarget(configuration.balloonBytes() / VirtioBalloon.PAGE_BYTES));
        guest.goLive(journal.writer(), generation, GenerationCause.valueOf(cause.name()), node.name());
    }

    @Override
    public void runSolo(final long generation)
    {
        gate.endProtection();
        inbox.command(recorder -> recorder.generation(generation, GenerationCause.BACKUP_LOST, node.name()));
    }

    @Override
    public boolean holds(final long sequence, final long chainHigh, final long chainLow)
    {
        return journal.holds(sequence, chainHigh, chainLow);
    }

    @Override
    public void streamFrom(final long sequence, final long session)
    {
        stopStreaming();
        streamer = new JournalStreamer(transport, journal.reader(), sequence, session);
    }

    @Override
    public void stopStreaming()
    {
        if (streamer != null)
        {
            streamer.close();
            streamer = null;
        }
    }

    @Override
    public boolean isCaughtUp()
    {
        return guest.isLive() && holdsJournal() && backupLagMs() <= configuration.softLagMs();
    }

    /** Whether a backup, protecting or joining, has nearly every entry. */
    private boolean holdsJournal()
    {
        return streamer != null && gate.acknowledged() >= guest.loggedSequence() - CAUGHT_UP_ENTRIES;
    }

    private long backupLagMs()
    {
        return streamer == null ? 0 : streamer.lagMs(guest.loggedSequence(), guest.loggedTimeNs());
    }

    @Override
    public void protect(final long generation, final String backup)
    {
        final OutputGate.Beginning beginning = gate.beginProtection();
        protectionSequence = -1;
        announcesProtection = true;
        inbox.command(recorder ->
        {
            recorder.backupJoined(generation, backup);
            beginning.from(recorder.lastSequence());
            protectionSequence = recorder.lastSequence();
            bell.ring();
        });
    }

    @Override
    public void acknowledged(final long journalSequence, final long replayedSequence, final long replayedTimeNs)
    {
        gate.acknowledge(journalSequence);
        streamer.replayed(replayedSequence, replayedTimeNs);
    }

    @Override
    public void allowOutputs(final boolean allowed)
    {
        gate.open(allowed);
    }

    @Override
    public void halt(final String reason)
    {
        gate.open(false);
        notices.accept("halted: " + reason);
        world.close();
    }

    @Override
    public void notice(final String text)
    {
        notices.accept(text);
    }

    private void stopGuest()
    {
        if (guest != null)
        {
            guest.stop(false);
            try
            {
                guest.join(JOIN_TIMEOUT_MS);
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
            guest = null;
            outbox = null;
        }
        closeDrives();
    }

    /** What is on the drives is made anew from the journal, so that nothing is lost with them. */
    private void closeDrives()
    {
        try
        {
            drives.close();
        }
        catch (final DriveException e)
        {
            notices.accept(e.getMessage());
        }
        drives = Drives.none();
    }

    /** Stops the guest where it is. */
    @Override
    public void close()
    {
        stopGuest();
        stopStreaming();
    }
}
