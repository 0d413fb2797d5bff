package dev.understudy.guest.translate;

import dev.understudy.guest.state.Derived;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Makes the translations that an engine asks for, on a thread beside the guests of this process or at once.
 * <p>
 * The one place of the guest that knows of threads and clocks: when a translation is there is up to them, what it
 * computes is not. Owned by the hart thread; {@link #timeNs()} is for any.
 */
@Derived("the code in memory")
final class Translator
{
    /** The most translations that wait to be made. */
    private static final int MAX_WAITING = 400;

    /** After this the thread ends, until there is something to do. */
    private static final int IDLE_SECONDS = 10;

    /** HotSpot counts calls in batches of 128, and compiles at the first that exceeds its 200. */
    private static final int BATCHES_TO_COMPILE = 17;
    private static final int CALLS_IN_BATCH = 16;

    /** Compiled a batch takes 100 to 320 ns, executed by the JVM's interpreter 480 and more. */
    private static final long MAX_COMPILED_BATCH_NS = 25L * CALLS_IN_BATCH;

    /**
     * How often to look whether a method is compiled, at most: it is used as it is, then. With as many methods as there
     * are, by turns, this is twice as long as C1 takes for all of them.
     */
    private static final int MAX_LOOKS = 50;
    private static final long LOOK_NS = 100_000;

    private static final Executor BESIDE = beside();

    private final Function<Region, RegionCode> compiler;
    private final Executor executor;

    /** Batches of calls without effect, and looks at how long one takes. */
    private final int batches;
    private final int maxLooks;
    private final Queue<Translation> finished = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong timeNs = new AtomicLong();

    /** A region and its code; null if that could not be made. */
    record Translation(Region region, RegionCode code)
    {
    }

    private Translator(
        final Function<Region, RegionCode> compiler, final Executor executor, final int batches, final int maxLooks)
    {
        this.compiler = compiler;
        this.executor = executor;
        this.batches = batches;
        this.maxLooks = maxLooks;
    }

    static Translator inBackground(final Function<Region, RegionCode> compiler)
    {
        return new Translator(compiler, BESIDE, BATCHES_TO_COMPILE, MAX_LOOKS);
    }

    /** The hart waits: when HotSpot compiles a region is left to how often that is executed, which for most is a few times. */
    static Translator atOnce(final Function<Region, RegionCode> compiler)
    {
        return new Translator(compiler, Runnable::run, 0, 0);
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
                make(region);
            }
            finally
            {
                timeNs.addAndGet(System.nanoTime() - start);
                waiting.decrementAndGet();
            }
        });
    }

    /** Whatever is wrong with a translation, the guest can do without: its code is interpreted. */
    private void make(final Region region)
    {
        final RegionCode code;
        try
        {
            code = compiler.apply(region);
            for (int i = 0; i < batches; i++)
            {
                batchNs(code);
            }
        }
        catch (final RuntimeException | LinkageError e)
        {
            finished.add(new Translation(region, null));
            return;
        }
        finish(new Translation(region, code), maxLooks);
    }

    /**
     * Hands a translation over once HotSpot has compiled it: else the hart would have it executed by the JVM's
     * interpreter, which is slower than the guest's.
     */
    private void finish(final Translation translation, final int looks)
    {
        if (looks > 0 && !isCompiled(translation.code))
        {
            LockSupport.parkNanos(LOOK_NS);
            executor.execute(() -> finish(translation, looks - 1));
        }
        else
        {
            finished.add(translation);
        }
    }

    private static boolean isCompiled(final RegionCode code)
    {
        // The first is not timed: by turns with thousands of others a method has to come into the processor's caches.
        batchNs(code);
        return batchNs(code) <= MAX_COMPILED_BATCH_NS;
    }

    /** How long a number of calls takes that have no effect, in nanoseconds. */
    private static long batchNs(final RegionCode code)
    {
        final long start = System.nanoTime();
        for (int i = 0; i < CALLS_IN_BATCH; i++)
        {
            code.run(-1, 0);
        }
        return System.nanoTime() - start;
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
