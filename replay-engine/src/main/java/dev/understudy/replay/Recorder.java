package dev.understudy.replay;

import dev.understudy.guest.Machine;
import dev.understudy.guest.RunState;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.journal.BlockOutcome;
import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.Outcome;
import dev.understudy.replay.snapshot.Capture;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Runs a machine with the world: writes each event to the log at the guest's position and lets it enter there.
 * <p>
 * Passive: the hart thread calls {@link #runSlice} and the methods for events in between. The world's clock is passed
 * in and enters the guest through the time in each entry.
 */
public final class Recorder
{
    /**
     * The most instructions that are run before the hart thread looks for events again: some 60 µs of an interpreter,
     * short against a network's round trip. Twice or five times as many give a fast guest nothing.
     */
    public static final int SLICE_INSTRUCTIONS = 20_000;

    /** Time between clock samples of a guest that is busy. */
    static final long SAMPLE_INTERVAL_NS = 1_000_000;

    /** The most that guest time advances by itself: twice the interval, so that a late sample is not noticed. */
    static final int LIMIT_NS = 2_000_000;

    /** Guest time runs a little slower than the world between samples, so that a sample seldom finds it ahead. */
    private static final int RATE_NUMERATOR = 15;
    private static final int RATE_DENOMINATOR = 16;

    /** The slowest guest whose rate is followed, in picoseconds an instruction. */
    private static final long MAX_PICOS = 1_000_000;

    private final Machine machine;
    private final EventLog log;
    private final EntryEncoder event = new EntryEncoder();
    private final EventApplier events = new EventApplier();
    private final LongSupplier nanoClock;
    private final long digestIntervalNs;
    private final UnsafeBuffer data = new UnsafeBuffer(0, 0);

    /** World's clock minus guest's time. */
    private final long clockOffsetNs;
    private long lastSampleNs;
    private long lastSamplePosition;
    private long lastDigestNs;
    private long lastDigestPosition;
    private boolean wasBusy;
    private RunState state = RunState.RUNNING;

    /**
     * Takes a machine live at its present position; guest time goes on from where it stands.
     *
     * @param nanoClock        the world's clock in nanoseconds, monotonic
     * @param digestIntervalNs time between digests of a guest that makes progress
     */
    public Recorder(
        final Machine machine, final EventLog log, final LongSupplier nanoClock, final long digestIntervalNs)
    {
        this.machine = machine;
        this.log = log;
        this.nanoClock = nanoClock;
        this.digestIntervalNs = digestIntervalNs;
        final long nowNs = nanoClock.getAsLong();
        clockOffsetNs = nowNs - machine.timeNs();
        lastSampleNs = nowNs;
        lastDigestNs = nowNs;
        lastSamplePosition = machine.position();
        lastDigestPosition = machine.position();
    }

    /** What the last slice ended with. */
    public RunState state()
    {
        return state;
    }

    /** Sequence number of the last entry: what an output that is produced now depends on. */
    public long lastSequence()
    {
        return log.lastSequence();
    }

    /** Whether {@link #receiveVsock} would take a packet of this length. */
    public boolean canTakeVsock(final int length)
    {
        return machine.canTakeVsock(length);
    }

    /** A packet from the host end of virtio-vsock; there is room for it. */
    public void receiveVsock(final byte[] packet, final int offset, final int length)
    {
        final long timeNs = sample();
        data.wrap(packet, offset, length);
        enter(event.vsockPacket(machine.position(), timeNs, machine.outputs(), data, 0, length));
    }

    /** Whether the guest uses its network device: a frame for one that does not is lost. */
    public boolean isNetworkUsed()
    {
        return machine.isNetworkUsed();
    }

    /** Whether {@link #receiveFrame} would take a frame. */
    public boolean canTakeFrame()
    {
        return machine.canTakeFrame();
    }

    /** An Ethernet frame of the world; the guest has a buffer for it. */
    public void receiveFrame(final byte[] frame, final int offset, final int length)
    {
        final long timeNs = sample();
        data.wrap(frame, offset, length);
        enter(event.networkFrame(machine.position(), timeNs, machine.outputs(), data, 0, length));
    }

    /**
     * Console input.
     *
     * @return number of bytes taken; the rest may be offered again later
     */
    public int receiveConsole(final byte[] input, final int offset, final int length)
    {
        final int taken = Math.min(length, machine.consoleRoom());
        if (taken > 0)
        {
            final long timeNs = sample();
            data.wrap(input, offset, taken);
            enter(event.consoleInput(machine.position(), timeNs, machine.outputs(), data, 0, taken));
        }
        return taken;
    }

    /** The size of the terminal that the console is on: columns and rows, each from 0 to 65535. */
    public void consoleSize(final int columns, final int rows)
    {
        final long timeNs = sample();
        enter(event.consoleSize(machine.position(), timeNs, machine.outputs(), columns, rows));
    }

    /** Asks the guest to leave so many pages of 4 KiB alone; no event when it is asked for that already. */
    public void balloonTarget(final long pages)
    {
        if (pages != machine.balloonTarget())
        {
            final long timeNs = sample();
            enter(event.balloonTarget(machine.position(), timeNs, machine.outputs(), pages));
        }
    }

    /** What the date is; no event when the guest has had one, from which its own goes on. */
    public void date(final Instant now)
    {
        if (!machine.isDated())
        {
            newDate(now);
        }
    }

    /** What the date is, for a guest that may have had another one. */
    public void newDate(final Instant now)
    {
        final long timeNs = sample();
        final long epochNs = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
        enter(event.date(machine.position(), timeNs, machine.outputs(), epochNs));
    }

    /** Number of random bytes that the guest waits for; 0 when it does not. */
    public int entropyWanted()
    {
        return machine.entropyWanted();
    }

    /** Random bytes, as many as are wanted. */
    public void receiveEntropy(final byte[] random, final int length)
    {
        final long timeNs = sample();
        data.wrap(random, 0, length);
        enter(event.entropy(machine.position(), timeNs, machine.outputs(), data, 0, length));
    }

    /** Number of drives that the guest has. */
    public int driveCount()
    {
        return machine.driveCount();
    }

    /** The oldest request of a drive that the guest waits for; null when it waits for none. */
    public BlockRequest blockRequest(final int drive)
    {
        return machine.blockRequest(drive);
    }

    /** That request was carried out. There is one. */
    public void blockCompletion(final int drive)
    {
        final long timeNs = sample();
        final BlockRequest request = machine.blockRequest(drive);
        enter(event.blockCompletion(
            machine.position(), timeNs, machine.outputs(), drive, request.number(), BlockOutcome.OK));
    }

    /** The beginning of a generation in which {@code node} runs the guest. */
    public void generation(final long generation, final GenerationCause cause, final String node)
    {
        final long timeNs = sample();
        enter(event.generation(machine.position(), timeNs, machine.outputs(), generation, cause, node));
    }

    /** From the next output on, {@code node} holds every entry that an output depends on before it leaves. */
    public void backupJoined(final long generation, final String node)
    {
        final long timeNs = sample();
        enter(event.backupJoined(machine.position(), timeNs, machine.outputs(), generation, node));
    }

    /** Runs the guest for a while, or until it waits or ends. */
    public RunState runSlice()
    {
        if (state.isEnd())
        {
            return state;
        }
        final long nowNs = nanoClock.getAsLong();
        if (wasBusy ? nowNs - lastSampleNs >= SAMPLE_INTERVAL_NS : nowNs - clockOffsetNs >= machine.timerNs())
        {
            clockSample(nowNs);
        }
        if (log.isKept() && nowNs - lastDigestNs >= digestIntervalNs && machine.position() != lastDigestPosition)
        {
            final long timeNs = sample();
            enter(event.digest(machine.position(), timeNs, machine.outputs(), machine.digest()));
            lastDigestNs = nowNs;
            lastDigestPosition = machine.position();
        }
        if (!wasBusy)
        {
            lastSampleNs = nowNs;
            lastSamplePosition = machine.position();
        }
        state = machine.run(
            machine.position() + SLICE_INSTRUCTIONS / 2, machine.position() + SLICE_INSTRUCTIONS);
        wasBusy = state != RunState.IDLE;
        if (state.isEnd())
        {
            close(Outcome.valueOf(state.name()));
        }
        return state;
    }

    /**
     * The guest as it is now: its digest is in the log, and the state stands right behind that entry. Its drives have carried
     * out all that it wants of them.
     *
     * @throws dev.understudy.replay.snapshot.SnapshotException when there is no memory for it; the guest can go on
     */
    public Capture capture()
    {
        final long timeNs = sample();
        enter(event.digest(machine.position(), timeNs, machine.outputs(), machine.digest()));
        return new Capture(machine, log.lastSequence(), log.chainHigh(), log.chainLow());
    }

    /** How long an idle guest can be left alone, in nanoseconds; {@link Long#MAX_VALUE} without a timer. */
    public long idleNs()
    {
        final long timerNs = machine.timerNs();
        return timerNs == Long.MAX_VALUE ? Long.MAX_VALUE :
            Math.max(0, timerNs - (nanoClock.getAsLong() - clockOffsetNs));
    }

    /** Ends the recording of a guest that could go on. */
    public void stop()
    {
        if (!state.isEnd())
        {
            close(Outcome.STOPPED);
        }
    }

    private void close(final Outcome outcome)
    {
        final long timeNs = sample();
        enter(event.closed(
            machine.position(), timeNs, machine.outputs(), outcome, log.isKept() ? machine.digest() : 0));
    }

    /** Logs an event, and lets it enter the guest as a replay will. */
    private void enter(final EntryEncoder encoded)
    {
        log.append(encoded);
        events.apply(machine, encoded.entry());
    }

    /** Lets the world's time enter the guest, as the time in the entry that follows will in a replay. */
    private long sample()
    {
        final long timeNs = nanoClock.getAsLong() - clockOffsetNs;
        machine.sample(timeNs);
        return timeNs;
    }

    private void clockSample(final long nowNs)
    {
        final long instructions = machine.position() - lastSamplePosition;
        final long timeNs = sample();
        final int picos = wasBusy && instructions > 0 ?
            (int)Math.min(MAX_PICOS,
                (nowNs - lastSampleNs) * 1_000 / instructions * RATE_NUMERATOR / RATE_DENOMINATOR) :
            machine.picosPerInstruction();
        enter(event.clockSample(machine.position(), timeNs, machine.outputs(), picos, LIMIT_NS));
        lastSampleNs = nowNs;
        lastSamplePosition = machine.position();
    }
}
