package dev.understudy.guest.hart;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The thread beside the guests of this process on which their code is translated. It ends when there is nothing to do. */
final class TranslatorThread
{
    private static final int IDLE_SECONDS = 10;

    private TranslatorThread()
    {
    }

    static final Executor EXECUTOR = executor();

    private static Executor executor()
    {
        final ThreadPoolExecutor pool = new ThreadPoolExecutor(
            1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("understudy-translator").factory());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }
}
