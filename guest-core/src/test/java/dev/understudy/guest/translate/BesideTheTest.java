package dev.understudy.guest.translate;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/** Has translations be made on a thread beside that of the test, one for all tests. */
final class BesideTheTest implements TranslationHost
{
    private static final ExecutorService THREAD =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("translator").factory());

    @Override
    public void execute(final Runnable task)
    {
        THREAD.execute(task);
    }

    @Override
    public long nanoTime()
    {
        return System.nanoTime();
    }

    @Override
    public void pause(final long ns)
    {
        LockSupport.parkNanos(ns);
    }
}
