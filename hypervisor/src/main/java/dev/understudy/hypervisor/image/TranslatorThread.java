package dev.understudy.hypervisor.image;

import dev.understudy.guest.translate.TranslationHost;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The thread on which the guests of this process have their code translated; it ends while there is nothing to do. */
final class TranslatorThread implements TranslationHost
{
    /** The one of this process. */
    static final TranslatorThread INSTANCE = new TranslatorThread();

    /** After this the thread ends, until there is something to do. */
    private static final int IDLE_SECONDS = 10;

    private final ThreadPoolExecutor executor = new ThreadPoolExecutor(
        1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
        Thread.ofPlatform().daemon().name("understudy-translator").factory());

    private TranslatorThread()
    {
        executor.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(final Runnable task)
    {
        executor.execute(task);
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
