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
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Runs the machine: first replays what a journal says if it is asked to, then runs live.
 * <p>
 * It has a thread of its own, the hart thread, and may share its work with one other: while that one is awake it takes
 * turns to run the guest itself, so that a short answer needs no second thread to wake up, and hands a guest that is busy
 * for longer back to the hart thread. Whoever has the turn owns the machine. Other threads talk to it through the
 * {@link Inbox}, the {@link Outbox} and the methods here; what they read of it is published after each slice or entry.
 */
public final class GuestThread
{
    /**
     * Entries replayed before the published position is renewed and others get their turn: a backup's agent acknowledges
     * what has come meanwhile, and with that an output of the primary waits.
     */
    private static final int FOLLOW_BATCH = 8;

    /** A guest that is busy for more steps in a row goes back to the hart thread. */
    static final int MAX_SHARED_STEPS = 4;

    /**
     * The guest is shared while it retires fewer instructions than this for what enters it: some microseconds, where
     * waking the hart thread takes twenty.
     */
    private static final long SHORT_ANSWER_INSTRUCTIONS = 4_000;

    /** Events after which it is looked again how long the guest's answers are. */
    private static final int ANSWERS = 256;

    /**
     * Instructions that the hart thread of a backup replays before it lets others have its processor: its agent, with
     * which an output of the primary waits, may have no other one.
     */
    private static final int FOLLOW_SLICE = 8_000;

    /** Steps since it last rested after which it does so: one that has fallen behind keeps its processor. */
    private static final int MAX_POLITE_STEPS = 100;

    /** Time between looks whether a full outbox has room. */
    private static final long FULL_WAIT_NS = 50_000;

    /** Requests of a drive completed before the guest runs again, so that a fast disk does not starve it. */
    private static final int COMPLETION_BATCH = 64;

    /** The longest sleep of a guest that waits for nothing; a bound against a wake-up that got lost. */
    private static final long MAX_SLEEP_NS = 1_000_000_000;

    /** What {@link #throttle} takes to stop the guest until further notice. */
    public static final long HOLD = -1;

    /** Who runs the guest: the hart thread; whoever takes the turn; the thread that shares it. */
    private enum Turn
    {
        HART,
        FREE,
        SHARER
    }

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
    private final AtomicReference<Turn> turn = new AtomicReference<>(Turn.HART);
    private final BooleanSupplier hasNews = this::hasNews;
    private Thread thread;

    // Of whoever has the turn.
    private byte[] entropy = new byte[4096];
    private JournalReader reader;
    private Replayer replayer;
    private boolean hasEntry;
    private long seenAnnouncements;
    private Recorder recorder;
    private RunState ended;
    private boolean isBusy = true;
    private long dueNs;
    private long answersFrom;
    private int answers;

    /** Of the thread that shares the guest. */
    private int busySteps;

    /** Of the hart thread: steps after which it let others have its processor, since it last rested. */
    private int politeSteps;

    /** The thread that may share the guest, or null. */
    private Thread sharer;

    private volatile Takeover takeover;
    private volatile boolean stopping;
    private volatile boolean closing;
    private volatile long throttleNs;
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

    /** Lets the calling thread run the guest by {@link #runHere} as well. Before the start. */
    public void share()
    {
        sharer = Thread.currentThread();
        inbox.share(sharer);
    }

    /** Starts the machine live from its beginning. */
    public void startLive(final EventLog log)
    {
        goLive(log);
        start(() -> {});
    }

    /**
     * Starts to replay a journal as it grows, until {@link #goLive} or {@link #stop}. Closes the reader.
     *
     * @param first what the hart thread does before all else
     */
    public void startFollowing(final JournalReader journal, final Runnable first)
    {
        reader = journal;
        replayer = new Replayer(machine, drives);
        start(first);
    }

    /**
     * Has a following guest replay what is left and then go live.
     *
     * @param journal the journal it follows; owned by whoever runs the guest from now on
     */
    public void goLive(
        final JournalWriter journal, final long generation, final GenerationCause cause, final String node)
    {
        takeover = new Takeover(journal, generation, cause, node);
        inbox.ring();
    }

    /** Tells a following guest that the journal has grown. Called by one thread. */
    public void announceEntries()
    {
        announcements = announcements + 1;
        inbox.ring();
    }

    /**
     * Runs the guest for a moment, if it has something to do and the hart thread does not run it already. On the thread
     * that shares it, in each of its duty cycles.
     *
     * @return 0 when there was nothing to do
     */
    public int runHere(final long nowNs)
    {
        if (!takeTurn(nowNs))
        {
            return 0;
        }
        final int work = tryStep();
        busySteps = isBusy ? busySteps + 1 : 0;
        if (finished || busySteps > MAX_SHARED_STEPS)
        {
            giveTurn();
        }
        return work;
    }

    private boolean takeTurn(final long nowNs)
    {
        return switch (turn.get())
        {
            case HART -> false;
            case FREE ->
            {
                if (!hasNews())
                {
                    yield false;
                }
                if (throttleNs != 0)
                {
                    inbox.wake();
                    yield false;
                }
                yield inbox.isShared() && turn.compareAndSet(Turn.FREE, Turn.SHARER);
            }
            case SHARER ->
            {
                if (throttleNs != 0 || stopping || !inbox.isShared())
                {
                    giveTurn();
                    yield false;
                }
                yield isBusy || hasNews() || nowNs - dueNs >= 0;
            }
        };
    }

    /** Leaves the guest to the hart thread: the thread that shares it goes to sleep. */
    public void leave()
    {
        if (turn.get() == Turn.SHARER)
        {
            giveTurn();
        }
        else if (hasNews())
        {
            inbox.wake();
        }
    }

    private void giveTurn()
    {
        busySteps = 0;
        turn.set(Turn.HART);
        LockSupport.unpark(thread);
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
        if (Thread.currentThread() == sharer)
        {
            leave();
        }
        inbox.wake();
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

    private void start(final Runnable first)
    {
        thread = new Thread(() ->
        {
            first.run();
            run();
        }, "hart");
        thread.start();
    }

    private void run()
    {
        while (!finished)
        {
            if (turn.get() == Turn.SHARER)
            {
                LockSupport.park(this);
            }
            else if (tryStep() == 0)
            {
                rest();
                politeSteps = 0;
            }
            else if (isPolite())
            {
                politeSteps++;
                Thread.yield();
            }
        }
    }

    /** Whether this is the hart thread of a backup that keeps up. */
    private boolean isPolite()
    {
        return Thread.currentThread() == thread && recorder == null && politeSteps < MAX_POLITE_STEPS;
    }

    /** Waits for news, or for the guest's timer, and lets the thread that shares the guest take the turn meanwhile. */
    private void rest()
    {
        turn.set(Turn.FREE);
        inbox.await(hasNews, inbox.isShared() ? 0 : Sleeper.LINGER_NS, Math.max(0, dueNs - System.nanoTime()));
        turn.compareAndSet(Turn.FREE, Turn.HART);
    }

    private boolean hasNews()
    {
        return stopping || (live ? inbox.hasNews() : takeover != null || announcements != seenAnnouncements);
    }

    /** One look, and a slice of the guest; 0 when all of it can wait. */
    private int tryStep()
    {
        try
        {
            isBusy = false;
            if (stopping)
            {
                finish();
                return 1;
            }
            drives.check();
            return recorder == null ? follow() : runLive();
        }
        // Whatever it is, the node must know: a replica whose guest cannot be run is a dead replica.
        catch (final Throwable e)
        {
            failure = e;
            end();
            return 1;
        }
    }

    /** Decides anew whether the guest is shared. By whoever has the turn. */
    private void countAnswers(final int count)
    {
        answers += count;
        if (answers >= ANSWERS && sharer != null)
        {
            final boolean isShort = machine.position() - answersFrom < SHORT_ANSWER_INSTRUCTIONS * answers;
            inbox.share(isShort ? sharer : null);
            answersFrom = machine.position();
            answers = 0;
        }
    }

    private void finish()
    {
        if (closing && recorder != null)
        {
            recorder.stop();
        }
        end();
    }

    private void end()
    {
        if (reader != null)
        {
            reader.close();
        }
        finished = true;
        agent.ring();
    }

    private void goLive(final EventLog log)
    {
        inbox.clear();
        outbox.goLive(log::lastSequence);
        recorder = new Recorder(machine, log, System::nanoTime, digestIntervalNs);
        live = true;
        agent.ring();
    }

    private int follow()
    {
        // Read before the journal is: entries that came before a request are replayed before going live.
        final Takeover request = takeover;
        seenAnnouncements = announcements;
        final long limit = machine.position() + (isPolite() ? FOLLOW_SLICE : Recorder.SLICE_INSTRUCTIONS);
        int count = 0;
        while (count < FOLLOW_BATCH && (hasEntry || reader.next()))
        {
            hasEntry = true;
            if (!replayer.advance(reader.entry(), limit - machine.position()))
            {
                isBusy = true;
                break;
            }
            replayer.apply(reader.entry());
            hasEntry = false;
            outbox.replayed(reader.entry().timeNs());
            replayedTimeNs = reader.entry().timeNs();
            count++;
        }
        position = machine.position();
        countAnswers(count);
        if (count > 0)
        {
            digestsCompared = replayer.digestsCompared();
            replayedSequence = replayer.nextSequence() - 1;
        }
        if (replayer.outcome() != null && replayer.state().isEnd())
        {
            endState = replayer.state();
            end();
            return 1;
        }
        isBusy |= count == FOLLOW_BATCH;
        if (count > 0 || isBusy)
        {
            return 1;
        }
        dueNs = System.nanoTime() + MAX_SLEEP_NS;
        if (request != null)
        {
            reader.close();
            goLive(EventLog.to(request.journal));
            recorder.generation(request.generation, request.cause, request.node);
            return 1;
        }
        return 0;
    }

    private int runLive()
    {
        if (!outbox.hasRoom())
        {
            agent.ring();
            isBusy = true;
            if (Thread.currentThread() == thread)
            {
                LockSupport.parkNanos(this, FULL_WAIT_NS);
            }
            return 1;
        }
        if (ended != null)
        {
            endState = ended;
            end();
            return 1;
        }
        final int work = inbox.drain(recorder) + completeRequests();
        supplyEntropy();
        // Before the guest runs, so that the entries are on their way while it does.
        if (publishLogged(recorder.lastSequence()) && Thread.currentThread() == thread)
        {
            // The agent, which sends them, may have no other processor.
            Thread.yield();
        }
        if (throttleNs != 0)
        {
            slowDown();
            if (throttleNs == HOLD)
            {
                return 1;
            }
        }
        countAnswers(work);
        final RunState state = recorder.runSlice();
        final boolean hasRun = machine.position() != position;
        position = machine.position();
        publishLogged(recorder.lastSequence());
        outbox.flush();
        if (state.isEnd())
        {
            ended = state;
            isBusy = true;
            return 1;
        }
        isBusy = state != RunState.IDLE;
        // A guest that has run may have room now for what it had none for.
        if (isBusy || work > 0 || hasRun || recorder.entropyWanted() > 0)
        {
            dueNs = System.nanoTime();
            return 1;
        }
        final long idleNs = recorder.idleNs();
        dueNs = System.nanoTime() + Math.min(idleNs, MAX_SLEEP_NS);
        return idleNs > 0 ? 0 : 1;
    }

    /** Lets the agent send what was logged; false when there is nothing new. */
    private boolean publishLogged(final long sequence)
    {
        if (sequence == loggedSequence)
        {
            return false;
        }
        loggedTimeNs = machine.timeNs();
        loggedSequence = sequence;
        sender.ring();
        return true;
    }

    /** Lets the guest know what its drives have done, drive by drive in the order of the requests. */
    private int completeRequests()
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

    private void supplyEntropy()
    {
        final int wanted = recorder.entropyWanted();
        if (wanted > 0)
        {
            if (entropy.length < wanted)
            {
                entropy = new byte[wanted];
            }
            random.nextBytes(entropy);
            recorder.receiveEntropy(entropy, wanted);
        }
    }

    private void slowDown()
    {
        final long ns = throttleNs;
        LockSupport.parkNanos(this, ns == HOLD ? 1_000_000 : ns);
    }
}
