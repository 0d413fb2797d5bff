package dev.understudy.transport;

import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.NanoClock;

/**
 * What the nodes of a pair say to each other over a {@link Link}: encodes what this node says, and hands on what the peer
 * says.
 * <p>
 * Of several processes that say they are the peer one is heard: the present one, until it has been silent for a while. They
 * would else be heard in turn, and neither would get answers to what it asked. Like the link, a message that is not taken is
 * lost: whoever needs an answer asks again. Every call on the agent thread.
 */
public final class PairProtocol
{
    private final Link link;
    private final PairHandler handler;
    private final ControlMessages messages;
    private final NanoClock clock;
    private final long silenceNs;
    private final Link.Receiver receiver = new Receiver();

    /** The peer's present process, and when it last spoke. */
    private long speaker;
    private boolean hasSpeaker;
    private long lastControlNs;

    /**
     * @param node        name of this node, of 1 to {@link PairEndpoints#MAX_NODE_NAME} characters
     * @param incarnation random number of this process
     * @param silenceMs   the peer's present process is heard, and no other one that speaks in its place, until it has been
     *                    silent for so long, in milliseconds
     * @param handler     takes what the peer says; what it throws comes out of {@link #doWork}
     */
    public PairProtocol(
        final Link link,
        final String node,
        final long incarnation,
        final NanoClock clock,
        final long silenceMs,
        final PairHandler handler)
    {
        this.link = link;
        this.clock = clock;
        this.handler = handler;
        silenceNs = TimeUnit.MILLISECONDS.toNanos(silenceMs);
        messages = new ControlMessages(node, incarnation);
    }

    /** One duty cycle of the link; returns the work done. */
    public int doWork()
    {
        return link.doWork(receiver);
    }

    /**
     * Whether entries can go both ways, but never on the strength of streams of a process that another one has replaced.
     */
    public boolean isConnected()
    {
        return link.isConnected() && receivesEntries();
    }

    private boolean receivesEntries()
    {
        return hasSpeaker && link.receivesEntriesOf(speaker);
    }

    /**
     * Says that this node lives.
     *
     * @param role           a number below 256 that both nodes understand alike
     * @param journalSequence of the newest entry that this node has
     * @param position       of the guest
     * @param releasedOutputs number of outputs that were released
     * @param claimHigh       first half of the claim of the term that this node has, or sees at the arbiter; 0 with the
     *                        second for none
     * @param trouble         what is wrong with the arbiter, in at most 400 characters; empty for nothing
     * @return false when it was not taken: the peer is not there or is behind
     */
    public boolean heartbeat(
        final long generation,
        final int role,
        final boolean solo,
        final long journalSequence,
        final long position,
        final long releasedOutputs,
        final long claimHigh,
        final long claimLow,
        final String trouble)
    {
        return send(messages.heartbeat(
            generation, role, solo, journalSequence, position, releasedOutputs, claimHigh, claimLow, trouble));
    }

    /**
     * Says where this node runs on a machine that it shares with the peer.
     *
     * @param busyPercent 0 to 100
     * @return false when it was not taken
     */
    public boolean placement(final long generation, final boolean upperHalf, final int busyPercent)
    {
        return send(messages.placement(generation, upperHalf, busyPercent));
    }

    /**
     * Asks for the journal after what this node has. Not sent before the journal of the peer's present process can be
     * received: its first entries would be lost.
     *
     * @param haveSequence of the newest entry that this node has, -1 for none; the chain is the hash over it and all
     *                     before
     * @param settings     what must be the same at the peer, in at most 1,000 characters
     * @param reason       why it asks once more, in at most 400 characters; empty at first
     * @return false when it was not taken
     */
    public boolean join(
        final long generation,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String settings,
        final String reason)
    {
        return receivesEntries() &&
            send(messages.join(generation, haveSequence, chainHigh, chainLow, settings, reason));
    }

    /**
     * Says that the peer cannot be this node's backup, and why, in at most 400 characters.
     *
     * @return false when it was not taken
     */
    public boolean refuse(final long generation, final String reason)
    {
        return send(messages.refusal(generation, reason));
    }

    /**
     * Says from which entry on the journal will come, marked with which session.
     *
     * @return false when it was not taken
     */
    public boolean joinReply(final long generation, final long fromSequence, final long session)
    {
        return send(messages.joinReply(generation, fromSequence, session));
    }

    /**
     * Says what of the session is in this node's journal, and what it has replayed. Allocates nothing.
     *
     * @param replayedTimeNs guest time of the last replayed entry, in nanoseconds
     * @return false when it was not taken
     */
    public boolean acknowledge(
        final long generation,
        final long session,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        return send(messages.acknowledge(generation, session, journalSequence, replayedSequence, replayedTimeNs));
    }

    /**
     * Says that this node leaves in order, and why, in at most 400 characters.
     *
     * @return false when it was not taken
     */
    public boolean goodbye(final long generation, final String reason)
    {
        return send(messages.goodbye(generation, reason));
    }

    private boolean send(final int length)
    {
        return link.offerControl(messages.buffer(), 0, length);
    }

    private boolean isPresent(final long newSpeaker)
    {
        final long nowNs = clock.nanoTime();
        if (newSpeaker != speaker || !hasSpeaker)
        {
            if (hasSpeaker && nowNs - lastControlNs < silenceNs)
            {
                return false;
            }
            speaker = newSpeaker;
            hasSpeaker = true;
            messages.onNewSpeaker();
        }
        lastControlNs = nowNs;
        return true;
    }

    private final class Receiver implements Link.Receiver
    {
        @Override
        public void onEntry(final long session, final DirectBuffer entry, final int offset, final int length)
        {
            handler.onEntry(session, entry, offset, length);
        }

        @Override
        public void onControl(final long from, final DirectBuffer message, final int offset, final int length)
        {
            if (isPresent(from))
            {
                messages.dispatch(message, offset, length, handler);
            }
        }

        @Override
        public void onStray(final String what)
        {
            messages.complain(handler, what);
        }
    }
}
