package dev.understudy.hypervisor.cli;

import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.standalone.StandaloneGuest;
import dev.understudy.replay.EventLog;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.util.List;

/** Runs a standalone guest on the terminal until it ends or a signal stops it. */
final class Foreground
{
    private static final int CONSOLE_BUFFER_BYTES = 8 * 1024;

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

    /**
     * Runs the guest and returns the exit status.
     *
     * @param netdev  closed at the end
     * @param opening begins the content of the guest's drives
     * @param journal closed at the end, also when a signal ends the process
     */
    static int run(
        final GuestImage image,
        final StatisticsOption statistics,
        final List<ForwardSpec> forwards,
        final Netdev netdev,
        final Drives.Opening opening,
        final EventLog log,
        final Closeable journal)
        throws IOException
    {
        final StandaloneGuest guest = new StandaloneGuest(
            image,
            forwards,
            netdev,
            opening,
            System.in,
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), CONSOLE_BUFFER_BYTES),
            Foreground::notice);
        try (netdev;
            StopSignal signal = new StopSignal(guest::stop, STOP_TIMEOUT_MS);
            journal;
            StatisticsOption.Watch watch = statistics.watch(guest::position, guest::translations))
        {
            return guest.run(log).isFailure() ? ExitStatus.FAILURE : ExitStatus.SUCCESS;
        }
    }
}
