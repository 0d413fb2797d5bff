package dev.understudy.simulation;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/** One stream of a process of the peer as it is received: in order, whole, and repeated where something was missing. */
final class IncomingStream
{
    private static final long GAP_NS = 2_000_000;
    private static final long GAP_RETRY_NS = 8_000_000;
    private static final long STATUS_NS = 50_000_000;

    private final long speaker;
    private final int stream;
    private final Map<Long, Datagram> early = new HashMap<>();
    private final ArrayDeque<Datagram> ready = new ArrayDeque<>();
    private long expected;
    private long announced;
    private long position;
    private long toldPosition;
    private long heardNs;
    private long statusNs;
    private long complainNs;
    private boolean hasGap;

    /** @param setup of the stream, which is joined where it is */
    IncomingStream(final Datagram setup, final long nowNs)
    {
        speaker = setup.speaker();
        stream = setup.stream();
        expected = setup.number();
        announced = setup.number();
        position = setup.position();
        toldPosition = position;
        heardNs = nowNs;
        statusNs = nowNs - STATUS_NS;
    }

    long speaker()
    {
        return speaker;
    }

    int stream()
    {
        return stream;
    }

    /** Takes a message, whenever it comes. */
    void onData(final Datagram datagram, final long nowNs)
    {
        heardNs = nowNs;
        announced = Math.max(announced, datagram.number() + 1);
        if (datagram.number() < expected)
        {
            return;
        }
        early.put(datagram.number(), datagram);
        for (Datagram next = early.remove(expected); next != null; next = early.remove(expected))
        {
            ready.add(next);
            expected++;
        }
    }

    /** The stream is there, and its next message will have this number. */
    void onSetup(final Datagram datagram, final long nowNs)
    {
        heardNs = nowNs;
        announced = Math.max(announced, datagram.number());
    }

    /** Whether nothing came for so long that the process is given up. */
    boolean isSilent(final long nowNs)
    {
        return nowNs - heardNs >= OutgoingStream.LIVENESS_NS;
    }

    /** The next message, which is taken with that; null when none is there. */
    Datagram poll()
    {
        final Datagram next = ready.poll();
        if (next != null)
        {
            position = next.position() + next.message().length;
        }
        return next;
    }

    /** Whether a message is known to be missing. */
    boolean hasGap()
    {
        return expected < announced;
    }

    /** Tells the sender what was taken, and what is missing, when it is time. */
    void answer(final Network.Way way, final long nowNs, final int windowBytes)
    {
        if (nowNs - statusNs >= STATUS_NS || position - toldPosition > windowBytes / 4)
        {
            statusNs = nowNs;
            toldPosition = position;
            way.send(new Datagram(Datagram.Kind.STATUS, speaker, stream, expected, position, 0, null));
        }
        if (!hasGap())
        {
            hasGap = false;
        }
        else if (!hasGap)
        {
            hasGap = true;
            complainNs = nowNs + GAP_NS;
        }
        else if (nowNs >= complainNs)
        {
            complainNs = nowNs + GAP_RETRY_NS;
            way.send(new Datagram(Datagram.Kind.GAP, speaker, stream, expected, position, 0, null));
        }
    }
}
