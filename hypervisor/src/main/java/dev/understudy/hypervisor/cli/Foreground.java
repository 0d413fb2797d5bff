package dev.understudy.hypervisor.cli;

import dev.understudy.guest.RunState;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.standalone.GuestStart;
import dev.understudy.hypervisor.standalone.StandaloneGuest;
import dev.understudy.hypervisor.standalone.Terminal;
import dev.understudy.node.StandaloneAgent;
import dev.understudy.replay.EventLog;
import java.io.Closeable;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;

/** Runs a standalone guest on the terminal until it ends or a signal stops it. */
final class Foreground
{
    /** Time that a signal gives the guest's recording to be closed. */
    private static final long STOP_TIMEOUT_MS = 6_000;

    private Foreground()
    {
    }

    /** Tells the operator. */
    static void notice(final String text)
    {
        System.err.println("understudy: " + text);
    }

    /** A guest of this host, as {@link #run} takes it. */
    static StandaloneGuest guest(
        final GuestImage image,
        final GuestStart begins,
        final EngineOption engine,
        final long balloonPages,
        final List<ForwardSpec> forwards,
        final Netdev netdev,
        final Drives.Opening opening,
        final Terminal terminal,
        final Consumer<String> notices)
    {
        return new StandaloneGuest(image, begins, engine.kind(), forwards, netdev, opening, terminal, balloonPages,
            InstantSource.system(), notices);
    }

    /**
     * Runs the guest and returns the exit status.
     *
     * @param begins       what the guest begins with
     * @param balloonPages pages of 4 KiB that the guest is asked to leave alone; negative leaves that as it is
     * @param netdev       closed at the end
     * @param opening      begins the content of the guest's drives
     * @param attach       told of the agent before the guest begins
     * @param start        has the log keep what it was given and will be; a signal before ends the process at once
     * @param journal      closed at the end, also when a signal ends the process
     */
    static int run(
        final GuestImage image,
        final GuestStart begins,
        final EngineOption engine,
        final StatisticsOption statistics,
        final long balloonPages,
        final List<ForwardSpec> forwards,
        final Netdev netdev,
        final Drives.Opening opening,
        final EventLog log,
        final Consumer<StandaloneAgent> attach,
        final Runnable start,
        final Closeable journal)
        throws IOException
    {
        final StandaloneGuest guest =
            guest(image, begins, engine, balloonPages, forwards, netdev, opening, new Terminal(), Foreground::notice);
        try (UnhurriedErrors errors = new UnhurriedErrors();
            netdev;
            StopSignal signal = new StopSignal(guest::stop, STOP_TIMEOUT_MS);
            journal;
            StatisticsOption.Watch watch = statistics.watch(guest::position, guest::translations))
        {
            final RunState end = guest.run(log, attach, () ->
            {
                start.run();
                signal.arm();
            });
            return end.isFailure() ? ExitStatus.FAILURE : ExitStatus.SUCCESS;
        }
    }
}
