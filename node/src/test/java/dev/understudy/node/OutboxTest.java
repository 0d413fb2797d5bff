package dev.understudy.node;

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
    private final CountingWorld world = new CountingWorld();
    private final OutputGate gate = new OutputGate(() -> 0, 0);
    private final byte[] output = new byte[OUTPUT_BYTES];

    @BeforeEach
    void goLive()
    {
        outbox.goLive(() -> 0);
        gate.open(true);
    }

    @Test
    void aReleaseTakesWhatWaitsWhereverItLies()
    {
        for (int i = 0; i < OUTPUTS; i++)
        {
            output[0] = (byte)i;
            outbox.sendVsock(output, 0, output.length);
            assertThat(outbox.release(world, gate)).as("output %d", i).isEqualTo(1);
        }
        assertThat(world.packets).isEqualTo(OUTPUTS);
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
            assertThat(outbox.release(world, gate)).isPositive();
        }
        outbox.release(world, gate);
        assertThat(world.packets).isEqualTo(OUTPUTS);
        assertThat(world.isInOrder).isTrue();
        assertThat(outbox.isEmpty()).isTrue();
    }

    private static final class CountingWorld extends SilentWorld
    {
        private int packets;
        private boolean isInOrder = true;

        @Override
        public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
        {
            isInOrder &= buffer.getByte(offset) == (byte)packets;
            packets++;
        }
    }
}
