package dev.understudy.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.transport.codec.MessageHeaderDecoder;
import dev.understudy.transport.codec.MessageHeaderEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import net.jqwik.api.lifecycle.BeforeTry;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class ControlMessagesTest
{
    private static final long INCARNATION = 0x1234_5678_9abc_def1L;

    private final ControlMessages messages = new ControlMessages("node-a", INCARNATION);
    private final Heard heard = new Heard();

    @BeforeTry
    void forget()
    {
        heard.calls.clear();
        messages.onNewSpeaker();
    }

    @Property
    void heartbeatIsReadAsItWasWritten(
        @ForAll final long generation,
        @ForAll @IntRange(max = 254) final int role,
        @ForAll final boolean solo,
        @ForAll final long sequence,
        @ForAll final long position,
        @ForAll final long outputs,
        @ForAll final long claim,
        @ForAll @AlphaChars @StringLength(max = 400) final String trouble)
    {
        deliver(messages.heartbeat(
            generation, role, solo, sequence, position, outputs, claim, ~claim, trouble));
        assertThat(heard.calls).containsExactly("heartbeat " + INCARNATION + " " + generation + " node-a " + role + " " +
            solo + " " + sequence + " " + position + " " + outputs + " " + claim + " " + ~claim + " " + trouble);
    }

    @Property
    void placementIsReadAsItWasWritten(
        @ForAll final long generation, @ForAll final boolean upper, @ForAll @IntRange(max = 100) final int busy)
    {
        deliver(messages.placement(generation, upper, busy));
        assertThat(heard.calls).containsExactly("placement " + INCARNATION + " " + upper + " " + busy);
    }

    @Property
    void joinIsReadAsItWasWritten(
        @ForAll final long generation,
        @ForAll final long have,
        @ForAll final long high,
        @ForAll final long low,
        @ForAll @AlphaChars @StringLength(max = 1000) final String settings,
        @ForAll @AlphaChars @StringLength(max = 400) final String reason)
    {
        deliver(messages.join(generation, have, high, low, settings, reason));
        assertThat(heard.calls).containsExactly(
            "join " + INCARNATION + " " + generation + " node-a " + have + " " + high + " " + low + " " + settings +
                " " + reason);
    }

    @Property
    void refusalIsReadAsItWasWritten(
        @ForAll final long generation, @ForAll @AlphaChars @StringLength(max = 400) final String text)
    {
        deliver(messages.refusal(generation, text));
        assertThat(heard.calls).containsExactly("refusal " + INCARNATION + " " + generation + " " + text);
    }

    @Property
    void joinReplyIsReadAsItWasWritten(
        @ForAll final long generation, @ForAll final long from, @ForAll final long session)
    {
        deliver(messages.joinReply(generation, from, session));
        assertThat(heard.calls).containsExactly(
            "joinReply " + INCARNATION + " " + generation + " " + from + " " + session);
    }

    @Property
    void acknowledgementIsReadAsItWasWritten(
        @ForAll final long session, @ForAll final long sequence, @ForAll final long replayed, @ForAll final long timeNs)
    {
        deliver(messages.acknowledge(7, session, sequence, replayed, timeNs));
        assertThat(heard.calls).containsExactly(
            "acknowledge " + INCARNATION + " " + session + " " + sequence + " " + replayed + " " + timeNs);
    }

    @Property
    void goodbyeIsReadAsItWasWritten(@ForAll final long generation, @ForAll @StringLength(max = 400) final String text)
    {
        deliver(messages.goodbye(generation, text));
        // What is no Unicode text in the first place (half a pair of surrogates) arrives as question marks.
        final String sent = new String(text.getBytes(StandardCharsets.UTF_8),
            StandardCharsets.UTF_8);
        assertThat(heard.calls).containsExactly("goodbye " + INCARNATION + " " + generation + " " + sent);
    }

    @Test
    void longReasonIsCutBetweenCharacters()
    {
        deliver(messages.goodbye(1, "x".repeat(399) + "\ud83d\ude00".repeat(100)));
        assertThat(heard.calls).containsExactly("goodbye " + INCARNATION + " 1 " + "x".repeat(399));
    }

    @Test
    void newerVersionIsReportedOnceAndDropped()
    {
        for (int i = 0; i < 100; i++)
        {
            final UnsafeBuffer copy = copy(messages.heartbeat(1, 1, false, 1, 1, 1, 1, 1, "trouble"));
            new MessageHeaderEncoder().wrap(copy, 0).version(MessageHeaderDecoder.SCHEMA_VERSION + 1);
            messages.dispatch(copy, 0, copy.capacity(), heard);
        }
        assertThat(heard.calls).hasSize(1);
        assertThat(heard.calls.getFirst()).startsWith("unknown the peer speaks version 4").contains("this node version 3");
        messages.onNewSpeaker();
        final UnsafeBuffer copy = copy(messages.heartbeat(1, 1, false, 1, 1, 1, 1, 1, "trouble"));
        new MessageHeaderEncoder().wrap(copy, 0).version(0);
        messages.dispatch(copy, 0, copy.capacity(), heard);
        assertThat(heard.calls).hasSize(2);
        assertThat(heard.calls.get(1)).startsWith("unknown the peer speaks version 0");
    }

    @Test
    void messageOfAnotherSchemaOrTypeIsReportedAndDropped()
    {
        final UnsafeBuffer copy = copy(messages.heartbeat(1, 1, false, 1, 1, 1, 1, 1, "trouble"));
        new MessageHeaderEncoder().wrap(copy, 0).schemaId(4711);
        messages.dispatch(copy, 0, copy.capacity(), heard);
        new MessageHeaderEncoder().wrap(copy, 0).schemaId(MessageHeaderDecoder.SCHEMA_ID).templateId(99);
        messages.dispatch(copy, 0, copy.capacity(), heard);
        assertThat(heard.calls).hasSize(2);
        assertThat(heard.calls.getFirst()).startsWith("unknown").contains("schema 4711");
        assertThat(heard.calls.get(1)).startsWith("unknown").contains("type 99");
    }

    @Test
    void everyTruncationOfEveryMessageIsDropped()
    {
        for (final UnsafeBuffer whole : List.of(
            copy(messages.heartbeat(1, 1, false, 1, 1, 1, 1, 1, "trouble")),
            copy(messages.join(1, 2, 3, 4, "key=value", "reason")),
            copy(messages.joinReply(1, 2, 3)),
            copy(messages.acknowledge(1, 2, 3, 4, 5)),
            copy(messages.placement(1, true, 2)),
            copy(messages.refusal(1, "reason")),
            copy(messages.goodbye(1, "reason"))))
        {
            for (int length = 0; length < whole.capacity(); length++)
            {
                messages.dispatch(whole, 0, length, heard);
            }
        }
        assertThat(heard.calls).isNotEmpty().allMatch(it -> it.startsWith("unknown "));
    }

    @Property
    void damageNeverThrows(
        @ForAll @IntRange(max = 6) final int kind,
        @ForAll @Size(max = 6) final List<@IntRange(max = 200) Integer> places,
        @ForAll final byte value,
        @ForAll @IntRange(max = 200) final int length)
    {
        final UnsafeBuffer copy = copy(switch (kind)
        {
            case 0 -> messages.heartbeat(1, 1, false, 1, 1, 1, 1, 1, "trouble");
            case 1 -> messages.join(1, 2, 3, 4, "key=value", "reason");
            case 2 -> messages.joinReply(1, 2, 3);
            case 3 -> messages.acknowledge(1, 2, 3, 4, 5);
            case 4 -> messages.placement(1, true, 2);
            case 5 -> messages.refusal(1, "reason");
            default -> messages.goodbye(1, "reason");
        });
        places.forEach(place -> copy.putByte(place % copy.capacity(), value));
        messages.dispatch(copy, 0, Math.min(length, copy.capacity()), heard);
        assertThat(heard.calls).hasSizeLessThanOrEqualTo(1);
    }

    @Property
    void garbageNeverThrows(@ForAll @Size(max = 200) final byte[] garbage)
    {
        messages.dispatch(new UnsafeBuffer(garbage), 0, garbage.length, heard);
        assertThat(heard.calls).hasSizeLessThanOrEqualTo(1);
    }

    private void deliver(final int length)
    {
        final UnsafeBuffer copy = copy(length);
        messages.dispatch(copy, 0, length, heard);
    }

    private UnsafeBuffer copy(final int length)
    {
        final DirectBuffer source = messages.buffer();
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[length]);
        copy.putBytes(0, source, 0, length);
        return copy;
    }

    /** Writes down what was heard. */
    private static final class Heard implements PairHandler
    {
        final List<String> calls = new ArrayList<>();

        @Override
        public void onEntry(final long session, final DirectBuffer entry, final int offset, final int length)
        {
            calls.add("entry");
        }

        @Override
        public void onHeartbeat(
            final long incarnation,
            final long generation,
            final String node,
            final int role,
            final boolean solo,
            final long journalSequence,
            final long position,
            final long releasedOutputs,
            final long claimHigh,
            final long claimLow,
            final String trouble)
        {
            calls.add("heartbeat " + incarnation + " " + generation + " " + node + " " + role + " " + solo + " " +
                journalSequence + " " + position + " " + releasedOutputs + " " + claimHigh + " " + claimLow + " " +
                trouble);
        }

        @Override
        public void onJoin(
            final long incarnation,
            final long generation,
            final String node,
            final long haveSequence,
            final long chainHigh,
            final long chainLow,
            final String settings,
            final String reason)
        {
            calls.add("join " + incarnation + " " + generation + " " + node + " " + haveSequence + " " + chainHigh + " " +
                chainLow + " " + settings + " " + reason);
        }

        @Override
        public void onRefusal(final long incarnation, final long generation, final String reason)
        {
            calls.add("refusal " + incarnation + " " + generation + " " + reason);
        }

        @Override
        public void onJoinReply(
            final long incarnation, final long generation, final long fromSequence, final long session)
        {
            calls.add("joinReply " + incarnation + " " + generation + " " + fromSequence + " " + session);
        }

        @Override
        public void onAcknowledge(
            final long incarnation,
            final long session,
            final long journalSequence,
            final long replayedSequence,
            final long replayedTimeNs)
        {
            calls.add("acknowledge " + incarnation + " " + session + " " + journalSequence + " " + replayedSequence +
                " " + replayedTimeNs);
        }

        @Override
        public void onGoodbye(final long incarnation, final long generation, final String reason)
        {
            calls.add("goodbye " + incarnation + " " + generation + " " + reason);
        }

        @Override
        public void onPlacement(final long incarnation, final boolean upperHalf, final int busyPercent)
        {
            calls.add("placement " + incarnation + " " + upperHalf + " " + busyPercent);
        }

        @Override
        public void onUnknownMessage(final String what)
        {
            calls.add("unknown " + what);
        }
    }
}
