package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.agrona.concurrent.UnsafeBuffer;

/** What is encoded is decoded, and what is no entry is refused without reading past its end. */
class JournalEntryTest
{
    private static final int TRIES = 200;

    private final EntryEncoder encoder = new EntryEncoder();
    private final JournalEntry entry = new JournalEntry();

    @Property(tries = TRIES)
    void genesisComesBack(
        @ForAll("texts") final String name,
        @ForAll final long memoryBytes,
        @ForAll final long vsockCid,
        @ForAll("texts") final String kernelPath,
        @ForAll @Size(32) final byte[] kernelSha256,
        @ForAll("texts") final String initrdPath,
        @ForAll @Size(32) final byte[] initrdSha256,
        @ForAll final boolean hasInitrd,
        @ForAll("texts") final String commandLine,
        @ForAll @Size(32) final byte[] deviceTreeSha256,
        @ForAll final long createdEpochMs,
        @ForAll @IntRange(max = 4) final int drives,
        @ForAll @Size(6) final byte[] mac,
        @ForAll final boolean hasNetwork)
    {
        final Genesis genesis = new Genesis(name, memoryBytes, vsockCid, kernelPath, kernelSha256,
            hasInitrd ? initrdPath : null, hasInitrd ? initrdSha256 : null, commandLine, deviceTreeSha256, 7,
            createdEpochMs,
            IntStream.range(0, drives).mapToObj(i -> new DriveImage(
                kernelPath + i, memoryBytes + i, kernelSha256, (vsockCid + i & 1) == 0, i == 1 ? "" : "s" + i)).toList(),
            hasNetwork ? mac : null,
            (vsockCid & 1) == 0);
        wrap(encoder.genesis(genesis), EventType.GENESIS, 0, 0, 0, 0);
        assertThat(entry.genesis()).usingRecursiveComparison().isEqualTo(genesis);
    }

    @Property(tries = TRIES)
    void clockSampleComesBack(
        @ForAll final long sequence,
        @ForAll final long position,
        @ForAll final long timeNs,
        @ForAll final long outputs,
        @ForAll final int picos,
        @ForAll final int limitNs)
    {
        wrap(encoder.clockSample(position, timeNs, outputs, picos, limitNs),
            EventType.CLOCK_SAMPLE, sequence, position, timeNs, outputs);
        assertThat(entry.picosPerInstruction()).isEqualTo(picos);
        assertThat(entry.limitNs()).isEqualTo(limitNs);
    }

    @Property(tries = TRIES)
    void payloadsComeBack(
        @ForAll final long sequence, @ForAll final long position, @ForAll @Size(max = 5000) final byte[] payload)
    {
        final UnsafeBuffer data = new UnsafeBuffer(payload);
        final int length = payload.length;
        wrap(encoder.consoleInput(position, 1, 2, data, 0, length),
            EventType.CONSOLE_INPUT, sequence, position, 1, 2);
        assertThat(SampleJournal.data(entry)).isEqualTo(payload);
        wrap(encoder.entropy(position, 3, 4, data, 0, length), EventType.ENTROPY, sequence, position, 3, 4);
        assertThat(SampleJournal.data(entry)).isEqualTo(payload);
        wrap(encoder.vsockPacket(position, 5, 6, data, 0, length),
            EventType.VSOCK_PACKET, sequence, position, 5, 6);
        assertThat(SampleJournal.data(entry)).isEqualTo(payload);
        wrap(encoder.networkFrame(position, 7, 8, data, 0, length),
            EventType.NETWORK_FRAME, sequence, position, 7, 8);
        assertThat(SampleJournal.data(entry)).isEqualTo(payload);
    }

    @Property(tries = TRIES)
    void digestAndClosedComeBack(@ForAll final long sequence, @ForAll final long state, @ForAll final Outcome outcome)
    {
        wrap(encoder.digest(1, 2, 3, state), EventType.DIGEST, sequence, 1, 2, 3);
        assertThat(entry.state()).isEqualTo(state);
        wrap(encoder.closed(1, 2, 3, outcome, state), EventType.CLOSED, sequence, 1, 2, 3);
        assertThat(entry.outcome()).isEqualTo(outcome);
        assertThat(entry.state()).isEqualTo(state);
    }

    @Property(tries = TRIES)
    void generationAndBackupJoinedComeBack(
        @ForAll final long generation, @ForAll final GenerationCause cause, @ForAll("texts") final String node)
    {
        wrap(encoder.generation(2, 3, 4, generation, cause, node), EventType.GENERATION, 1, 2, 3, 4);
        assertThat(entry.generation()).isEqualTo(generation);
        assertThat(entry.cause()).isEqualTo(cause);
        assertThat(entry.node()).isEqualTo(node);
        wrap(encoder.backupJoined(2, 3, 4, generation, node), EventType.BACKUP_JOINED, 1, 2, 3, 4);
        assertThat(entry.generation()).isEqualTo(generation);
        assertThat(entry.node()).isEqualTo(node);
    }

    @Property(tries = TRIES)
    void anEntryOfAnyOtherLengthIsNone(@ForAll("texts") final String node)
    {
        final int length = encoder.generation(2, 3, 4, 5, GenerationCause.STARTED, node).entry().length();
        for (int other = 0; other <= length + 8; other++)
        {
            assertThat(entry.tryWrap(encoder.buffer(), 0, other) == null).isEqualTo(other == length);
        }
    }

    @Property(tries = TRIES)
    void blockCompletionComesBack(
        @ForAll final long sequence,
        @ForAll @IntRange(max = 255) final int drive,
        @ForAll final long request,
        @ForAll final BlockOutcome status)
    {
        wrap(encoder.blockCompletion(1, 2, 3, drive, request, status),
            EventType.BLOCK_COMPLETION, sequence, 1, 2, 3);
        assertThat(entry.drive()).isEqualTo(drive);
        assertThat(entry.request()).isEqualTo(request);
        assertThat(entry.status()).isEqualTo(status);
    }

    @Property(tries = TRIES)
    void consoleSizeBalloonTargetAndDateComeBack(
        @ForAll final long sequence,
        @ForAll @IntRange(max = 0xFFFE) final int columns,
        @ForAll @IntRange(max = 0xFFFE) final int rows,
        @ForAll @LongRange(max = 0xFFFF_FFFFL) final long pages,
        @ForAll final long epochNs)
    {
        wrap(encoder.consoleSize(1, 2, 3, columns, rows), EventType.CONSOLE_SIZE, sequence, 1, 2, 3);
        assertThat(entry.columns()).isEqualTo(columns);
        assertThat(entry.rows()).isEqualTo(rows);
        wrap(encoder.balloonTarget(1, 2, 3, pages), EventType.BALLOON_TARGET, sequence, 1, 2, 3);
        assertThat(entry.pages()).isEqualTo(pages);
        wrap(encoder.date(1, 2, 3, epochNs), EventType.DATE, sequence, 1, 2, 3);
        assertThat(entry.epochNs()).isEqualTo(epochNs);
    }

    @Example
    void aGuestWithoutDrivesHasTheFirstEntryThatItAlwaysHad()
    {
        final int length = encoder.genesis(SampleJournal.GENESIS).entry().length();
        // Header, fixed part, and four texts with their lengths.
        assertThat(length).isEqualTo(8 + EventType.GENESIS.blockLength() + 4 * 4 + "guest-a".length() +
            "/images/kernel".length() + "console=hvc0".length());
    }

    @Example
    void aFrameIsShownWithItsTypeAndAddresses()
    {
        final byte[] frame = new byte[60];
        frame[0] = 0x52;
        frame[6] = 0x54;
        frame[12] = 8;
        frame[13] = 6;
        encoder.networkFrame(2, 3, 4, new UnsafeBuffer(frame), 0, frame.length);

        assertThat(encoder.entry().toString()).contains("60 bytes ARP 54:00:00:00:00:00 -> 52:00:00:00:00:00");
    }

    @Property(tries = 1000)
    void bytesThatAreNoEntryNeverMakeFieldsReachOutside(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        final int length = encoder.genesis(switch (random.nextInt(3))
        {
            case 0 -> SampleJournal.GENESIS;
            case 1 -> SampleJournal.GENESIS_WITH_DRIVES;
            default -> SampleJournal.GENESIS_WITH_NETWORK;
        }).entry().length();
        final byte[] bytes = new byte[length];
        encoder.buffer().getBytes(0, bytes);
        for (int i = 0; i < 1 + random.nextInt(4); i++)
        {
            bytes[random.nextInt(length)] = (byte)random.nextInt();
        }
        // The buffer is bounded, so that a field outside the entry would throw.
        final UnsafeBuffer bounded = new UnsafeBuffer(bytes);
        if (entry.tryWrap(bounded, 0, length) == null)
        {
            assertThat(entry.toString()).isNotEmpty();
            assertThat(entry.length()).isEqualTo(length);
        }
    }

    @Example
    void anUnknownTypeVersionOrCodeIsNamed()
    {
        final int length = encoder.closed(2, 3, 4, Outcome.STOPPED, 5).entry().length();
        assertThat(entry.tryWrap(encoder.buffer(), 0, length)).isNull();
        encoder.buffer().putByte(length - 9, (byte)77);
        assertThat(entry.tryWrap(encoder.buffer(), 0, length)).contains("code 77");
        encoder.buffer().putByte(2, (byte)99);
        assertThatThrownBy(() -> entry.wrap(encoder.buffer(), 0, length))
            .isInstanceOf(JournalException.class).hasMessageContaining("type 99");
        encoder.buffer().putByte(6, (byte)4);
        assertThatThrownBy(() -> entry.wrap(encoder.buffer(), 0, length)).hasMessageContaining("version 4");
    }

    @Example
    void aGenesisThatDoesNotSayWhatAResetDoesIsNone()
    {
        final int length = encoder.genesis(SampleJournal.GENESIS).entry().length();
        encoder.buffer().putByte(8 + EventType.GENESIS.blockLength() - 1, (byte)2);
        assertThat(entry.tryWrap(encoder.buffer(), 0, length)).contains("whether a reset starts the guest again");
    }

    @Provide
    Arbitrary<String> texts()
    {
        // No lone surrogates: UTF-8 has none.
        return Arbitraries.strings().withCharRange((char)0, (char)0xD7FF).ofMaxLength(40);
    }

    private void wrap(
        final EntryEncoder event,
        final EventType type,
        final long sequence,
        final long position,
        final long timeNs,
        final long outputs)
    {
        event.sequence(sequence);
        final int length = event.entry().length();
        entry.wrap(event.buffer(), 0, length);
        assertThat(entry.type()).isEqualTo(type);
        assertThat(entry.sequence()).isEqualTo(sequence);
        assertThat(entry.position()).isEqualTo(position);
        assertThat(entry.timeNs()).isEqualTo(timeNs);
        assertThat(entry.outputs()).isEqualTo(outputs);
        assertThat(entry.length()).isEqualTo(length);
        assertThat(entry.toString()).contains(type.name());
    }
}
