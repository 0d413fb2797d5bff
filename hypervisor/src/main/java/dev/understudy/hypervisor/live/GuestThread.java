package dev.understudy.hypervisor.live;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.hart.TranslationStatistics;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.JournalReader;
import dev.understudy.journal.JournalWriter;
import dev.understudy.replay.EventLog;
import dev.understudy.replay.Recorder;
import dev.understudy.replay.Replayer;
import java.security.SecureRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * The hart thread: owns the machine, first replays what a journal says if it is asked to, then runs live.
 * <p>
 * Other threads talk to it through the {@link Inbox}, the {@link Outbox} and the methods here; what they read of it is
 * published after each slice or entry.
 */
public final class GuestThread
{
    /** Entries replayed before the published position is renewed and the thread looks for a request. */
    private static final int FOLLOW_BATCH = 64;

    /** Requests of a drive completed before the guest runs again, so that a fast disk does not starve it. */
    private static final int COMPLETION_BATCH = 64;

    /** The longest sleep of a guest that waits for nothing; a bound against a wake-up that got lost. */
    private static final long MAX_SLEEP_NS = 1_000_000_000;

    /** What {@link #throttle} takes to stop the guest until further notice. */
    public static final long HOLD = -1;

    /** What a following guest needs to go live. */
    private record Takeover(JournalWriter journal, long generation, GenerationCause cause, String node)
    {
    }

    private final Machine machine;
    private final Inbox inbox;
    private final Outbox outbox;
    private final Drives drives;
    private final Doorbell agent;
    private final Doorbell sender;
    private final long digestIntervalNs;
    private final SecureRandom random = new SecureRandom();
    private byte[] entropy = new byte[4096];
    private Thread thread;

    private volatile Takeover takeover;
    private volatile boolean stopping;
    private volatile boolean closing;
    private volatile long throttleNs;
    private final Sleeper follower = new Sleeper();
    private volatile long announcements;

    private volatile boolean live;
    private volatile boolean finished;
    private volatile Throwable failure;
    private volatile RunState endState;
    private volatile long position;
    private volatile long replayedSequence = -1;
    private volatile long replayedTimeNs;
    private volatile long digestsCompared;
    private volatile long loggedSequence = -1;
    private volatile long loggedTimeNs;

    /**
     * @param drives           what the machine's requests go to; those that are done are announced in the inbox
     * @param agent            rung when there are outputs, and at each change of what is published that someone may wait
     *                         for
     * @param sender           rung when there are entries to send; a ring in each millisecond of a busy guest
     * @param digestIntervalNs time between the digests of a live guest
     */
    public GuestThread(
        final Machine machine,
        final Inbox inbox,
        final Outbox outbox,
        final Drives drives,
        final Doorbell agent,
        final Doorbell sender,
        final long digestIntervalNs)
    {
        this.machine = machine;
        this.inbox = inbox;
        this.outbox = outbox;
        this.drives = drives;
        this.agent = agent;
        this.sender = sender;
        this.digestIntervalNs = digestIntervalNs;
    }

    /** Starts the machine live from its beginning. */
    public void startLive(final EventLog log)
    {
        start(() -> runLive(newRecorder(log)));
    }

    /** Starts to replay a journal as it grows, until {@link #goLive} or {@link #stop}. Closes the reader. */
    public void startFollowing(final JournalReader reader)
    {
        start(() ->
        {
            final Takeover request;
            try (reader)
            {
                request = follow(reader);
            }
            if (request != null)
            {
                final EventLog log = EventLog.to(request.journal);
                final Recorder recorder = newRecorder(log);
                recorder.generation(request.generation, request.cause, request.node);
                runLive(recorder);
            }
        });
    }

    /**
     * Has a following guest replay what is left and then go live.
     *
     * @param journal the journal it follows; owned by the hart thread from now on
     */
    public void goLive(
        final JournalWriter journal, final long generation, final GenerationCause cause, final String node)
    {
        takeover = new Takeover(journal, generation, cause, node);
        follower.wake();
    }

    /** Tells a following guest that the journal has grown. Called by one thread. */
    public void announceEntries()
    {
        announcements = announcements + 1;
        follower.wake();
    }

    /**
     * Ends the thread at the next slice.
     *
     * @param closesJournal whether the recording of a live guest ends with it; not when another replica goes on
     */
    public void stop(final boolean closesJournal)
    {
        closing = closesJournal;
        stopping = true;
        outbox.close();
        inbox.ring();
        follower.wake();
    }

    /** Waits for the thread to end; returns whether it did. */
    public boolean join(final long timeoutMs) throws InterruptedException
    {
        if (thread != null)
        {
            thread.join(timeoutMs);
            return !thread.isAlive();
        }
        return true;
    }

    /** Sleeps so long after each slice, in nanoseconds; {@link #HOLD} stops the guest until further notice. */
    public void throttle(final long ns)
    {
        if (throttleNs != ns)
        {
            throttleNs = ns;
            inbox.ring();
        }
    }

    /** Whether the guest runs with the world. */
    public boolean isLive()
    {
        return live;
    }

    /** Whether the thread has ended, or is about to. */
    public boolean isFinished()
    {
        return finished;
    }

    /** What ended the thread against its will, or null. */
    public Throwable failure()
    {
        return failure;
    }

    /** How the guest ended, or null. */
    public RunState endState()
    {
        return endState;
    }

    /** What the engine has translated so far; callable from any thread. */
    public TranslationStatistics translations()
    {
        return machine.translations();
    }

    /** Position that the guest has reached. */
    public long position()
    {
        return position;
    }

    /** Sequence number of the last entry that was replayed; -1 before the first. */
    public long replayedSequence()
    {
        return replayedSequence;
    }

    /** Guest time of the last entry that was replayed, in nanoseconds. */
    public long replayedTimeNs()
    {
        return replayedTimeNs;
    }

    /** Sequence number of the last entry that a live guest has logged; -1 before the first. */
    public long loggedSequence()
    {
        return loggedSequence;
    }

    /** Guest time of about that entry, in nanoseconds. */
    public long loggedTimeNs()
    {
        return loggedTimeNs;
    }

    /** Number of digests that a replay compared and found equal. */
    public long digestsCompared()
    {
        return digestsCompared;
    }

    /** Why the guest cannot go on, or null. To be read after the end. */
    public String crash()
    {
        return machine.crash();
    }

    private void start(final Runnable job)
    {
        thread = new Thread(() ->
        {
            try
            {
                job.run();
            }
            // Whatever it is, the node must know: a replica whose hart thread died is a dead replica.
            catch (final Throwable e)
            {
                failure = e;
            }
            finally
            {
                finished = true;
                agent.ring();
            }
        }, "hart");
        thread.start();
    }

    private Recorder newRecorder(final EventLog log)
    {
        inbox.clear();
        outbox.goLive(log::lastSequence);
        return new Recorder(machine, log, System::nanoTime, digestIntervalNs);
    }

    private Takeover follow(final JournalReader reader)
    {
        final Replayer replayer = new Replayer(machine, drives);
        while (!stopping)
        {
            drives.check();
            // Read before the journal is: entries that came before a request are replayed before going live.
            final Takeover request = takeover;
            final long seen = announcements;
            int count = 0;
            while (count < FOLLOW_BATCH && reader.next())
            {
                replayer.apply(reader.entry());
                outbox.replayed(reader.entry().timeNs());
                replayedTimeNs = reader.entry().timeNs();
                count++;
            }
            if (count > 0)
            {
                position = machine.position();
                digestsCompared = replayer.digestsCompared();
                replayedSequence = replayer.nextSequence() - 1;
            }
            if (replayer.outcome() != null && replayer.state().isEnd())
            {
                endState = replayer.state();
                return null;
            }
            if (count == 0)
            {
                if (request != null)
                {
                    return request;
                }
                follower.await(() -> stopping || takeover != null || announcements != seen, MAX_SLEEP_NS);
            }
        }
        return null;
    }

    private void runLive(final Recorder recorder)
    {
        live = true;
        agent.ring();
        while (!stopping)
        {
            drives.check();
            final int work = inbox.drain(recorder) + completeRequests(recorder);
            supplyEntropy(recorder);
            // Before the guest runs, so that the entries are on their way while it does.
            publishLogged(recorder.lastSequence());
            if (throttleNs != 0)
            {
                slowDown();
                if (throttleNs == HOLD)
                {
                    continue;
                }
            }
            final RunState state = recorder.runSlice();
            final boolean hasRun = machine.position() != position;
            position = machine.position();
            publishLogged(recorder.lastSequence());
            outbox.flush();
            if (state.isEnd())
            {
                endState = state;
                return;
            }
            // A guest that has run may have room now for what it had none for.
            if (state == RunState.IDLE && work == 0 && !hasRun && recorder.entropyWanted() == 0)
            {
                final long idleNs = recorder.idleNs();
                if (idleNs > 0)
                {
                    inbox.await(Math.min(idleNs, MAX_SLEEP_NS));
                }
            }
        }
        if (closing)
        {
            recorder.stop();
        }
    }

    private void publishLogged(final long sequence)
    {
        if (sequence != loggedSequence)
        {
            loggedTimeNs = machine.timeNs();
            loggedSequence = sequence;
            sender.ring();
        }
    }

    /** Lets the guest know what its drives have done, drive by drive in the order of the requests. */
    private int completeRequests(final Recorder recorder)
    {
        int work = 0;
        for (int drive = 0; drive < recorder.driveCount(); drive++)
        {
            BlockRequest request = recorder.blockRequest(drive);
            for (int i = 0; i < COMPLETION_BATCH && request != null && drives.isDone(request); i++)
            {
                recorder.blockCompletion(drive);
                request = recorder.blockRequest(drive);
                work++;
            }
        }
        return work;
    }

    private void supplyEntropy(final Recorder recorder)
    {
        final int wanted = recorder.entropyWanted();
        if (wanted > 0)
        {
            if (entropy.length < wanted)
            {
                entropy = new byte[wanted];
            }
            random.nextBytes(entropy);
            recorder.entropy(entropy, wanted);
        }
    }

    private void slowDown()
    {
        final long ns = throttleNs;
        LockSupport.parkNanos(this, ns == HOLD ? 1_000_000 : ns);
    }
}
