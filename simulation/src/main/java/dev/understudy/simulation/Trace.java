package dev.understudy.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What happened in a simulation, a line each. */
final class Trace
{
    private final Scheduler scheduler;
    private final List<String> lines = new ArrayList<>();
    private final List<Runnable> waiting = new ArrayList<>();
    private long hash;

    Trace(final Scheduler scheduler)
    {
        this.scheduler = scheduler;
    }

    /** Something worth telling has happened. */
    void say(final String who, final String what)
    {
        final String line = at(scheduler.nowNs()) + " " + who + ": " + what;
        hash = hash * 31 + line.hashCode();
        lines.add(line);
    }

    /** A node has something to say. */
    void notice(final String node, final String text)
    {
        say(node, text);
        final List<Runnable> now = List.copyOf(waiting);
        waiting.clear();
        now.forEach(Runnable::run);
    }

    /** Has something happen when a node has something to say next. */
    void atNextNotice(final Runnable action)
    {
        waiting.add(action);
    }

    /** A time for people: in milliseconds. */
    static String at(final long timeNs)
    {
        return String.format(Locale.ROOT, "%9.3f ms", timeNs / 1e6);
    }

    List<String> lines()
    {
        return lines;
    }

    long hash()
    {
        return hash;
    }
}
