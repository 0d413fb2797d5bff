package dev.understudy.hypervisor.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Has SIGTERM and SIGINT end a command in order: the command is asked to stop, and its status becomes that of the
 * process, where the JVM's would tell that a signal came.
 */
final class StopSignal implements AutoCloseable
{
    private static final CountDownLatch ENDED = new CountDownLatch(1);
    private static volatile int exitStatus;

    private final Runnable stop;
    private final long timeoutMs;
    private final Thread hook = new Thread(this::onShutdown, "signal");

    /**
     * From {@link #arm} until {@link #close()}.
     *
     * @param stop      asks the command to return; called on a thread of its own
     * @param timeoutMs that the command is given before the process ends all the same
     */
    StopSignal(final Runnable stop, final long timeoutMs)
    {
        this.stop = stop;
        this.timeoutMs = timeoutMs;
    }

    /** Before, a signal ends the process at once. Called once. */
    void arm()
    {
        try
        {
            Runtime.getRuntime().addShutdownHook(hook);
        }
        catch (final IllegalStateException e)
        {
            // The signal has come: the process is about to end.
        }
    }

    private void onShutdown()
    {
        stop.run();
        try
        {
            if (ENDED.await(timeoutMs, TimeUnit.MILLISECONDS))
            {
                Runtime.getRuntime().halt(exitStatus);
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the process, with this status also when a signal is what ends it. */
    static void exit(final int status)
    {
        exitStatus = status;
        ENDED.countDown();
        System.exit(status);
    }

    @Override
    public void close()
    {
        try
        {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        catch (final IllegalStateException e)
        {
            // The signal has come: the hook waits for the status.
        }
    }
}
