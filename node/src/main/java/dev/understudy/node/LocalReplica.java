package dev.understudy.node;

import dev.understudy.failover.role.GenerationStart;
import dev.understudy.failover.role.JournalTerm;
import dev.understudy.failover.role.Replica;
import dev.understudy.guest.RunState;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.JournalException;
import org.agrona.DirectBuffer;

/**
 * The guest of this node and its journal: replays it, runs the guest live, and lets the backup have what was logged.
 * <p>
 * The state machine of the roles decides which, by the methods of {@link Replica}. There is a guest as soon as the
 * journal has its first entry, and it follows the journal until it goes live; its thread and the agent thread, which
 * calls all methods here, meet in the inbox, the outbox, the journal and published fields.
 */
final class LocalReplica implements Replica
{
    /** Entries that may lie between what the backup has and the end of the journal when protection begins. */
    private static final long CAUGHT_UP_ENTRIES = 256;

    private final NodeSettings settings;
    private final NodeContext context;
    private final NodeJournal journal;
    private final OutputGate gate;
    private final Inbox inbox;
    private final LagControl lagControl;

    private GuestDrives drives;
    private Outbox outbox;
    private HartAgent guest;
    private Harts.Running running;
    private JournalStreamer streamer;
    private boolean hasNewEntries;
    private boolean announcesProtection;
    private volatile long protectionSequence = -1;

    /**
     * @param journal the caller's to close
     * @param gate    says which outputs may leave
     */
    LocalReplica(
        final NodeSettings settings, final NodeContext context, final NodeJournal journal, final OutputGate gate)
    {
        this.settings = settings;
        this.context = context;
        this.journal = journal;
        this.gate = gate;
        inbox = new Inbox(context.harts().bell());
        lagControl = new LagControl(settings.softLagMs(), settings.hardLagMs());
    }

    // The agent's duty cycle.

    /** Starts to replay the journal if it has an entry; the guest is what that says. Not one that has ended already. */
    void follow()
    {
        if (guest != null || journal.genesis() == null || journal.hasEnded())
        {
            return;
        }
        if (journal.firstSequence() > 0)
        {
            throw new JournalException("journal " + journal.name() + " begins with entry " + journal.firstSequence() +
                ", and there is no snapshot of the guest to begin with: move the node's data away, and have it join again");
        }
        final GuestSource source = context.guest();
        source.checkAgainst(journal.genesis());
        outbox = new Outbox(context.bell());
        drives = source.openDrives(inbox::announce);
        guest = new HartAgent(
            source.machine(outbox, drives),
            inbox,
            outbox,
            drives,
            context.clock(),
            context.random(),
            context.harts().bell(),
            context.bell(),
            this::onLogged,
            settings.digestIntervalNs());
        guest.beginFollowing(journal.reader());
        // A replay may wait for a drive, and heartbeats must not.
        running = context.harts().start(guest, drives.count() == 0);
    }

    /** The agent, which sends what was logged, may have no processor but the hart's. On the hart thread. */
    private void onLogged()
    {
        context.bell().ring();
        context.harts().makeWay();
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
        return outbox == null ? 0 : outbox.release(context.world(), gate);
    }

    /** Runs the guest for a moment, if it is this thread's turn; returns the work done. */
    int runGuest(final long nowNs)
    {
        return running == null ? 0 : running.runHere(nowNs);
    }

    /** Leaves the guest to the hart thread: the agent thread goes to sleep. */
    void leaveGuest()
    {
        if (running != null)
        {
            running.leave();
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

    /** What the guest's drives are carried out by; null without a guest. */
    GuestDrives drives()
    {
        return drives;
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
        guest.throttle(HartAgent.HOLD);
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
        return journal.journal() == null ? 0 :
            Math.max(0, (journal.journal().lastTimeNs() - replayedTimeNs()) / 1_000_000);
    }

    /** Number of frames that were lost because the guest does not use its network device. */
    long lostFrames()
    {
        return inbox.lostFrames();
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
    public long firstSequence()
    {
        return journal.firstSequence();
    }

    @Override
    public long chainHigh()
    {
        return journal.journal() == null ? 0 : journal.journal().chainHigh();
    }

    @Override
    public long chainLow()
    {
        return journal.journal() == null ? 0 : journal.journal().chainLow();
    }

    @Override
    public JournalTerm term()
    {
        return journal.term();
    }

    @Override
    public boolean hasEnded()
    {
        return journal.hasEnded();
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
    public boolean receiveFrom(final long fromSequence)
    {
        if (fromSequence != journal.lastSequence() + 1 || fromSequence == 0)
        {
            stop();
            if (running != null && !running.hasStopped())
            {
                return false;
            }
            release();
            journal.restart();
        }
        return true;
    }

    @Override
    public void createJournal()
    {
        if (journal.genesis() == null)
        {
            journal.create(context.guest().genesis());
            follow();
        }
    }

    @Override
    public void goLive(final long generation, final GenerationStart cause)
    {
        if (guest == null)
        {
            // The arbiter has granted a new life: not before, for the other node may have gone on with the old one.
            journal.beginAnew(context.guest().genesis());
            follow();
        }
        context.world().connect(generation, context.clock().nanoTime(), inbox);
        inbox.command(recorder -> recorder.date(context.calendar().instant()));
        inbox.command(recorder -> recorder.balloonTarget(settings.balloonPages()));
        guest.goLive(journal.journal(), generation, GenerationCause.valueOf(cause.name()), settings.pair().node());
    }

    @Override
    public void runSolo(final long generation)
    {
        gate.endProtection();
        inbox.command(recorder -> recorder.generation(generation, GenerationCause.BACKUP_LOST, settings.pair().node()));
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
        streamer = new JournalStreamer(context.link(), journal.reader(), sequence, session);
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
        return guest.isLive() && holdsJournal() && backupLagMs() <= settings.softLagMs();
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
            context.bell().ring();
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
        context.notices().accept("halted: " + reason);
        context.world().close();
    }

    @Override
    public void notice(final String text)
    {
        context.notices().accept(text);
    }

    /** Has the guest stop where it is; nobody waits for it. */
    void stop()
    {
        if (running != null)
        {
            running.stop(false);
        }
    }

    /** Lets go of a guest that has stopped. */
    void release()
    {
        guest = null;
        outbox = null;
        running = null;
        if (drives != null)
        {
            closeDrives();
        }
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
            context.notices().accept(e.getMessage());
        }
        drives = null;
    }
}
