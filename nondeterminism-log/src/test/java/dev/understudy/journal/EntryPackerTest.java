package dev.understudy.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** What is packed is unpacked as it was, and whatever else is unpacked is refused or harmless. */
class EntryPackerTest
{
    private static final int ENTRIES = 60;
    private static final int LONGEST = 3000;

    private final EntryEncoder encoder = new EntryEncoder();
    private final EntryPacker packer = new EntryPacker();
    private final EntryUnpacker unpacker = new EntryUnpacker();

    @Property(tries = 200)
    void entriesComeBackAsTheyWere(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < ENTRIES; i++)
        {
            if (random.nextInt(20) == 0)
            {
                packer.restart();
            }
            encode(random, i);
            final int length = encoder.entry().length();
            final int packed = packer.pack(encoder.entry().type(), encoder.buffer(), length);
            assertThat(packed).isBetween(PackedEntry.MIN_BYTES, PackedEntry.maxBytes(length));
            assertThat(unpack(packed)).isNull();
            // What was unpacked and not accepted leaves nothing behind.
            assertThat(unpack(packed)).isNull();
            assertThat(unpacker.measure(PackedEntry.MAX_BYTES)).isEqualTo(packed);
            assertThat(unpack(packed)).isNull();
            unpacker.accept();
            assertThat(Arrays.copyOf(unpacker.entry().byteArray(), unpacker.entryLength()))
                .isEqualTo(Arrays.copyOf(encoder.buffer().byteArray(), length));
        }
    }

    @Property(tries = 1000)
    void changedBytesAreRefusedOrUnpackedToAnEntryOfSomeLength(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        for (int i = 0; i < 3; i++)
        {
            encode(random, i);
            final int length = encoder.entry().length();
            final int packed = packer.pack(encoder.entry().type(), encoder.buffer(), length);
            final UnsafeBuffer bytes = packer.buffer();
            final int saved = random.nextInt(packed);
            final byte old = bytes.getByte(saved);
            bytes.putByte(saved, (byte)random.nextInt());
            if (unpack(random.nextInt(4) == 0 ? random.nextInt(packed + 1) : packed) == null)
            {
                assertThat(unpacker.entryLength()).isBetween(56, EntryEncoder.MAX_BYTES);
            }
            bytes.putByte(saved, old);
            assertThat(unpack(packed)).isNull();
            unpacker.accept();
        }
    }

    @Test
    void aFrameLikeTheOneBeforeTakesAThirdOfItsLength()
    {
        final UnsafeBuffer frame = new UnsafeBuffer(SampleJournal.sequence(111, 1));
        pack(1, encoder.networkFrame(1000, 1000, 1, frame, 0, 111));
        // Identification, checksum, ports, numbers, times, a key.
        for (final int changed : new int[] {18, 24, 34, 38, 42, 50, 58, 62, 90})
        {
            frame.putInt(changed, -1);
        }
        final int packed = pack(2, encoder.networkFrame(21_000, 220_000, 2, frame, 0, 111));
        assertThat(encoder.entry().length()).isEqualTo(171);
        assertThat(packed).isLessThan(111);
    }

    @Test
    void anEntryThatDependsOnOthersIsRefusedWithoutThem()
    {
        pack(1, encoder.digest(1, 1, 1, 1));
        final int packed = pack(2, encoder.digest(2, 2, 2, 2));
        assertThat(unpack(packed)).contains("depends on entries");
    }

    private int pack(final long sequence, final EntryEncoder event)
    {
        event.sequence(sequence);
        return packer.pack(event.entry().type(), event.buffer(), event.entry().length());
    }

    private String unpack(final int length)
    {
        unpacker.packed().putBytes(0, packer.buffer(), 0, PackedEntry.MAX_BYTES);
        return unpacker.unpack(length);
    }

    private static <T> T any(final Random random, final T[] values)
    {
        return values[random.nextInt(values.length)];
    }

    private void encode(final Random random, final int sequence)
    {
        final long position = random.nextBoolean() ? sequence * 1000L : random.nextLong();
        final long timeNs = random.nextBoolean() ? sequence * 200_000L : random.nextLong();
        final long outputs = random.nextInt(3);
        final byte[] payload = new byte[random.nextInt(4) == 0 ? random.nextInt(LONGEST) : random.nextInt(130)];
        if (random.nextBoolean())
        {
            random.nextBytes(payload);
        }
        final UnsafeBuffer data = new UnsafeBuffer(payload);
        final EventType[] types = EventType.values();
        final EntryEncoder event = switch (types[random.nextInt(types.length)])
        {
            case GENESIS -> encoder.genesis(
                random.nextBoolean() ? SampleJournal.GENESIS_WITH_DRIVES : SampleJournal.GENESIS_WITH_NETWORK);
            case CLOCK_SAMPLE ->
                encoder.clockSample(position, timeNs, outputs, random.nextInt(), random.nextInt());
            case CONSOLE_INPUT -> encoder.consoleInput(position, timeNs, outputs, data, 0, payload.length);
            case ENTROPY -> encoder.entropy(position, timeNs, outputs, data, 0, payload.length);
            case VSOCK_PACKET -> encoder.vsockPacket(position, timeNs, outputs, data, 0, payload.length);
            case NETWORK_FRAME -> encoder.networkFrame(position, timeNs, outputs, data, 0, payload.length);
            case DIGEST -> encoder.digest(position, timeNs, outputs, random.nextLong());
            case GENERATION -> encoder.generation(
                position, timeNs, outputs, random.nextLong(), any(random, GenerationCause.values()), "node");
            case BACKUP_JOINED ->
                encoder.backupJoined(position, timeNs, outputs, random.nextLong(), "another node");
            case CLOSED -> encoder.closed(
                position, timeNs, outputs, any(random, Outcome.values()), random.nextLong());
            case BLOCK_COMPLETION -> encoder.blockCompletion(
                position, timeNs, outputs, random.nextInt(256), random.nextLong(),
                any(random, BlockOutcome.values()));
            case CONSOLE_SIZE ->
                encoder.consoleSize(position, timeNs, outputs, random.nextInt(1 << 16), random.nextInt(1 << 16));
            case BALLOON_TARGET ->
                encoder.balloonTarget(position, timeNs, outputs, random.nextInt() & 0xFFFF_FFFFL);
            case DATE -> encoder.date(position, timeNs, outputs, random.nextLong());
        };
        event.sequence(sequence);
    }
}
