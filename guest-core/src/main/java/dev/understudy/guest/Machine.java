package dev.understudy.guest;

import dev.understudy.guest.boot.BootException;
import dev.understudy.guest.boot.KernelArguments;
import dev.understudy.guest.boot.KernelImage;
import dev.understudy.guest.boot.MachineDeviceTree;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.guest.hart.Hart;
import dev.understudy.guest.hart.HartState;
import dev.understudy.guest.memory.DirtyPages;
import dev.understudy.guest.memory.GuestMemory;
import dev.understudy.guest.output.HashedOutputs;
import dev.understudy.guest.output.OutputSink;
import dev.understudy.guest.sbi.Sbi;
import dev.understudy.guest.sbi.SystemReset;
import dev.understudy.guest.state.Derived;
import dev.understudy.guest.state.StateHash;
import dev.understudy.guest.state.StateReader;
import dev.understudy.guest.state.StateWriter;
import dev.understudy.guest.state.Stateful;
import dev.understudy.guest.time.GuestClock;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockRequests;
import dev.understudy.guest.virtio.BlockStatus;
import dev.understudy.guest.virtio.VirtioNet;
import java.util.Locale;

/**
 * The whole guest: a pure function of its configuration and the events that enter it at positions.
 * <p>
 * {@link #run} executes up to a position; between two runs events enter. Before each event {@link #sample} sets the
 * time that came with it. What the guest does to the world goes to the {@link OutputSink} and into a running hash. Not
 * thread-safe: owned by the hart thread.
 */
public final class Machine implements Stateful
{
    private static final int NOT_ENDED = -1;

    @Derived("who made the machine")
    private final MachineConfiguration configuration;
    private final GuestMemory memory;

    /** What a reset has to clear. */
    private final DirtyPages written;
    private final GuestClock clock = new GuestClock();
    private final Board board;
    private final Sbi sbi;

    /** By number of the hart; there is one yet. */
    private final Processor[] processors;
    private final HashedOutputs outputs;

    /** How the guest ended; null while it has not, and when it crashed. */
    private RunState end;

    /**
     * A machine without drives.
     *
     * @throws BootException when the kernel cannot be booted in this configuration
     */
    public Machine(final MachineConfiguration configuration, final OutputSink sink)
    {
        this(configuration, sink, BlockRequests.none());
    }

    /**
     * @param requests takes what the guest wants of its drives
     * @throws BootException when the kernel cannot be booted in this configuration
     */
    public Machine(final MachineConfiguration configuration, final OutputSink sink, final BlockRequests requests)
    {
        this(configuration, sink, requests, EngineKind.MIXED);
    }

    /**
     * @param requests takes what the guest wants of its drives
     * @param engine   how to execute the guest: a matter of speed alone
     * @throws BootException when the kernel cannot be booted in this configuration
     */
    public Machine(
        final MachineConfiguration configuration,
        final OutputSink sink,
        final BlockRequests requests,
        final EngineKind engine)
    {
        this(configuration, sink, requests, MachineHost.plain(engine));
    }

    /**
     * @param requests takes what the guest wants of its drives
     * @throws BootException when the kernel cannot be booted in this configuration
     */
    public Machine(
        final MachineConfiguration configuration,
        final OutputSink sink,
        final BlockRequests requests,
        final MachineHost host)
    {
        outputs = new HashedOutputs(sink, this::position);
        this.configuration = configuration;
        memory = new GuestMemory(configuration.memoryBytes(), host.ram());
        written = memory.dirtyPages();
        // All of it is zero yet.
        written.take();
        board = new Board(configuration, memory, clock, this::timeNs, outputs, requests, this::panicked);
        sbi = new Sbi(memory, outputs, board.firmwareConsole, how -> end = stateOf(how));
        processors = new Processor[]{new Processor(0, memory, board, clock, sbi, host)};
        boot();
    }

    /**
     * Has the guest begin again from its kernel, at this position. Guest time and date, outputs and their hash, the drives
     * with their content, and what the world has given the devices, go on.
     */
    private void restart()
    {
        board.reset();
        for (final int page : written.take())
        {
            if (!memory.isZero(page))
            {
                memory.clearPage(page);
            }
        }
        for (final Processor processor : processors)
        {
            processor.hart().reset();
        }
        end = null;
        boot();
    }

    private void boot()
    {
        final KernelImage kernel = KernelImage.load(configuration.kernel(), memory);
        final byte[] initrd = configuration.initrd();
        final long initrdAddress = configuration.initrdAddress();
        final byte[] tree = MachineDeviceTree.blob(configuration);
        // On the pages below.
        final long treeAddress = initrdAddress - tree.length & -GuestMemory.PAGE_BYTES;
        if (treeAddress < kernel.end())
        {
            throw new BootException(String.format(Locale.ROOT,
                "memory of %d bytes has no room for the kernel, which ends at 0x%x, " +
                "the initrd of %d bytes and the device tree: give the guest more memory",
                memory.size(), kernel.end(), configuration.initrdBytes()));
        }
        if (initrd != null)
        {
            memory.write(initrdAddress, initrd, 0, initrd.length);
        }
        memory.write(treeAddress, tree, 0, tree.length);
        processors[0].start(kernel.entry(), treeAddress);
    }

    /** Has another engine go on from here, with no translation made yet: a matter of speed alone. */
    public void engine(final EngineKind kind)
    {
        for (final Processor processor : processors)
        {
            processor.engine(kind);
        }
    }

    /**
     * Executes until a position is reached exactly, through resets, the guest waits, or it ends; nothing when it is reached
     * already.
     */
    public RunState run(final long untilPosition)
    {
        RunState state;
        do
        {
            state = run(untilPosition, untilPosition);
        }
        while (state == RunState.RESTARTED && position() < untilPosition);
        return state == RunState.RESTARTED ? RunState.RUNNING : state;
    }

    /**
     * Executes until a position between two is reached, whichever is cheapest, the guest waits, begins again, or ends.
     * <p>
     * The guest gets on: from a position before {@code untilPosition} at least one instruction retires, unless the guest
     * waits or ends. A reset ends the run, since it may take a while: the guest has begun again then, at the position behind
     * the call that asked for it. So whoever calls {@code run(p, p + 1)} again and again goes through all positions.
     */
    public RunState run(final long fromPosition, final long untilPosition)
    {
        // The only one has each turn.
        final Processor processor = processors[0];
        final Hart hart = processor.hart();
        processor.engine().run(fromPosition, untilPosition);
        if (hart.state() == HartState.STOPPED)
        {
            if (hart.crash() == null && end == RunState.REBOOT && configuration.reboots())
            {
                restart();
                return RunState.RESTARTED;
            }
            return hart.crash() != null ? RunState.CRASHED : end;
        }
        return hart.isIdle() ? RunState.IDLE : RunState.RUNNING;
    }

    private static RunState stateOf(final SystemReset how)
    {
        return switch (how)
        {
            case SHUTDOWN -> RunState.SHUTDOWN;
            case FAILURE -> RunState.FAILURE;
            case REBOOT -> RunState.REBOOT;
        };
    }

    /** A kernel that will reset the machine is left to that. */
    private void panicked()
    {
        if (!configuration.reboots() || !KernelArguments.resetsAfterPanic(configuration.commandLine()))
        {
            for (final Processor processor : processors)
            {
                processor.hart().stop();
            }
            end = RunState.PANICKED;
        }
    }

    /** Number of instructions retired, by all harts. */
    public long position()
    {
        long position = 0;
        for (final Processor processor : processors)
        {
            position += processor.hart().instret();
        }
        return position;
    }

    /** Why the guest cannot make progress, or null. */
    public String crash()
    {
        for (final Processor processor : processors)
        {
            if (processor.hart().crash() != null)
            {
                return processor.hart().crash();
            }
        }
        return null;
    }

    /** The running hash of all outputs so far. */
    public long outputs()
    {
        return outputs.value();
    }

    /** Number of outputs so far. */
    public long outputCount()
    {
        return outputs.count();
    }

    /** The guest's time at its position, in nanoseconds since its start. */
    public long timeNs()
    {
        return clock.timeNs(position());
    }

    /** The guest's time at which its timer or alarm fires next, in nanoseconds; {@link Long#MAX_VALUE} without one. */
    public long timerNs()
    {
        long timerNs = clock.alarmNs();
        for (final Processor processor : processors)
        {
            timerNs = Math.min(timerNs, processor.hart().timerNs());
        }
        return timerNs;
    }

    /** Lets the world's time since the guest's start enter, in nanoseconds. */
    public void sample(final long timeNs)
    {
        clock.sample(position(), timeNs);
    }

    /** Sets how the guest's time advances by itself, as {@link GuestClock#rate} says. */
    public void rate(final int picosPerInstruction, final int limitNs)
    {
        clock.rate(position(), picosPerInstruction, limitNs);
    }

    /** The rate in force, in picoseconds an instruction. */
    public int picosPerInstruction()
    {
        return clock.picosPerInstruction();
    }

    /** Whether the date has entered. */
    public boolean isDated()
    {
        return board.rtc.isDated();
    }

    /** Lets the date at the guest's present time enter, in nanoseconds since 1970. */
    public void date(final long epochNs)
    {
        board.rtc.date(epochNs);
    }

    /** Number of bytes of console input that there is room for. */
    public int consoleRoom()
    {
        return board.consoleRoom();
    }

    /** Lets console input enter, as much as there is room for, and says how much that was. */
    public int receiveConsole(final byte[] data, final int offset, final int length)
    {
        return board.receiveConsole(data, offset, length);
    }

    /** Lets the size of the world's terminal enter: columns and rows, each from 0 to 65535. */
    public void consoleSize(final int columns, final int rows)
    {
        board.console.resize(columns, rows);
    }

    /** Number of pages of 4 KiB that the guest is asked to leave alone. */
    public long balloonTarget()
    {
        return board.balloon.target();
    }

    /** Lets another such number enter, 0 to 2^32 - 1. */
    public void balloonTarget(final long pages)
    {
        board.balloon.target(pages);
    }

    /** Number of random bytes that the guest waits for; 0 when it does not. */
    public int entropyWanted()
    {
        return board.entropy.wanted();
    }

    /** Lets random bytes enter. */
    public void receiveEntropy(final byte[] data, final int offset, final int length)
    {
        board.entropy.supply(data, offset, length);
    }

    /** Whether {@link #receiveVsock} would take a packet of this length. */
    public boolean canTakeVsock(final int length)
    {
        return board.vsock.canReceive(length);
    }

    /** Lets a vsock packet of the host enter; false, and nothing has changed, when there is no room. */
    public boolean receiveVsock(final byte[] packet, final int offset, final int length)
    {
        return board.vsock.receive(packet, offset, length);
    }

    /** Whether there is a network device that the guest uses: frames for one that it does not are lost. */
    public boolean isNetworkUsed()
    {
        return board.network != null && board.network.isUsed();
    }

    /** Whether {@link #receiveFrame} would take a frame. */
    public boolean canTakeFrame()
    {
        return board.network != null && board.network.canReceive();
    }

    /**
     * Lets an Ethernet frame of the world enter; false, and nothing has changed, when the guest has no buffer for it.
     *
     * @param length as {@link VirtioNet#isFrame} allows
     */
    public boolean receiveFrame(final byte[] frame, final int offset, final int length)
    {
        return board.network != null && board.network.receive(frame, offset, length);
    }

    /** Number of drives. */
    public int driveCount()
    {
        return board.drives.length;
    }

    /** The oldest request of a drive that the guest waits for; null when it waits for none. */
    public BlockRequest blockRequest(final int drive)
    {
        return board.drives[drive].oldest();
    }

    /** Lets the completion of that request enter; the host has carried it out. Does nothing without one. */
    public void completeBlock(final int drive, final BlockStatus status)
    {
        board.drives[drive].complete(status);
    }

    /** Resets every vsock connection towards the guest. */
    public void resetConnections()
    {
        board.vsock.resetConnections();
    }

    /** What the engine has translated so far; may be called by any thread. */
    public TranslationStatistics translations()
    {
        return processors[0].engine().statistics();
    }

    /** A hash over the whole state: registers, memory, devices, clock and outputs. */
    public long digest()
    {
        final StateHash hash = new StateHash();
        save(hash);
        return hash.value();
    }

    /**
     * Has the guest be a clone: begin another life than the machine whose state it has. That is part of what it begins with, and
     * no event: before anything is recorded, and before it runs.
     *
     * @param low  of the new life's number, of which no other life has the same
     * @param high the second half of that
     */
    public void beginLife(final long low, final long high)
    {
        board.generation.begin(low, high);
    }

    @Override
    public void save(final StateWriter to)
    {
        memory.save(to);
        for (final Processor processor : processors)
        {
            processor.save(to);
        }
        clock.save(to);
        board.save(to);
        sbi.save(to);
        outputs.save(to);
        to.write(end == null ? NOT_ENDED : end.ordinal());
    }

    /** {@inheritDoc} The host of the machine's drives gets the requests in flight again. */
    @Override
    public void load(final StateReader from)
    {
        memory.load(from);
        for (final Processor processor : processors)
        {
            processor.load(from);
        }
        clock.load(from);
        board.load(from);
        sbi.load(from);
        outputs.load(from);
        final int how = from.readInt(NOT_ENDED, RunState.values().length - 1);
        end = how == NOT_ENDED ? null : RunState.values()[how];
    }

    /** Register x0 to x31 of a hart, for tests and debuggers. */
    public long register(final int hart, final int number)
    {
        return processors[hart].hart().x(number);
    }
}
