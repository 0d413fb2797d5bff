package dev.understudy.guest.translate;

import dev.understudy.guest.state.Derived;
import java.util.Queue;
import java.util.function.Function;
import org.agrona.concurrent.ManyToOneConcurrentLinkedQueue;

/**
 * Makes the translations that an engine asks for, beside the guest or at once: on which thread, its host knows. When a
 * translation is there is up to the host, what it computes is not.
 * <p>
 * Owned by the hart thread; {@link #timeNs()} is for any.
 */
@Derived("the code in memory")
final class Translator
{
    /** The most translations that wait to be made. */
    private static final int MAX_WAITING = 400;

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

    private final Function<Region, RegionCode> compiler;
    private final TranslationHost host;
    private final boolean isBeside;

    /** Batches of calls without effect, and looks at how long one takes. */
    private final int batches;
    private final int maxLooks;
    private final Queue<Translation> finished = new ManyToOneConcurrentLinkedQueue<>();

    /** How many were asked for: the hart's count. */
    private long asked;

    /** How many of them were made, finished or not, and how long that took: counts of the one who makes them. */
    private volatile long made;
    private volatile long timeNs;

    /** A region and its code; null if that could not be made. */
    record Translation(Region region, RegionCode code)
    {
    }

    private Translator(
        final Function<Region, RegionCode> compiler,
        final TranslationHost host,
        final boolean isBeside,
        final int batches,
        final int maxLooks)
    {
        this.compiler = compiler;
        this.host = host;
        this.isBeside = isBeside;
        this.batches = batches;
        this.maxLooks = maxLooks;
    }

    static Translator inBackground(final Function<Region, RegionCode> compiler, final TranslationHost host)
    {
        return new Translator(compiler, host, true, BATCHES_TO_COMPILE, MAX_LOOKS);
    }

    /** The hart waits: when HotSpot compiles a region is left to how often that is executed, which for most is a few times. */
    static Translator atOnce(final Function<Region, RegionCode> compiler, final TranslationHost host)
    {
        return new Translator(compiler, host, false, 0, 0);
    }

    boolean isBusy()
    {
        return asked - made >= MAX_WAITING;
    }

    void translate(final Region region)
    {
        asked++;
        if (isBeside)
        {
            host.execute(() -> makeTimed(region));
        }
        else
        {
            makeTimed(region);
        }
    }

    private void makeTimed(final Region region)
    {
        final long start = host.nanoTime();
        try
        {
            make(region);
        }
        finally
        {
            final long time = timeNs + host.nanoTime() - start;
            timeNs = time;
            final long count = made + 1;
            made = count;
        }
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
            host.pause(LOOK_NS);
            host.execute(() -> finish(translation, looks - 1));
        }
        else
        {
            finished.add(translation);
        }
    }

    private boolean isCompiled(final RegionCode code)
    {
        // The first is not timed: by turns with thousands of others a method has to come into the processor's caches.
        batchNs(code);
        return batchNs(code) <= MAX_COMPILED_BATCH_NS;
    }

    /** How long a number of calls takes that have no effect, in nanoseconds. */
    private long batchNs(final RegionCode code)
    {
        final long start = host.nanoTime();
        for (int i = 0; i < CALLS_IN_BATCH; i++)
        {
            code.run(-1, 0);
        }
        return host.nanoTime() - start;
    }

    /** The next translation that is made, or null. */
    Translation poll()
    {
        return finished.poll();
    }

    /** How long making translations took so far, in nanoseconds. */
    long timeNs()
    {
        return timeNs;
    }
}
