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
import dev.understudy.transport.codec.PlacementDecoder;
import dev.understudy.transport.codec.PlacementEncoder;
import dev.understudy.transport.codec.RefusalDecoder;
import dev.understudy.transport.codec.RefusalEncoder;
import dev.understudy.transport.codec.SenderEncoder;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes and decodes the control messages. Each encoder returns the message's length. On the agent thread. */
final class ControlMessages
{
    /** The longest text that is sent, in characters: the rest of a longer reason is in the sender's own log. */
    private static final int MAX_TEXT = 400;

    /** The longest settings, in characters: more than a configuration has. */
    private static final int MAX_SETTINGS = 1_000;

    /** Room for the longest of these, whatever the characters. */
    private static final int MAX_BYTES = 8 * 1024;
    private static final int TEXT_LENGTH_BYTES = 4;

    /** Different complaints about one process of the peer; more would only repeat that it is none of ours. */
    private static final int MAX_COMPLAINTS = 8;

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
    private final PlacementEncoder placementEncoder = new PlacementEncoder();
    private final PlacementDecoder placementDecoder = new PlacementDecoder();
    private final RefusalEncoder refusalEncoder = new RefusalEncoder();
    private final RefusalDecoder refusalDecoder = new RefusalDecoder();

    private final String node;
    private final long incarnation;
    private final Set<String> complaints = new HashSet<>();

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
        final long releasedOutputs,
        final long claimHigh,
        final long claimLow,
        final String trouble)
    {
        heartbeatEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(heartbeatEncoder.sender(), generation);
        heartbeatEncoder.role((short)role)
            .solo((short)(solo ? 1 : 0))
            .journalSequence(journalSequence)
            .position(position)
            .releasedOutputs(releasedOutputs)
            .claimHigh(claimHigh)
            .claimLow(claimLow)
            .node(node)
            .trouble(shortened(trouble, MAX_TEXT));
        return MessageHeaderEncoder.ENCODED_LENGTH + heartbeatEncoder.encodedLength();
    }

    int join(
        final long generation,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String settings,
        final String reason)
    {
        joinEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(joinEncoder.sender(), generation);
        joinEncoder.haveSequence(haveSequence).chainHigh(chainHigh).chainLow(chainLow).node(node)
            .settings(shortened(settings, MAX_SETTINGS)).reason(shortened(reason, MAX_TEXT));
        return MessageHeaderEncoder.ENCODED_LENGTH + joinEncoder.encodedLength();
    }

    int refusal(final long generation, final String reason)
    {
        refusalEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(refusalEncoder.sender(), generation);
        refusalEncoder.reason(shortened(reason, MAX_TEXT));
        return MessageHeaderEncoder.ENCODED_LENGTH + refusalEncoder.encodedLength();
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
        goodbyeEncoder.reason(shortened(reason, MAX_TEXT));
        return MessageHeaderEncoder.ENCODED_LENGTH + goodbyeEncoder.encodedLength();
    }

    int placement(final long generation, final boolean upperHalf, final int busyPercent)
    {
        placementEncoder.wrapAndApplyHeader(buffer, 0, headerEncoder);
        sender(placementEncoder.sender(), generation);
        placementEncoder.upperHalf((short)(upperHalf ? 1 : 0)).busyPercent((short)busyPercent);
        return MessageHeaderEncoder.ENCODED_LENGTH + placementEncoder.encodedLength();
    }

    private static String shortened(final String text, final int most)
    {
        if (text.length() <= most)
        {
            return text;
        }
        // Half a pair of surrogates is no character.
        return text.substring(0, Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most);
    }

    private void sender(final SenderEncoder sender, final long generation)
    {
        sender.incarnation(incarnation).generation(generation);
    }

    /** Another process of the peer speaks now: what is wrong with its messages is said again. */
    void onNewSpeaker()
    {
        complaints.clear();
    }

    /** Says once what is wrong with the messages of this process of the peer: they come many times a second. */
    void complain(final PairHandler handler, final String what)
    {
        if (complaints.size() < MAX_COMPLAINTS && complaints.add(what))
        {
            handler.onUnknownMessage(what);
        }
    }

    /** Hands a message on; what is none of this version, or damaged, is reported and dropped. */
    void dispatch(final DirectBuffer message, final int offset, final int length, final PairHandler handler)
    {
        if (length < MessageHeaderDecoder.ENCODED_LENGTH)
        {
            complain(handler, "a control message of " + length + " bytes was dropped: it is none of understudy's");
            return;
        }
        headerDecoder.wrap(message, offset);
        if (headerDecoder.schemaId() != MessageHeaderDecoder.SCHEMA_ID)
        {
            complain(handler, String.format(Locale.ROOT,
                "a control message of schema %d was dropped: it is none of understudy's; see what " +
                "sends to this node's address", headerDecoder.schemaId()));
            return;
        }
        if (headerDecoder.version() != MessageHeaderDecoder.SCHEMA_VERSION)
        {
            complain(handler, String.format(Locale.ROOT,
                "the peer speaks version %d of the control messages, this node version %d; they are " +
                "dropped: run the same release on both nodes",
                headerDecoder.version(), MessageHeaderDecoder.SCHEMA_VERSION));
            return;
        }
        switch (headerDecoder.templateId())
        {
            case HeartbeatDecoder.TEMPLATE_ID ->
            {
                if (isWhole(message, offset, length, HeartbeatDecoder.BLOCK_LENGTH, 2, handler))
                {
                    final HeartbeatDecoder it = heartbeatDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                    handler.onHeartbeat(it.sender().incarnation(), it.sender().generation(), it.node(), it.role(),
                        it.solo() != 0, it.journalSequence(), it.position(), it.releasedOutputs(), it.claimHigh(),
                        it.claimLow(), it.trouble());
                }
            }
            case JoinDecoder.TEMPLATE_ID ->
            {
                if (isWhole(message, offset, length, JoinDecoder.BLOCK_LENGTH, 3, handler))
                {
                    final JoinDecoder it = joinDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                    handler.onJoin(it.sender().incarnation(), it.sender().generation(), it.node(), it.haveSequence(),
                        it.chainHigh(), it.chainLow(), it.settings(), it.reason());
                }
            }
            case JoinReplyDecoder.TEMPLATE_ID ->
            {
                if (isWhole(message, offset, length, JoinReplyDecoder.BLOCK_LENGTH, 1, handler))
                {
                    final JoinReplyDecoder it = joinReplyDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                    handler.onJoinReply(
                        it.sender().incarnation(), it.sender().generation(), it.fromSequence(), it.session());
                }
            }
            case AcknowledgeDecoder.TEMPLATE_ID ->
            {
                if (isWhole(message, offset, length, AcknowledgeDecoder.BLOCK_LENGTH, 0, handler))
                {
                    final AcknowledgeDecoder it =
                        acknowledgeDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                    handler.onAcknowledge(it.sender().incarnation(), it.session(), it.journalSequence(),
                        it.replayedSequence(), it.replayedTimeNs());
                }
            }
            case GoodbyeDecoder.TEMPLATE_ID ->
            {
                if (isWhole(message, offset, length, GoodbyeDecoder.BLOCK_LENGTH, 1, handler))
                {
                    final GoodbyeDecoder it = goodbyeDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                    handler.onGoodbye(it.sender().incarnation(), it.sender().generation(), it.reason());
                }
            }
            case PlacementDecoder.TEMPLATE_ID ->
            {
                if (isWhole(message, offset, length, PlacementDecoder.BLOCK_LENGTH, 0, handler))
                {
                    final PlacementDecoder it = placementDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                    handler.onPlacement(it.sender().incarnation(), it.upperHalf() != 0, it.busyPercent());
                }
            }
            case RefusalDecoder.TEMPLATE_ID ->
            {
                if (isWhole(message, offset, length, RefusalDecoder.BLOCK_LENGTH, 1, handler))
                {
                    final RefusalDecoder it = refusalDecoder.wrapAndApplyHeader(message, offset, headerDecoder);
                    handler.onRefusal(it.sender().incarnation(), it.sender().generation(), it.reason());
                }
            }
            default -> complain(handler, "a control message of unknown type " + headerDecoder.templateId() +
                " was dropped: run the same release on both nodes");
        }
    }

    /** Whether the message has all its fields, and its texts end within it. */
    private boolean isWhole(
        final DirectBuffer message,
        final int offset,
        final int length,
        final int blockLength,
        final int texts,
        final PairHandler handler)
    {
        int end = MessageHeaderDecoder.ENCODED_LENGTH + blockLength;
        boolean isWhole = headerDecoder.blockLength() == blockLength && length >= end;
        for (int i = 0; i < texts && isWhole; i++)
        {
            final int left = length - end - TEXT_LENGTH_BYTES;
            final int textBytes = left < 0 ? -1 : message.getInt(offset + end, ByteOrder.LITTLE_ENDIAN);
            isWhole = textBytes >= 0 && textBytes <= left;
            end += TEXT_LENGTH_BYTES + textBytes;
        }
        if (!isWhole)
        {
            complain(handler, "a control message of type " + headerDecoder.templateId() +
                " was dropped: it is cut short or damaged");
        }
        return isWhole;
    }
}
