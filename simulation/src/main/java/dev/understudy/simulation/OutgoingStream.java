package dev.understudy.simulation;

import java.util.ArrayDeque;

/** One stream that a process sends: its messages are kept until they were taken, so that a missing one can be repeated. */
final class OutgoingStream
{
    /** Silence after which the receiver counts as gone. */
    static final long LIVENESS_NS = 2_000_000_000;

    /** Messages repeated for one complaint. */
    private static final int MAX_REPEATS = 16;

    private record Message(long number, long position, long session, byte[] bytes)
    {
    }

    private final long speaker;
    private final int stream;
    private final int windowBytes;
    private final ArrayDeque<Message> kept = new ArrayDeque<>();
    private final ArrayDeque<Message> unsent = new ArrayDeque<>();
    private long nextNumber;
    private long position;
    private long takenPosition;
    private long statusNs;
    private boolean hasStatus;

    /** @param windowBytes sent at most before the receiver has taken it */
    OutgoingStream(final long speaker, final int stream, final int windowBytes)
    {
        this.speaker = speaker;
        this.stream = stream;
        this.windowBytes = windowBytes;
    }

    /** Whether the receiver has said lately that it is there. */
    boolean isConnected(final long nowNs)
    {
        return hasStatus && nowNs - statusNs < LIVENESS_NS;
    }

    /** Takes a message; false when nobody is there, or too much is under way. */
    boolean offer(final long nowNs, final long session, final byte[] bytes)
    {
        if (!isConnected(nowNs) || position + bytes.length - takenPosition > windowBytes)
        {
            return false;
        }
        final Message message = new Message(nextNumber++, position, session, bytes);
        position += bytes.length;
        kept.add(message);
        unsent.add(message);
        return true;
    }

    /** Sends what was taken since the last call; returns whether there was anything. */
    boolean flush(final Network.Way way)
    {
        final boolean hasAny = !unsent.isEmpty();
        for (Message message = unsent.poll(); message != null; message = unsent.poll())
        {
            way.send(datagram(message));
        }
        return hasAny;
    }

    private Datagram datagram(final Message message)
    {
        return new Datagram(Datagram.Kind.DATA, speaker, stream, message.number, message.position, message.session,
            message.bytes);
    }

    /** Says which message comes next. */
    void setUp(final Network.Way way)
    {
        // What was not sent yet comes after.
        final Message first = unsent.peek();
        way.send(new Datagram(Datagram.Kind.SETUP, speaker, stream, first == null ? nextNumber : first.number,
            first == null ? position : first.position, 0, null));
    }

    /** The receiver has taken the messages up to a place. */
    void onStatus(final long nowNs, final long upToPosition)
    {
        hasStatus = true;
        statusNs = nowNs;
        takenPosition = Math.max(takenPosition, upToPosition);
        while (!kept.isEmpty() && kept.peek().position + kept.peek().bytes.length <= takenPosition)
        {
            kept.poll();
        }
    }

    /** Repeats messages from a number on. */
    void onGap(final Network.Way way, final long number)
    {
        int count = 0;
        for (final Message message : kept)
        {
            if (message.number >= number && count < MAX_REPEATS && !unsent.contains(message))
            {
                way.send(datagram(message));
                count++;
            }
        }
    }
}
