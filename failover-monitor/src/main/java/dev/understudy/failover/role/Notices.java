package dev.understudy.failover.role;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Tells the operator what happened, and what keeps happening only once. On the agent thread. */
final class Notices
{
    /** A complaint that did not come up for so long is news when it comes up again, in nanoseconds. */
    private static final long QUIET_NS = 10_000_000_000L;

    /** Complaints that are remembered: more than may well be made by turns. */
    private static final int MAX_REMEMBERED = 16;

    private final Consumer<String> operator;
    private final long quietNs;

    /** When each complaint last came up, whether it was said then or not; the one that did longest ago first. */
    private final Map<String, Long> lastNs = LinkedHashMap.newLinkedHashMap(MAX_REMEMBERED);

    /** @param longestRetryNs between two attempts that may fail for the same reason */
    Notices(final Consumer<String> operator, final long longestRetryNs)
    {
        this.operator = operator;
        quietNs = Math.max(QUIET_NS, 2 * longestRetryNs);
    }

    /** Something happened. */
    void say(final String text)
    {
        operator.accept(text);
    }

    /** Something is wrong, and will come up at each attempt: it is said once, until it has not come up for a while. */
    void complain(final long nowNs, final String text)
    {
        final Long last = lastNs.remove(text);
        if (lastNs.size() == MAX_REMEMBERED)
        {
            lastNs.remove(lastNs.keySet().iterator().next());
        }
        lastNs.put(text, nowNs);
        if (last == null || nowNs - last > quietNs)
        {
            operator.accept(text);
        }
    }
}
