package dev.understudy.hypervisor.standalone;

import dev.understudy.guest.Machine;
import dev.understudy.guest.MachineConfiguration;
import dev.understudy.guest.RunState;
import dev.understudy.guest.hart.TranslationStatistics;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.linux.SparseArray;
import dev.understudy.hypervisor.live.GuestEnd;
import dev.understudy.hypervisor.live.GuestThread;
import dev.understudy.hypervisor.live.HostOutput;
import dev.understudy.hypervisor.live.Inbox;
import dev.understudy.hypervisor.live.Outbox;
import dev.understudy.hypervisor.live.SelectorDoorbell;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.vsock.VsockForwarder;
import dev.understudy.replay.EventLog;
import java.io.IOException;
import java.nio.channels.Selector;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * A guest without a backup: its console on the terminal, its vsock ports on the host's TCP ports, its events in a
 * journal or nowhere.
 * <p>
 * The thread that calls {@link #run} is the agent thread; the hart has its own, and so has the terminal's input.
 */
public final class StandaloneGuest
{
    /** Time between digests in a recording. */
    private static final long DIGEST_INTERVAL_NS = 500_000_000;

    /** The longest sleep of the agent; a bound against a wake-up that got lost. */
    private static final long MAX_SLEEP_MS = 1_000;

    /** First of the host's vsock ports; those below 1024 are privileged on a host. */
    private static final long FIRST_HOST_PORT = 1024;

    private static final int INPUT_BYTES = 1024;
    private static final long INPUT_RETRY_NS = 1_000_000;
    private static final long END_TIMEOUT_MS = 5_000;

    /** Time that whoever reads the console is given for the last of it when the guest was stopped. */
    private static final long LAST_OUTPUT_MS = 500;

    private final GuestImage image;
    private final List<ForwardSpec> forwards;
    private final Netdev netdev;
    private final Drives.Opening opening;
    private final Terminal terminal;
    private final long balloonPages;
    private final InstantSource clock;
    private final Consumer<String> notices;

    private volatile GuestThread guest;
    private volatile SelectorDoorbell bell;
    private volatile boolean stopping;

    /**
     * @param netdev       what the network device is connected to; the caller's to close
     * @param opening      begins the content of the drives
     * @param balloonPages pages of 4 KiB that the guest is asked to leave alone, less than its RAM has
     * @param clock        says what the date is when the guest starts
     * @param notices      takes what the operator should know, a line each
     */
    public StandaloneGuest(
        final GuestImage image,
        final List<ForwardSpec> forwards,
        final Netdev netdev,
        final Drives.Opening opening,
        final Terminal terminal,
        final long balloonPages,
        final InstantSource clock,
        final Consumer<String> notices)
    {
        this.image = image;
        this.forwards = List.copyOf(forwards);
        this.netdev = netdev;
        this.opening = opening;
        this.terminal = terminal;
        this.balloonPages = balloonPages;
        this.clock = clock;
        this.notices = notices;
    }

    /**
     * Runs the guest until it ends or {@link #stop} is called.
     *
     * @param start returns when the log keeps every entry so far, as it will those that follow: called once the guest
     *              runs, before its first output leaves
     * @return how the guest ended; {@link RunState#RUNNING} when it was stopped
     */
    public RunState run(final EventLog log, final Runnable start) throws IOException
    {
        try (Selector selector = Selector.open())
        {
            bell = new SelectorDoorbell(selector);
            final Inbox inbox = new Inbox();
            final Outbox outbox = new Outbox(bell);
            try (Drives drives = Drives.open(image.drives(), opening, inbox::announce))
            {
                final Machine machine = new Machine(image.machine(), outbox, drives, SparseArray::allocate);
                runMachine(selector, machine, inbox, outbox, drives, log, start);
            }
        }
        if (guest.failure() instanceof final RuntimeException failure && GuestEnd.isExplained(failure))
        {
            throw failure;
        }
        if (guest.failure() != null)
        {
            throw new IllegalStateException("the hart thread failed: " + guest.failure(), guest.failure());
        }
        if (guest.endState() == null)
        {
            return RunState.RUNNING;
        }
        // Who ran a program to its end need not be told.
        if (guest.endState() != RunState.SHUTDOWN)
        {
            notices.accept(GuestEnd.describe(guest.endState(), guest.crash()));
        }
        return guest.endState();
    }

    private void runMachine(
        final Selector selector,
        final Machine machine,
        final Inbox inbox,
        final Outbox outbox,
        final Drives drives,
        final EventLog log,
        final Runnable start)
        throws IOException
    {
        try (VsockForwarder forwarder = new VsockForwarder(
            selector,
            forwards,
            MachineConfiguration.DEFAULT_VSOCK_CID,
            FIRST_HOST_PORT,
            inbox::offerVsock,
            notices))
        {
            forwarder.listen();
            // Entries go to nobody: waking this thread for each would cost the guest 6 % of its time.
            guest = new GuestThread(machine, inbox, outbox, drives, bell, () -> {}, DIGEST_INTERVAL_NS);
            // Before the first instruction: these are the first events.
            inbox.command(recorder -> recorder.date(clock.instant()));
            inbox.command(recorder -> recorder.balloonTarget(balloonPages));
            resize(inbox, terminal.size());
            guest.startLive(log);
            // Outputs leave on this thread, so not before it is done.
            start.run();
            terminal.onResize(size -> resize(inbox, size));
            netdev.start(selector, inbox::offerNetwork);
            startTerminalInput(inbox);
            try (HostOutput console = new HostOutput(terminal.output(), HostOutput.CONSOLE_BYTES, "console", bell))
            {
                serve(forwarder, outbox, console);
                console.awaitDrained(LAST_OUTPUT_MS);
            }
        }
        finally
        {
            stopGuest();
        }
    }

    /** Position that the guest has reached. */
    public long position()
    {
        final GuestThread running = guest;
        return running == null ? 0 : running.position();
    }

    /** What the engine has translated so far. */
    public TranslationStatistics translations()
    {
        final GuestThread running = guest;
        return running == null ? TranslationStatistics.NONE : running.translations();
    }

    /** Has {@link #run} return soon. Callable from any thread. */
    public void stop()
    {
        stopping = true;
        final SelectorDoorbell doorbell = bell;
        if (doorbell != null)
        {
            doorbell.ring();
        }
    }

    private void serve(final VsockForwarder forwarder, final Outbox outbox, final HostOutput console)
        throws IOException
    {
        final Releases releases = new Releases(forwarder, console);
        while (!stopping)
        {
            if (console.failure() != null)
            {
                throw new IOException("the guest's console cannot be written: " + console.failure() +
                    "; the guest was stopped");
            }
            final long nowNs = System.nanoTime();
            bell.beginLook();
            // Asked first: what a guest printed before its end is released before this loop ends.
            final boolean isFinished = guest.isFinished();
            int work = outbox.release(releases);
            work += forwarder.doWork() + netdev.doWork(nowNs);
            if (work > 0)
            {
                bell.hasTraffic(nowNs);
            }
            else if (isFinished && console.isDrained())
            {
                return;
            }
            else
            {
                bell.sleep(nowNs, MAX_SLEEP_MS);
            }
        }
    }

    private void stopGuest()
    {
        final GuestThread running = guest;
        if (running == null)
        {
            return;
        }
        running.stop(true);
        try
        {
            running.join(END_TIMEOUT_MS);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    private static void resize(final Inbox inbox, final Terminal.Size size)
    {
        if (size != null)
        {
            inbox.command(recorder -> recorder.consoleSize(size.columns(), size.rows()));
        }
    }

    private void startTerminalInput(final Inbox inbox)
    {
        Thread.ofPlatform().daemon().name("terminal").start(() ->
        {
            final byte[] input = new byte[INPUT_BYTES];
            try
            {
                for (int length = terminal.input().read(input); length >= 0; length = terminal.input().read(input))
                {
                    while (!inbox.offerConsole(input, 0, length) && !guest.isFinished())
                    {
                        LockSupport.parkNanos(INPUT_RETRY_NS);
                    }
                }
            }
            catch (final IOException e)
            {
                notices.accept("the terminal's input ended: " + e.getMessage());
            }
        });
    }

    /** Without a backup outputs wait for nothing but whoever reads the console, who loses none of it. */
    private final class Releases implements Outbox.Releases
    {
        private final VsockForwarder forwarder;
        private final HostOutput console;

        Releases(final VsockForwarder forwarder, final HostOutput console)
        {
            this.forwarder = forwarder;
            this.console = console;
        }

        @Override
        public boolean mayLeave(final long dependency)
        {
            return console.hasRoom();
        }

        @Override
        public void sendConsole(final DirectBuffer buffer, final int offset, final int length)
        {
            console.write(buffer, offset, length);
        }

        @Override
        public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
        {
            forwarder.onGuestPacket(buffer, offset, length);
        }

        @Override
        public void sendFrame(final DirectBuffer buffer, final int offset, final int length)
        {
            netdev.send(buffer, offset, length);
        }
    }
}
