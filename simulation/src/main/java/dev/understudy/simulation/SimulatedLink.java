package dev.understudy.simulation;

import dev.understudy.transport.Link;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A process's end of the way to its peer. It keeps Aeron's contract and uses all that the contract allows: what is lost comes
 * late; across a restart, or a silence of two seconds, messages are lost without notice; a peer that takes nothing has offers
 * refused. Nothing is sent, taken or repeated but in {@link #doWork} and {@link #flush}: a process that stands still does
 * neither.
 */
final class SimulatedLink implements Link
{
    static final int CONTROL = 0;
    static final int ENTRIES = 1;

    private static final int CONTROL_WINDOW_BYTES = 32 << 10;
    private static final int ENTRIES_WINDOW_BYTES = 128 << 10;

    /** What the kernel keeps for a process that does not take it. */
    private static final int RECEIVE_BUFFER_BYTES = 64 << 10;
    private static final int DATAGRAM_OVERHEAD_BYTES = 700;

    private static final int MAX_MESSAGES = 64;
    private static final long SETUP_NS = 40_000_000;
    private static final long NUDGE_NS = 2_000_000;
    private static final long PROBE_NS = 200_000_000;
    private static final long PROOF_NS = 3_000_000_000L;
    private static final int SWALLOWED = 3;
    private static final long MS = 1_000_000;

    private final SimulatedProcess process;
    private final Network network;
    private final Network.Way way;
    private final long speaker;
    private final OutgoingStream[] outgoing;
    private final List<IncomingStream> incoming = new ArrayList<>();
    private final ArrayDeque<Datagram> socket = new ArrayDeque<>();
    private final UnsafeBuffer buffer = new UnsafeBuffer(0, 0);
    private int socketBytes;
    private long setupNs;
    private long nudgeNs = Long.MAX_VALUE;
    private long probeNs;
    private long asked;
    private long answered;
    private long provenNs = -PROOF_NS;

    SimulatedLink(final SimulatedProcess process, final Network network, final long speaker)
    {
        this.process = process;
        this.network = network;
        this.speaker = speaker;
        way = network.from(process.node());
        outgoing = new OutgoingStream[] {
            new OutgoingStream(speaker, CONTROL, CONTROL_WINDOW_BYTES),
            new OutgoingStream(speaker, ENTRIES, ENTRIES_WINDOW_BYTES)};
    }

    /** A datagram has come to the socket; lost when there is no room. */
    void arrived(final Datagram datagram)
    {
        final int bytes = datagram.bytes() + DATAGRAM_OVERHEAD_BYTES;
        if (socketBytes + bytes <= RECEIVE_BUFFER_BYTES)
        {
            socketBytes += bytes;
            socket.add(datagram);
            process.ring();
        }
    }

    @Override
    public int doWork(final Receiver receiver)
    {
        process.meet(Point.LINK);
        final long nowNs = network.nowNs();
        int work = 0;
        for (Datagram datagram = socket.poll(); datagram != null; datagram = socket.poll())
        {
            take(datagram, nowNs);
            work++;
        }
        socketBytes = 0;
        send();
        incoming.removeIf(stream -> stream.isSilent(nowNs));
        final int handed = handOn(CONTROL, receiver) + handOn(ENTRIES, receiver);
        for (final IncomingStream stream : incoming)
        {
            stream.answer(way, nowNs, stream.stream() == CONTROL ? CONTROL_WINDOW_BYTES : ENTRIES_WINDOW_BYTES);
        }
        speakOfItself(nowNs);
        return work + handed;
    }

    private void take(final Datagram datagram, final long nowNs)
    {
        switch (datagram.kind())
        {
            case DATA ->
            {
                final IncomingStream stream = find(datagram.speaker(), datagram.stream());
                if (stream != null)
                {
                    stream.onData(datagram, nowNs);
                }
            }
            case SETUP ->
            {
                final IncomingStream stream = find(datagram.speaker(), datagram.stream());
                if (stream == null)
                {
                    incoming.add(new IncomingStream(datagram, nowNs));
                }
                else
                {
                    stream.onSetup(datagram, nowNs);
                }
            }
            case STATUS ->
            {
                if (datagram.speaker() == speaker)
                {
                    outgoing[datagram.stream()].onStatus(nowNs, datagram.position());
                }
            }
            case GAP ->
            {
                if (datagram.speaker() == speaker)
                {
                    outgoing[datagram.stream()].onGap(way, datagram.number());
                }
            }
            case PROBE -> way.send(new Datagram(Datagram.Kind.ANSWER, datagram.speaker(), 0, datagram.number(), 0, 0, null));
            case ANSWER ->
            {
                if (datagram.speaker() == speaker && datagram.number() > answered)
                {
                    answered = datagram.number();
                    provenNs = nowNs;
                }
            }
        }
    }

    private IncomingStream find(final long itsSpeaker, final int stream)
    {
        for (final IncomingStream candidate : incoming)
        {
            if (candidate.speaker() == itsSpeaker && candidate.stream() == stream)
            {
                return candidate;
            }
        }
        return null;
    }

    private int handOn(final int stream, final Receiver receiver)
    {
        int count = 0;
        // By number: what is received may have others come and go.
        for (int i = 0; i < incoming.size(); i++)
        {
            final IncomingStream from = incoming.get(i);
            for (Datagram next = from.stream() == stream && count < MAX_MESSAGES ? from.poll() : null; next != null;
                next = count < MAX_MESSAGES ? from.poll() : null)
            {
                count++;
                buffer.wrap(next.message());
                if (stream == CONTROL)
                {
                    receiver.onControl(next.speaker(), buffer, 0, next.message().length);
                }
                else
                {
                    receiver.onEntry(next.session(), buffer, 0, next.message().length);
                }
            }
        }
        return count;
    }

    private void speakOfItself(final long nowNs)
    {
        if (nowNs >= setupNs || nowNs >= nudgeNs)
        {
            setupNs = nowNs + SETUP_NS;
            nudgeNs = Long.MAX_VALUE;
            outgoing[CONTROL].setUp(way);
            outgoing[ENTRIES].setUp(way);
        }
        if (!isConnected())
        {
            answered = asked;
        }
        else if (nowNs >= probeNs)
        {
            probeNs = nowNs + PROBE_NS;
            way.send(new Datagram(Datagram.Kind.PROBE, speaker, 0, ++asked, 0, 0, null));
        }
    }

    private void send()
    {
        final boolean hasControl = outgoing[CONTROL].flush(way);
        if (outgoing[ENTRIES].flush(way) || hasControl)
        {
            nudgeNs = network.nowNs() + NUDGE_NS;
        }
    }

    @Override
    public void flush()
    {
        process.meet(Point.LINK);
        send();
    }

    @Override
    public boolean offerEntry(final long session, final DirectBuffer entry, final int offset, final int length)
    {
        return offer(ENTRIES, session, entry, offset, length);
    }

    @Override
    public boolean offerControl(final DirectBuffer message, final int offset, final int length)
    {
        return offer(CONTROL, 0, message, offset, length);
    }

    private boolean offer(
        final int stream, final long session, final DirectBuffer message, final int offset, final int length)
    {
        process.meet(Point.LINK);
        final byte[] copy = new byte[length];
        message.getBytes(offset, copy);
        return outgoing[stream].offer(network.nowNs(), session, copy);
    }

    @Override
    public boolean receivesEntriesOf(final long itsSpeaker)
    {
        return find(itsSpeaker, ENTRIES) != null;
    }

    @Override
    public boolean isConnected()
    {
        return outgoing[ENTRIES].isConnected(network.nowNs());
    }

    @Override
    public boolean carriesFullDatagrams()
    {
        return network.nowNs() - provenNs < PROOF_NS;
    }

    @Override
    public String trouble()
    {
        return asked - answered > SWALLOWED ? "the path swallows long packets" : null;
    }

    @Override
    public long maxSleepMs(final long nowNs)
    {
        if (nudgeNs != Long.MAX_VALUE)
        {
            return NUDGE_NS / MS;
        }
        for (final IncomingStream stream : incoming)
        {
            if (stream.hasGap())
            {
                return 1;
            }
        }
        return Simulation.INTERVAL_MS;
    }

    @Override
    public void close()
    {
        socket.clear();
    }
}
