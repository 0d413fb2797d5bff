package dev.understudy.hypervisor.net;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Looks up the address behind a name on a thread of its own: a name server that does not answer takes many seconds,
 * and nobody who has anything else to do waits for it. Not thread-safe.
 */
public final class NameLookup
{
    private static final long RETRY_MS = 1_000;

    private final InetSocketAddress place;
    private final BiFunction<String, Integer, InetSocketAddress> names;
    private CompletableFuture<InetSocketAddress> underWay;

    /** @param place a name that is not resolved, or an address, which needs no look-up */
    public NameLookup(final InetSocketAddress place)
    {
        this(place, InetSocketAddress::new);
    }

    /** @param names gives the address of a host and a port, maybe after seconds */
    public NameLookup(final InetSocketAddress place, final BiFunction<String, Integer, InetSocketAddress> names)
    {
        this.place = place;
        this.names = names;
    }

    /**
     * The address, unresolved still when it was not found; null while it is looked up. An answer is given once: the
     * next call has the name looked up anew. Does not block.
     */
    public InetSocketAddress poll()
    {
        if (!place.isUnresolved())
        {
            return place;
        }
        begin();
        if (!underWay.isDone())
        {
            return null;
        }
        final InetSocketAddress found = underWay.join();
        underWay = null;
        return found;
    }

    /** Waits until {@link #poll} has an answer, for so long at most. */
    public void await(final Duration atMost)
    {
        if (!place.isUnresolved())
        {
            return;
        }
        begin();
        try
        {
            underWay.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
        }
        catch (final TimeoutException | ExecutionException e)
        {
            // That is for who asks.
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    private void begin()
    {
        if (underWay == null)
        {
            underWay = CompletableFuture.supplyAsync(
                () -> names.apply(place.getHostString(), place.getPort()),
                it -> Thread.ofPlatform().daemon().name("lookup").start(it));
        }
    }

    /**
     * Waits for an address that nothing can be done without. Not on a thread that others wait for.
     *
     * @param notices told once, when it takes long or is not found
     */
    public static InetSocketAddress require(final InetSocketAddress place, final Consumer<String> notices)
    {
        final NameLookup lookup = new NameLookup(place);
        boolean told = false;
        while (true)
        {
            lookup.await(Duration.ofMillis(RETRY_MS));
            final InetSocketAddress found = lookup.poll();
            if (found != null && !found.isUnresolved())
            {
                return found;
            }
            if (!told)
            {
                told = true;
                notices.accept("waits for the address of " + place.getHostString() + ", an address of this host: " +
                    (found == null ? "the name server does not answer" : "there is no such name") +
                    "; see to it, or write the address itself");
            }
            pause();
        }
    }

    private static void pause()
    {
        try
        {
            Thread.sleep(RETRY_MS);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }
}
