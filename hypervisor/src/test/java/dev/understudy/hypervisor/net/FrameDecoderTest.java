package dev.understudy.hypervisor.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Frames in a byte stream. */
class FrameDecoderTest
{
    @Property(tries = 200)
    void framesComeOutAsTheyWentInHoweverTheStreamIsCut(@ForAll final long seed)
    {
        final Random random = new Random(seed);
        final List<byte[]> sent = new ArrayList<>();
        final ByteBuffer stream = ByteBuffer.allocate(200_000);
        for (int i = 0; i < 20; i++)
        {
            final byte[] frame = new byte[random.nextInt(2_000)];
            random.nextBytes(frame);
            stream.putInt(frame.length).put(frame);
            if (frame.length >= 14 && frame.length <= 1514)
            {
                sent.add(frame);
            }
        }
        stream.flip();
        final FrameDecoder decoder = new FrameDecoder();
        final List<byte[]> got = new ArrayList<>();
        while (stream.hasRemaining())
        {
            final int count = Math.min(stream.remaining(), 1 + random.nextInt(3_000));
            decoder.buffer().put(stream.slice(stream.position(), count));
            stream.position(stream.position() + count);
            assertThat(decoder.decode(
                (frame, offset, length) -> got.add(Arrays.copyOfRange(frame, offset, offset + length)), () -> {}))
                .isNotNegative();
            assertThat(decoder.buffer().hasRemaining()).isTrue();
        }
        assertThat(got).hasSize(sent.size());
        for (int i = 0; i < sent.size(); i++)
        {
            assertThat(got.get(i)).isEqualTo(sent.get(i));
        }
    }

    @Property(tries = 200)
    void anythingElseIsRefusedOrHarmless(@ForAll final long seed)
    {
        final FrameDecoder decoder = new FrameDecoder();
        final Random random = new Random(seed);
        final byte[] bytes = new byte[5_000];
        for (int i = 0; i < 100; i++)
        {
            random.nextBytes(bytes);
            final int count = Math.min(decoder.buffer().remaining(), bytes.length);
            assertThat(count).isPositive();
            decoder.buffer().put(bytes, 0, count);
            if (decoder.decode((frame, offset, length) -> true, () -> {}) < 0)
            {
                return;
            }
        }
    }

    @Example
    void aFrameThatIsNotTakenIsCounted()
    {
        final FrameDecoder decoder = new FrameDecoder();
        decoder.buffer().putInt(60).put(new byte[60]);
        final int[] lost = new int[1];

        decoder.decode((frame, offset, length) -> false, () -> lost[0]++);

        assertThat(lost[0]).isEqualTo(1);
    }

    @Example
    void aLengthThatNoFrameHasEndsTheStream()
    {
        final FrameDecoder decoder = new FrameDecoder();
        decoder.buffer().putInt(-1);
        assertThat(decoder.decode((frame, offset, length) -> true, () -> {})).isNegative();
        decoder.clear();
        decoder.buffer().putInt(FrameDecoder.MAX_FRAME_BYTES + 1);
        assertThat(decoder.decode((frame, offset, length) -> true, () -> {})).isNegative();
    }
}
