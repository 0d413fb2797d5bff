package dev.understudy.node;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.Journal;
import dev.understudy.journal.JournalCursor;
import dev.understudy.replay.EventLog;
import dev.understudy.replay.Recorder;
import dev.understudy.replay.Replayer;
import java.util.random.RandomGenerator;
import org.agrona.concurrent.NanoClock;

/**
 * Runs the machine: first replays what a journal says if it is asked to, then runs live.
 * <p>
 * It has no thread: {@link Harts} have {@link #doWork} called again and again, by one thread at a time, and that one owns
 * the machine meanwhile: it is called the hart thread. Other threads talk to it through the {@link Inbox}, the
 * {@link Outbox} and the methods here; what they read of it is published after each slice or entry.
 */
public final class HartAgent
{
    /**
     * Entries replayed before the published position is renewed and others get their turn: a backup's agent acknowledges
     * what has come meanwhile, and with that an output of the primary waits.
     */
    private static final int FOLLOW_BATCH = 8;

    /** Answers are short while the guest retires fewer instructions than this for what enters it: some microseconds. */
    private static final long SHORT_ANSWER_INSTRUCTIONS = 4_000;

    /** Events after which it is looked again how long the guest's answers are. */
    private static final int ANSWERS = 256;

    /** Time between looks whether a full outbox has room. */
    private static final long FULL_WAIT_NS = 50_000;

    /** Requests of a drive completed before the guest runs again, so that a fast disk does not starve it. */
    private static final int COMPLETION_BATCH = 64;

    /** The longest sleep of a guest that waits for nothing; a bound against a wake-up that got lost. */
    private static final long MAX_SLEEP_NS = 1_000_000_000;

    /** Time between looks whether a guest that is held may go on. */
    private static final long HOLD_NS = 1_000_000;

    /** What {@link #throttle} takes to stop the guest until further notice. */
    public static final long HOLD = -1;

    /** What a following guest needs to go live. */
    private record Takeover(Journal journal, long generation, GenerationCause cause, String node)
    {
    }

    private final Machine machine;
    private final Inbox inbox;
    private final Outbox outbox;
    private final GuestDrives drives;
    private final NanoClock clock;
    private final RandomGenerator random;
    private final Doorbell hart;
    private final Doorbell agent;
    private final Doorbell sender;
    private final long digestIntervalNs;

    // Of the hart thread.
    private byte[] entropy = new byte[4096];
    private JournalCursor reader;
    private Replayer replayer;
    private boolean hasEntry;
    private long seenAnnouncements;
    private Recorder recorder;
    private RunState ended;
    private boolean isBusy = true;
    private long dueNs;
    private long answersFrom;
    private int answers;
    private long pauseNs;

    private volatile Takeover takeover;
    private volatile boolean stopping;
    private volatile boolean closing;
    private volatile long throttleNs;
    private volatile long announcements;
    private volatile boolean answersShortly = true;
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
     * @param clock            whose time enters the guest
     * @param random           whose bytes enter the guest
     * @param hart             rung when there is something to do before {@link #dueNs}
     * @param agent            rung when there are outputs, and at each change of what is published that someone may wait
     *                         for
     * @param sender           rung when there are entries to send; a ring in each millisecond of a busy guest
     * @param digestIntervalNs time between the digests of a live guest
     */
    public HartAgent(
        final Machine machine,
        final Inbox inbox,
        final Outbox outbox,
        final GuestDrives drives,
        final NanoClock clock,
        final RandomGenerator random,
        final Doorbell hart,
        final Doorbell agent,
        final Doorbell sender,
        final long digestIntervalNs)
    {
        this.machine = machine;
        this.inbox = inbox;
        this.outbox = outbox;
        this.drives = drives;
        this.clock = clock;
        this.random = random;
        this.hart = hart;
        this.agent = agent;
        this.sender = sender;
        this.digestIntervalNs = digestIntervalNs;
    }

    /** Has the machine run live from its beginning. Before the first {@link #doWork}. */
    public void beginLive(final EventLog log)
    {
        goLive(log);
    }

    /**
     * Has the machine replay a journal as it grows, until {@link #goLive} or {@link #stop}. Before the first
     * {@link #doWork}.
     *
     * @param journal before the entry to begin with, which the machine is to have next; closed at the end
     */
    public void beginFollowing(final JournalCursor journal)
    {
        reader = journal;
        replayer = new Replayer(machine, drives, journal.nextSequence());
    }

    /**
     * Has a following guest replay what is left and then go live.
     *
     * @param journal the journal it follows; of the hart thread from now on
     */
    public void goLive(
        final Journal journal, final long generation, final GenerationCause cause, final String node)
    {
        takeover = new Takeover(journal, generation, cause, node);
        hart.ring();
    }

    /** Tells a following guest that the journal has grown. Called by one thread. */
    public void announceEntries()
    {
        announcements = announcements + 1;
        hart.ring();
    }

    /**
     * Has {@link #doWork} finish instead of running the guest further.
     *
     * @param closesJournal whether the recording of a live guest ends with it; not when another replica goes on
     */
    public void stop(final boolean closesJournal)
    {
        closing = closesJournal;
        stopping = true;
        hart.ring();
    }

    /** Asks to be left alone so long after each slice, in nanoseconds; {@link #HOLD} stops the guest until further notice. */
    public void throttle(final long ns)
    {
        if (throttleNs != ns)
        {
            throttleNs = ns;
            hart.ring();
        }
    }

    /** Whether {@link #throttle} slows or holds the guest. */
    public boolean isThrottled()
    {
        return throttleNs != 0;
    }

    /** Whether the guest has lately answered what entered it within microseconds. */
    public boolean answersShortly()
    {
        return answersShortly;
    }

    /** Whether the guest runs with the world. */
    public boolean isLive()
    {
        return live;
    }

    /** Whether there is nothing more to do, for ever. */
    public boolean isFinished()
    {
        return finished;
    }

    /** What ended the work against its will, or null. */
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

    /** The time until which all work can wait, unless there are news. On the hart thread. */
    public long dueNs()
    {
        return dueNs;
    }

    /** Time that it asks to be left alone for, in nanoseconds; 0 for none. On the hart thread. */
    public long pauseNs()
    {
        return pauseNs;
    }

    /** Whether the guest had not come to rest when {@link #doWork} returned. On the hart thread. */
    public boolean isBusy()
    {
        return isBusy;
    }

    /** Whether there is something to do, also before {@link #dueNs}; whoever makes it so rings the hart's bell. */
    public boolean hasNews()
    {
        return stopping || (live ? inbox.hasNews() : takeover != null || announcements != seenAnnouncements);
    }

    /**
     * One look, and a slice of the guest. By one thread at a time.
     *
     * @param maxFollowed instructions to replay at most
     * @return 0 when all of it can wait
     */
    public int doWork(final int maxFollowed)
    {
        pauseNs = 0;
        try
        {
            isBusy = false;
            if (stopping)
            {
                finish();
                return 1;
            }
            drives.check();
            return recorder == null ? follow(maxFollowed) : runLive();
        }
        // Whatever it is, the node must know: a replica whose guest cannot be run is a dead replica.
        catch (final Throwable e)
        {
            failure = e;
            end();
            return 1;
        }
    }

    /** Finds out anew how long the guest's answers are. */
    private void countAnswers(final int count)
    {
        answers += count;
        if (answers >= ANSWERS)
        {
            answersShortly = machine.position() - answersFrom < SHORT_ANSWER_INSTRUCTIONS * answers;
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
        recorder = new Recorder(machine, log, clock::nanoTime, digestIntervalNs);
        live = true;
        agent.ring();
    }

    private int follow(final int maxFollowed)
    {
        // Read before the journal is: entries that came before a request are replayed before going live.
        final Takeover request = takeover;
        seenAnnouncements = announcements;
        final long limit = machine.position() + maxFollowed;
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
        dueNs = clock.nanoTime() + MAX_SLEEP_NS;
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
            pauseNs = FULL_WAIT_NS;
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
        publishLogged(recorder.lastSequence());
        final long throttledNs = throttleNs;
        if (throttledNs == HOLD)
        {
            pauseNs = HOLD_NS;
            return 1;
        }
        pauseNs = throttledNs;
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
            dueNs = clock.nanoTime();
            return 1;
        }
        final long idleNs = recorder.idleNs();
        dueNs = clock.nanoTime() + Math.min(idleNs, MAX_SLEEP_NS);
        return idleNs > 0 ? 0 : 1;
    }

    /** Lets the agent send what was logged. */
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
}
