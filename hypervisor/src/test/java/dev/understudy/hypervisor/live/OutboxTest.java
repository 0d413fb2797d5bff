package dev.understudy.hypervisor.live;

import static org.assertj.core.api.Assertions.assertThat;

import org.agrona.DirectBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OutboxTest
{
    /** The box has room for some 180 of these outputs and does not end at the end of one. */
    private static final int OUTPUTS = 1_000;
    private static final int OUTPUT_BYTES = 45_000;

    private final Outbox outbox = new Outbox(() ->
    {
    });
    private final CountingReleases releases = new CountingReleases();
    private final byte[] output = new byte[OUTPUT_BYTES];

    @BeforeEach
    void goLive()
    {
        outbox.goLive(() -> 0);
    }

    @Test
    void aReleaseTakesWhatWaitsWhereverItLies()
    {
        for (int i = 0; i < OUTPUTS; i++)
        {
            output[0] = (byte)i;
            outbox.sendVsock(output, 0, output.length);
            assertThat(outbox.release(releases)).as("output %d", i).isEqualTo(1);
        }
        assertThat(releases.packets).isEqualTo(OUTPUTS);
        assertThat(outbox.isEmpty()).isTrue();
    }

    @Test
    void whatFindsTheBoxFullIsKeptInOrderUntilThereIsRoom()
    {
        for (int i = 0; i < OUTPUTS; i++)
        {
            output[0] = (byte)i;
            outbox.sendVsock(output, 0, output.length);
        }
        assertThat(outbox.hasRoom()).isFalse();
        while (!outbox.hasRoom())
        {
            assertThat(outbox.release(releases)).isPositive();
        }
        outbox.release(releases);
        assertThat(releases.packets).isEqualTo(OUTPUTS);
        assertThat(releases.isInOrder).isTrue();
        assertThat(outbox.isEmpty()).isTrue();
    }

    private static final class CountingReleases implements Outbox.Releases
    {
        private int packets;
        private boolean isInOrder = true;

        @Override
        public boolean mayLeave(final long dependency)
        {
            return true;
        }

        @Override
        public void sendConsole(final DirectBuffer buffer, final int offset, final int length)
        {
        }

        @Override
        public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
        {
            isInOrder &= buffer.getByte(offset) == (byte)packets;
            packets++;
        }

        @Override
        public void sendFrame(final DirectBuffer buffer, final int offset, final int length)
        {
        }
    }
}
