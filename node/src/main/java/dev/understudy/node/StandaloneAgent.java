package dev.understudy.node;

import dev.understudy.guest.RunState;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.replay.EventLog;
import dev.understudy.replay.Recorder;
import dev.understudy.replay.snapshot.Capture;
import dev.understudy.replay.snapshot.SnapshotException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.NanoClock;

/**
 * A guest without a backup: a node whose gate is open. Its events go to a log, which may be nowhere.
 * <p>
 * Like a {@link NodeAgent} it is handed its world, and has no thread. On the agent thread, but for what says otherwise.
 */
public final class StandaloneAgent implements Agent
{
    private final NanoClock clock;
    private final World world;
    private final Harts harts;
    private final Inbox inbox;
    private final Outbox outbox;
    private final OutputGate gate;
    private final GuestDrives drives;
    private final HartAgent hart;
    private Harts.Running running;
    private boolean isDone;

    /**
     * Opens the guest's drives and makes its machine; nothing runs yet.
     *
     * @param random           of the guest's entropy
     * @param world            the caller's to close
     * @param bell             wakes the agent
     * @param digestIntervalNs time between the digests in the log
     * @throws DriveException when a drive cannot be opened
     */
    public StandaloneAgent(
        final NanoClock clock,
        final RandomGenerator random,
        final GuestSource guest,
        final World world,
        final Harts harts,
        final Doorbell bell,
        final long digestIntervalNs)
    {
        this.clock = clock;
        this.world = world;
        this.harts = harts;
        inbox = new Inbox(harts.bell());
        outbox = new Outbox(bell);
        gate = new OutputGate(clock, Long.MAX_VALUE);
        gate.open(true);
        drives = guest.openDrives(inbox::announce);
        // Entries go to nobody: waking the agent for each would cost the guest 6 % of its time.
        hart = new HartAgent(guest.machine(outbox, drives), inbox, outbox, drives, clock, random, harts.bell(), bell,
            harts::makeWay, digestIntervalNs);
    }

    /** What waits to enter the guest. From any thread. */
    public Inbox inbox()
    {
        return inbox;
    }

    /**
     * Runs the guest from its beginning.
     *
     * @param first what enters the guest before its first instruction
     */
    public void start(final EventLog log, final Consumer<Recorder> first)
    {
        hart.beginLive(log);
        inbox.command(first);
        running = harts.start(hart, false);
    }

    /**
     * Has the guest captured between two slices, when its drives have carried out all that it wants of them. From any thread.
     *
     * One of both is called on the hart thread, unless the guest ends before.
     *
     * @param taken   takes the state
     * @param refused takes the reason why there is none
     */
    public void capture(final Consumer<Capture> taken, final Consumer<SnapshotException> refused)
    {
        inbox.command(recorder ->
        {
            settleDrives(recorder);
            try
            {
                taken.accept(recorder.capture());
            }
            catch (final SnapshotException e)
            {
                refused.accept(e);
            }
        });
    }

    private void settleDrives(final Recorder recorder)
    {
        for (int drive = 0; drive < recorder.driveCount(); drive++)
        {
            for (BlockRequest request = recorder.blockRequest(drive);
                request != null;
                request = recorder.blockRequest(drive))
            {
                drives.await(request);
                recorder.blockCompletion(drive);
            }
        }
    }

    @Override
    public String roleName()
    {
        return "standalone";
    }

    @Override
    public int doWork()
    {
        // Asked first: what a guest did before its end leaves before this one is done.
        final boolean isFinished = hart.isFinished();
        try
        {
            final int work = outbox.release(world, gate) + world.doWork(clock.nanoTime(), true, true);
            isDone = isFinished && work == 0;
            return work;
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the guest has ended, and all that it did has left. */
    public boolean isDone()
    {
        return isDone;
    }

    /** How the guest ended; null while it has not. From any thread. */
    public RunState end()
    {
        return hart.endState();
    }

    /** Why the guest cannot go on; null when it has not crashed. When it has ended. */
    public String crash()
    {
        return hart.crash();
    }

    /** What ended the guest against its will, or null. From any thread. */
    public Throwable failure()
    {
        return hart.failure();
    }

    /** Whether the guest does not run any more. From any thread. */
    public boolean isFinished()
    {
        return hart.isFinished();
    }

    /** Position that the guest has reached. From any thread. */
    public long position()
    {
        return hart.position();
    }

    /** What the engine has translated so far. From any thread. */
    public TranslationStatistics translations()
    {
        return hart.translations();
    }

    /** Has a guest that runs end its recording where it is; nobody waits for it. */
    @Override
    public void onClose()
    {
        if (running != null)
        {
            running.stop(true);
        }
    }

    /**
     * Lets go of the drives: after {@link #onClose}, when the hart has stopped.
     *
     * @throws DriveException when a drive has failed
     */
    public void release()
    {
        drives.close();
    }
}
