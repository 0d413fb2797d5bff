package dev.understudy.simulation;

import java.util.PriorityQueue;

/**
 * The time of a simulation, and what is to happen in it, in order. Whoever stands still in the middle of an event has the
 * events of others happen meanwhile by {@link #runUntil}.
 */
final class Scheduler
{
    private record Event(long timeNs, long tie, Runnable action) implements Comparable<Event>
    {
        @Override
        public int compareTo(final Event other)
        {
            return timeNs == other.timeNs ? Long.compare(tie, other.tie) : Long.compare(timeNs, other.timeNs);
        }
    }

    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long nowNs;
    private long ties;
    private long hash;
    private long count;
    private boolean isStopped;

    /** The simulation's time, in nanoseconds from its beginning. */
    long nowNs()
    {
        return nowNs;
    }

    /** Has something happen at a time; at once after all that is due before, when the time has passed. */
    void at(final long timeNs, final Runnable action)
    {
        events.add(new Event(Math.max(timeNs, nowNs), ties++, action));
    }

    /** Has something happen after a while. */
    void after(final long delayNs, final Runnable action)
    {
        at(nowNs + delayNs, action);
    }

    /** Has everything happen that is due up to a time, unless the simulation is stopped. */
    void runUntil(final long timeNs)
    {
        while (!isStopped && !events.isEmpty() && events.peek().timeNs <= timeNs)
        {
            final Event event = events.poll();
            nowNs = Math.max(nowNs, event.timeNs);
            hash = hash * 31 + event.timeNs * 17 + event.tie;
            count++;
            event.action.run();
        }
        if (!isStopped)
        {
            nowNs = Math.max(nowNs, timeNs);
        }
    }

    /** Nothing happens any more. */
    void stop()
    {
        isStopped = true;
    }

    boolean isStopped()
    {
        return isStopped;
    }

    /** Over times and order of all that has happened. */
    long hash()
    {
        return hash;
    }

    /** Number of events so far. */
    long count()
    {
        return count;
    }
}
