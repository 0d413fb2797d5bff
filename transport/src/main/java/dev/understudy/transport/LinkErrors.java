package dev.understudy.transport;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.agrona.ErrorHandler;

/**
 * What goes wrong within Aeron, for the operator: each kind once a minute at most, since a failure may come back with
 * every datagram.
 * <p>
 * While a transport opens all of it is kept back: if it cannot be opened, its exception says why, and nobody wants to
 * read it twice. Memory that is gone is kept for whoever asks: nothing works without it. Thread-safe.
 */
final class LinkErrors implements ErrorHandler
{
    private static final long REPEAT_NS = TimeUnit.MINUTES.toNanos(1);

    /** More kinds than there are. */
    private static final int MAX_KINDS = 64;

    private final ErrorHandler next;
    private final List<Throwable> held = new ArrayList<>();
    private final Map<String, Long> saidNs = new HashMap<>();
    private boolean isOpen;
    private volatile InternalError lostMemory;

    LinkErrors(final ErrorHandler next)
    {
        this.next = next;
    }

    @Override
    public synchronized void onError(final Throwable problem)
    {
        if (problem instanceof final InternalError error)
        {
            lostMemory = error;
            return;
        }
        if (!isOpen)
        {
            held.add(problem);
            return;
        }
        say(problem);
    }

    private void say(final Throwable problem)
    {
        // Numbers are what differs between two of a kind.
        final String kind = String.valueOf(problem.getMessage()).replaceAll("\\d+", "");
        final long nowNs = System.nanoTime();
        final Long before = saidNs.get(kind);
        if (before == null ? saidNs.size() < MAX_KINDS : nowNs - before >= REPEAT_NS)
        {
            saidNs.put(kind, nowNs);
            next.onError(problem);
        }
    }

    /** What the JVM said when a buffer's memory was found to be gone, or null. */
    InternalError lostMemory()
    {
        return lostMemory;
    }

    /** Hands on what was kept, and from now on whatever comes. */
    synchronized void opened()
    {
        isOpen = true;
        held.forEach(this::say);
        held.clear();
    }
}
