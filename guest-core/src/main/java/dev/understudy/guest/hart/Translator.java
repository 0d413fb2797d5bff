package dev.understudy.guest.hart;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes the translations that an engine asks for, on a thread beside the guests of this process or at once.
 * <p>
 * The one place of the guest that knows of threads and clocks: when a translation is there is up to them, what it
 * computes is not. Owned by the hart thread; {@link #timeNs()} is for any.
 */
final class Translator
{
    /** The most translations that wait to be made. */
    private static final int MAX_WAITING = 400;

    /** After this the thread ends, until there is something to do. */
    private static final int IDLE_SECONDS = 10;

    private static final Executor BESIDE = beside();

    private final RegionCompiler compiler;
    private final Executor executor;
    private final Queue<Translation> finished = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong timeNs = new AtomicLong();

    /** A region and its code. */
    record Translation(Region region, RegionCode code)
    {
    }

    private Translator(final RegionCompiler compiler, final Executor executor)
    {
        this.compiler = compiler;
        this.executor = executor;
    }

    static Translator inBackground(final RegionCompiler compiler)
    {
        return new Translator(compiler, BESIDE);
    }

    static Translator atOnce(final RegionCompiler compiler)
    {
        return new Translator(compiler, Runnable::run);
    }

    private static Executor beside()
    {
        final ThreadPoolExecutor pool = new ThreadPoolExecutor(
            1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
            Thread.ofPlatform().daemon().name("understudy-translator").factory());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    boolean isBusy()
    {
        return waiting.get() >= MAX_WAITING;
    }

    void translate(final Region region)
    {
        waiting.incrementAndGet();
        executor.execute(() ->
        {
            final long start = System.nanoTime();
            try
            {
                finished.add(new Translation(region, compiler.compile(region.plan)));
            }
            finally
            {
                timeNs.addAndGet(System.nanoTime() - start);
                waiting.decrementAndGet();
            }
        });
    }

    /** The next translation that is made, or null. */
    Translation poll()
    {
        return finished.poll();
    }

    /** How long making translations took so far, in nanoseconds. */
    long timeNs()
    {
        return timeNs.get();
    }
}
