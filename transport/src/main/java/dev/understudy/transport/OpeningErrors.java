package dev.understudy.transport;

import java.util.ArrayList;
import java.util.List;
import org.agrona.ErrorHandler;

/**
 * Keeps back what goes wrong while a transport opens: if it cannot be opened, its exception says why, and
 * nobody wants to read it twice. Thread-safe.
 */
final class OpeningErrors implements ErrorHandler
{
    private final ErrorHandler next;
    private final List<Throwable> held = new ArrayList<>();
    private boolean isOpen;

    OpeningErrors(final ErrorHandler next)
    {
        this.next = next;
    }

    @Override
    public synchronized void onError(final Throwable problem)
    {
        if (isOpen)
        {
            next.onError(problem);
        }
        else
        {
            held.add(problem);
        }
    }

    /** Hands on what was kept, and from now on whatever comes. */
    synchronized void opened()
    {
        isOpen = true;
        held.forEach(next::onError);
        held.clear();
    }
}
