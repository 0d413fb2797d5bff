package dev.understudy.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a backup sends once more when it takes over. */
class KeptFramesTest
{
    private final KeptFrames kept = new KeptFrames();

    @Test
    void theLastFramesComeInOrderAndOnce()
    {
        for (int i = 0; i < KeptFrames.MAX_FRAMES + 10; i++)
        {
            kept.add(i, new byte[]{9, (byte)i, (byte)(i >> 8)}, 1, 2);
        }

        final List<Integer> drained = drain(1_000);

        assertThat(drained).hasSize(KeptFrames.MAX_FRAMES).isSorted();
        assertThat(drained.getFirst()).isEqualTo(10);
        assertThat(drain(1_000)).isEmpty();
    }

    @Test
    void whatIsOldWasSentLongAgo()
    {
        kept.add(0, new byte[]{1, 0}, 0, 2);
        kept.add(KeptFrames.MAX_AGE_NS, new byte[]{2, 0}, 0, 2);

        assertThat(drain(KeptFrames.MAX_AGE_NS + 1)).containsExactly(2);
    }

    private List<Integer> drain(final long nowNs)
    {
        final List<Integer> drained = new ArrayList<>();
        kept.drain(nowNs, (frame, length) -> drained.add(frame[0] & 0xFF | (frame[1] & 0xFF) << 8));
        return drained;
    }
}
