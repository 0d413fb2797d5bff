package dev.understudy.guest.memory;

import dev.understudy.guest.state.Derived;

/**
 * Pages of RAM that somebody wants to be told of before they change. Each who does has a watch of its own, and none knows
 * of another: {@link GuestMemory#watch} makes as many as are asked for.
 * <p>
 * While a page is watched, no hart may store to it on its fast path; a store to a page that nobody watches costs nothing
 * more for that. Owned by the hart thread.
 */
@Derived("what its owner has read of memory")
public final class PageWatch
{
    private final GuestMemory memory;
    private final WriteListener listener;

    /** By page. */
    private final boolean[] watched;

    PageWatch(final GuestMemory memory, final WriteListener listener)
    {
        this.memory = memory;
        this.listener = listener;
        watched = new boolean[memory.pages()];
    }

    /**
     * Has the listener be told of writes to a page.
     *
     * @return whether it was not before
     */
    public boolean add(final int page)
    {
        if (watched[page])
        {
            return false;
        }
        watched[page] = true;
        memory.watchBegins(page);
        return true;
    }

    /** Ends what {@link #add} began; does nothing for a page that is not watched. */
    public void remove(final int page)
    {
        if (watched[page])
        {
            watched[page] = false;
            memory.watchEnds(page);
        }
    }

    public boolean contains(final int page)
    {
        return watched[page];
    }

    /** Ends the watch of all pages, for good: nothing may be added any more. */
    public void end()
    {
        for (int page = 0; page < watched.length; page++)
        {
            remove(page);
        }
        memory.forget(this);
    }

    /** Tells of a write within a page, if that is watched. */
    void writing(final int page, final int offset, final int length)
    {
        if (watched[page])
        {
            listener.onWrite(offset, length);
        }
    }
}
