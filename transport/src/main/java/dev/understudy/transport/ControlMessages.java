package dev.understudy.transport;

import dev.understudy.transport.codec.AcknowledgeDecoder;
import dev.understudy.transport.codec.AcknowledgeEncoder;
import dev.understudy.transport.codec.GoodbyeDecoder;
import dev.understudy.transport.codec.GoodbyeEncoder;
import dev.understudy.transport.codec.HeartbeatDecoder;
import dev.understudy.transport.codec.HeartbeatEncoder;
import dev.understudy.transport.codec.JoinDecoder;
import dev.understudy.transport.codec.JoinEncoder;
import dev.understudy.transport.codec.JoinReplyDecoder;
import dev.understudy.transport.codec.JoinReplyEncoder;
import dev.understudy.transport.codec.MessageHeaderDecoder;
import dev.understudy.transport.codec.MessageHeaderEncoder;
import dev.understudy.transport.codec.SenderEncoder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes and decodes the control messages. Each encoder returns the message's length. On the agent thread. */
final class ControlMessages
{
    /** The longest text that is sent, in characters: the rest of a longer reason is in the sender's own log. */
    private static final int MAX_TEXT = 400;

    private static final int MAX_BYTES = 2 * 1024;

    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[MAX_BYTES]);
    private final MessageHeaderEncoder headerEncoder = new MessageHeaderEncoder();
    private final MessageHeaderDecoder headerDecoder = new MessageHeaderDecoder();
    private final HeartbeatEncoder heartbeatEncoder = new HeartbeatEncoder();
    private final HeartbeatDecoder heartbeatDecoder = new HeartbeatDecoder();
    private final JoinEncoder joinEncoder = new JoinEncoder();
    private final JoinDecoder joinDecoder = new JoinDecoder();
    private final JoinReplyEncoder joinReplyEncoder = new JoinReplyEncoder();
    private final JoinReplyDecoder joinReplyDecoder = new JoinReplyDecoder();
    private final AcknowledgeEncoder acknowledgeEncoder = new AcknowledgeEncoder();
    private final AcknowledgeDecoder acknowledgeDecoder = new AcknowledgeDecoder();
    private final GoodbyeEncoder goodbyeEncoder = new GoodbyeEncoder();
    private final GoodbyeDecoder goodbyeDecoder = new GoodbyeDecoder();

    private final String node;
    private final long incarnation;

    ControlMessages(final String node, final long incarnation)
    {
        this.node = node;
        this.incarnation = incarnation;
    }

    /** Holds the message that was encoded last, from its start on. */
    DirectBuffer buffer()
    {
        return buffer;
    }

    int heartbeat(
        final long generation,
        final int role,
        final boolean solo,
        final long journalSequence,
        final long position,
        final long releasedOutputs)
    {
        heartbeatEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(heartbeatEncoder.sender(), generation);
        heartbeatEncoder.role((short)role)
            .solo((short)(solo ? 1 : 0))
            .journalSequence(journalSequence)
            .position(position)
            .releasedOutputs(releasedOutputs)
            .node(node);
        return MessageHeaderEncoder.ENCODED_LENGTH + heartbeatEncoder.encodedLength();
    }

    int join(final long generation, final long haveSequence, final long chainHigh, final long chainLow)
    {
        joinEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(joinEncoder.sender(), generation);
        joinEncoder.haveSequence(haveSequence).chainHigh(chainHigh).chainLow(chainLow).node(node);
        return MessageHeaderEncoder.ENCODED_LENGTH + joinEncoder.encodedLength();
    }

    int joinReply(final long generation, final long fromSequence, final long session)
    {
        joinReplyEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(joinReplyEncoder.sender(), generation);
        joinReplyEncoder.fromSequence(fromSequence).session(session).node(node);
        return MessageHeaderEncoder.ENCODED_LENGTH + joinReplyEncoder.encodedLength();
    }

    int acknowledge(
        final long generation,
        final long session,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        acknowledgeEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(acknowledgeEncoder.sender(), generation);
        acknowledgeEncoder.session(session)
            .journalSequence(journalSequence)
            .replayedSequence(replayedSequence)
            .replayedTimeNs(replayedTimeNs);
        return MessageHeaderEncoder.ENCODED_LENGTH + acknowledgeEncoder.encodedLength();
    }

    int goodbye(final long generation, final String reason)
    {
        goodbyeEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(goodbyeEncoder.sender(), generation);
        goodbyeEncoder.reason(reason.length() > MAX_TEXT ? reason.substring(0, MAX_TEXT) : reason);
        return MessageHeaderEncoder.ENCODED_LENGTH + goodbyeEncoder.encodedLength();
    }

    private void sender(final SenderEncoder sender, final long generation)
    {
        sender.incarnation(incarnation).generation(generation);
    }

    /** Hands a message on; what is none of this version is reported and dropped. */
    void dispatch(final DirectBuffer message, final int offset, final int length, final PairHandler handler)
    {
        if (length < MessageHeaderDecoder.ENCODED_LENGTH)
        {
            handler.onUnknownMessage("a control message of " + length + " bytes");
            return;
        }
        headerDecoder.wrap(message, offset);
        if (headerDecoder.schemaId() != MessageHeaderDecoder.SCHEMA_ID ||
            headerDecoder.version() != MessageHeaderDecoder.SCHEMA_VERSION)
        {
            handler.onUnknownMessage(("the peer speaks version %d of schema %d, this release version %d of %d: run the " +
                "same release on both nodes").formatted(headerDecoder.version(), headerDecoder.schemaId(),
                MessageHeaderDecoder.SCHEMA_VERSION, MessageHeaderDecoder.SCHEMA_ID));
            return;
        }
        switch (headerDecoder.templateId())
        {
            case HeartbeatDecoder.TEMPLATE_ID ->
            {
                final HeartbeatDecoder it = heartbeatDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                handler.onHeartbeat(it.sender().incarnation(), it.sender().generation(), it.node(), it.role(),
                    it.solo() != 0, it.journalSequence(), it.position(), it.releasedOutputs());
            }
            case JoinDecoder.TEMPLATE_ID ->
            {
                final JoinDecoder it = joinDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                handler.onJoin(it.sender().incarnation(), it.sender().generation(), it.node(), it.haveSequence(),
                    it.chainHigh(), it.chainLow());
            }
            case JoinReplyDecoder.TEMPLATE_ID ->
            {
                final JoinReplyDecoder it = joinReplyDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                handler.onJoinReply(
                    it.sender().incarnation(), it.sender().generation(), it.fromSequence(), it.session());
            }
            case AcknowledgeDecoder.TEMPLATE_ID ->
            {
                final AcknowledgeDecoder it = acknowledgeDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                handler.onAcknowledge(it.sender().incarnation(), it.session(), it.journalSequence(),
                    it.replayedSequence(), it.replayedTimeNs());
            }
            case GoodbyeDecoder.TEMPLATE_ID ->
            {
                final GoodbyeDecoder it = goodbyeDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                handler.onGoodbye(it.sender().incarnation(), it.sender().generation(), it.reason());
            }
            default -> handler.onUnknownMessage("a control message of type " + headerDecoder.templateId());
        }
    }
}
