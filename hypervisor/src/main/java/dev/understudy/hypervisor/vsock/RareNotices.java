package dev.understudy.hypervisor.vsock;

import java.util.EnumMap;
import java.util.function.Consumer;

/** Tells the operator what could come in floods: each kind of it now and then only. On the agent thread. */
final class RareNotices
{
    /** What there is to tell. */
    enum Kind
    {
        PORT_IN_USE,
        ACCEPT_FAILED,
        TOO_MANY_CONNECTIONS,
        MALFORMED_PACKET,
    }

    /** Time between two notices of the same kind. */
    private static final long INTERVAL_NS = 5_000_000_000L;

    private final Consumer<String> notices;
    private final EnumMap<Kind, Long> lastNs = new EnumMap<>(Kind.class);

    RareNotices(final Consumer<String> notices)
    {
        this.notices = notices;
    }

    void say(final Kind kind, final String text)
    {
        final long nowNs = System.nanoTime();
        final Long last = lastNs.get(kind);
        if (last == null || nowNs - last >= INTERVAL_NS)
        {
            lastNs.put(kind, nowNs);
            notices.accept(text);
        }
    }
}
