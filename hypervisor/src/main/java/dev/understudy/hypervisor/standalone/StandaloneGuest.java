package dev.understudy.hypervisor.standalone;

import dev.understudy.guest.RunState;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.image.ConfiguredGuest;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.live.HartThreads;
import dev.understudy.hypervisor.live.HostOutput;
import dev.understudy.hypervisor.live.HostWorld;
import dev.understudy.hypervisor.live.SelectorDoorbell;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.node.GuestEnd;
import dev.understudy.node.StandaloneAgent;
import dev.understudy.replay.EventLog;
import dev.understudy.replay.Recorder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Selector;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.agrona.concurrent.SystemNanoClock;

/**
 * A guest without a backup on this host: makes the world that a {@link StandaloneAgent} is handed, with the console on the
 * terminal and the vsock ports on the host's TCP ports, and has it do its work.
 * <p>
 * The thread that calls {@link #run} is the agent thread; the hart has its own, and so has the terminal's input.
 */
public final class StandaloneGuest
{
    /** Time between digests in a recording. */
    private static final long DIGEST_INTERVAL_NS = 500_000_000;

    /** The longest sleep of the agent; a bound against a wake-up that got lost. */
    private static final long MAX_SLEEP_MS = 1_000;

    private static final int INPUT_BYTES = 1024;
    private static final long INPUT_RETRY_NS = 1_000_000;
    private static final long END_TIMEOUT_MS = 5_000;

    /** Time that whoever reads the console is given for the last of it when the guest was stopped. */
    private static final long LAST_OUTPUT_MS = 500;

    private final GuestImage image;
    private final GuestStart begins;
    private final EngineKind engine;
    private final List<ForwardSpec> forwards;
    private final Netdev netdev;
    private final Drives.Opening opening;
    private final Terminal terminal;
    private final long balloonPages;
    private final InstantSource calendar;
    private final Consumer<String> notices;

    private volatile StandaloneAgent agent;
    private volatile SelectorDoorbell bell;
    private volatile boolean stopping;

    /**
     * @param begins       what the guest begins with
     * @param engine       how the guest is executed: a matter of speed alone
     * @param netdev       what the network device is connected to; the caller's to close
     * @param opening      begins the content of the drives
     * @param balloonPages pages of 4 KiB that the guest is asked to leave alone, less than its RAM has; negative leaves that as
     *                     it is
     * @param calendar     says what the date is when the guest starts
     * @param notices      takes what the operator should know, a line each
     */
    public StandaloneGuest(
        final GuestImage image,
        final GuestStart begins,
        final EngineKind engine,
        final List<ForwardSpec> forwards,
        final Netdev netdev,
        final Drives.Opening opening,
        final Terminal terminal,
        final long balloonPages,
        final InstantSource calendar,
        final Consumer<String> notices)
    {
        this.image = image;
        this.begins = begins;
        this.engine = engine;
        this.forwards = List.copyOf(forwards);
        this.netdev = netdev;
        this.opening = opening;
        this.terminal = terminal;
        this.balloonPages = balloonPages;
        this.calendar = calendar;
        this.notices = notices;
    }

    /**
     * Runs the guest until it ends or {@link #stop} is called.
     *
     * @param attach told of the agent before the guest begins
     * @param start returns when the log keeps every entry so far, as it will those that follow: called once the guest
     *              runs, before its first output leaves
     * @return how the guest ended; {@link RunState#RUNNING} when it was stopped
     */
    public RunState run(final EventLog log, final Consumer<StandaloneAgent> attach, final Runnable start)
        throws IOException
    {
        try (Selector selector = Selector.open())
        {
            bell = new SelectorDoorbell(selector);
            try (HostOutput console = new HostOutput(terminal.output(), HostOutput.CONSOLE_BYTES, "console", bell);
                HostWorld world = new HostWorld(selector, forwards, null, netdev, console, false, notices))
            {
                final HartThreads harts = new HartThreads(() -> {});
                final StandaloneAgent made = new StandaloneAgent(SystemNanoClock.INSTANCE, new SecureRandom(),
                    new ConfiguredGuest("", image, opening, engine, begins::load), world, harts, bell, DIGEST_INTERVAL_NS);
                agent = made;
                try
                {
                    world.connect(0, System.nanoTime(), made.inbox());
                    world.listen();
                    final Terminal.Size size = terminal.size();
                    attach.accept(made);
                    made.start(log, recorder ->
                    {
                        begins.enter(recorder, calendar.instant());
                        if (balloonPages >= 0)
                        {
                            recorder.balloonTarget(balloonPages);
                        }
                        resize(recorder, size);
                    });
                    // Outputs leave on this thread, so not before it is done.
                    start.run();
                    terminal.onResize(it -> made.inbox().command(recorder -> resize(recorder, it)));
                    startTerminalInput(made);
                    serve(made, console);
                    console.awaitDrained(LAST_OUTPUT_MS);
                }
                finally
                {
                    made.onClose();
                    harts.join(END_TIMEOUT_MS);
                    made.release();
                }
            }
        }
        catch (final UncheckedIOException e)
        {
            throw e.getCause();
        }
        return outcome();
    }

    private RunState outcome()
    {
        final Throwable failure = agent.failure();
        if (failure instanceof final RuntimeException explained && GuestEnd.isExplained(failure))
        {
            throw explained;
        }
        if (failure != null)
        {
            throw new IllegalStateException("the hart thread failed: " + failure, failure);
        }
        if (agent.end() == null)
        {
            return RunState.RUNNING;
        }
        // Who ran a program to its end need not be told.
        if (agent.end() != RunState.SHUTDOWN)
        {
            notices.accept(GuestEnd.describe(agent.end(), agent.crash()));
        }
        return agent.end();
    }

    /** Position that the guest has reached. */
    public long position()
    {
        final StandaloneAgent running = agent;
        return running == null ? 0 : running.position();
    }

    /** What the engine has translated so far. */
    public TranslationStatistics translations()
    {
        final StandaloneAgent running = agent;
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

    private void serve(final StandaloneAgent served, final HostOutput console) throws IOException
    {
        while (!stopping)
        {
            if (console.failure() != null)
            {
                throw new IOException("the guest's console cannot be written: " + console.failure() +
                    "; the guest was stopped");
            }
            final long nowNs = System.nanoTime();
            bell.beginLook();
            if (served.doWork() > 0)
            {
                bell.hasTraffic(nowNs);
            }
            else if (served.isDone() && console.isDrained())
            {
                return;
            }
            else
            {
                bell.sleep(nowNs, MAX_SLEEP_MS);
            }
        }
    }

    private static void resize(final Recorder recorder, final Terminal.Size size)
    {
        if (size != null)
        {
            recorder.consoleSize(size.columns(), size.rows());
        }
    }

    private void startTerminalInput(final StandaloneAgent to)
    {
        Thread.ofPlatform().daemon().name("terminal").start(() ->
        {
            final byte[] input = new byte[INPUT_BYTES];
            try
            {
                for (int length = terminal.input().read(input); length >= 0; length = terminal.input().read(input))
                {
                    while (!to.inbox().offerConsole(input, 0, length) && !to.isFinished())
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
}
