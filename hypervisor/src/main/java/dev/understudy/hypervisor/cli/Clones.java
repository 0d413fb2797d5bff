package dev.understudy.hypervisor.cli;

import dev.understudy.guest.RunState;
import dev.understudy.hypervisor.standalone.StandaloneGuest;
import dev.understudy.replay.EventLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Runs several guests in this process until all have ended or a signal stops them. */
final class Clones
{
    /** Time that a signal gives them. */
    private static final long STOP_TIMEOUT_MS = 6_000;

    private Clones()
    {
    }

    /** Runs the guests and returns the exit status: a failure when one of them has failed. */
    static int run(final List<StandaloneGuest> guests)
    {
        final AtomicBoolean hasFailed = new AtomicBoolean();
        try (UnhurriedErrors errors = new UnhurriedErrors();
            StopSignal signal = new StopSignal(() -> guests.forEach(StandaloneGuest::stop), STOP_TIMEOUT_MS))
        {
            signal.arm();
            final List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < guests.size(); i++)
            {
                final StandaloneGuest guest = guests.get(i);
                final String label = label(i);
                threads.add(Thread.ofPlatform().name("guest " + (i + 1)).start(() ->
                {
                    if (!run(guest, label))
                    {
                        hasFailed.set(true);
                    }
                }));
            }
            for (final Thread thread : threads)
            {
                thread.join();
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
            return ExitStatus.FAILURE;
        }
        return hasFailed.get() ? ExitStatus.FAILURE : ExitStatus.SUCCESS;
    }

    /** What stands before each line of a guest's console. */
    static String label(final int index)
    {
        return "[" + (index + 1) + "] ";
    }

    private static boolean run(final StandaloneGuest guest, final String label)
    {
        try
        {
            final RunState end = guest.run(EventLog.none(), agent -> {}, () -> {});
            return !end.isFailure();
        }
        catch (final IOException | RuntimeException e)
        {
            Foreground.notice(label + Errors.describe(e));
            return false;
        }
    }
}
