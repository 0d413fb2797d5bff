package dev.understudy.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The link to a peer that is a process of its own and is killed. */
@Timeout(120)
class PeerProcessTest
{
    private static final int LIVES = 3;
    private static final int ENTRIES = 1_000;
    private static final long WAIT_NS = TimeUnit.SECONDS.toNanos(30);

    @Test
    void linkComesUpAgainEachTimeThePeerIsKilledAndStartedAnew() throws Exception
    {
        final int[] ports = LinkEnd.freePorts(2);
        Process peer = null;
        try (LinkEnd end = new LinkEnd("survivor", ports[0], ports[1], 1))
        {
            long value = 0;
            for (int life = 0; life < LIVES; life++)
            {
                final long incarnation = 100 + life;
                peer = LinkMeasurement.start(ports[1], ports[0], incarnation);
                await(end, () -> end.joined == incarnation);
                for (int i = 0; i < ENTRIES; i++)
                {
                    final long next = ++value;
                    await(end, () -> end.offer(incarnation, next));
                }
                final long last = value;
                await(end, () -> end.acknowledged == last);
                end.speakers.clear();
                await(end, () -> end.speakers.size() > 3);
                assertThat(end.speakers).containsOnly(incarnation);
                // SIGKILL: it says no goodbye, and its sockets are gone at once.
                peer.destroyForcibly();
                assertThat(peer.waitFor(10, TimeUnit.SECONDS)).isTrue();
                LinkEnd.deleteDirectoryOf("echo", peer);
            }
            assertThat(end.errors).isEmpty();
            assertThat(end.unknown).isEmpty();
            assertThat(end.goodbyes).isEmpty();
        }
        finally
        {
            if (peer != null)
            {
                peer.destroyForcibly();
            }
        }
    }

    private static void await(final LinkEnd end, final BooleanSupplier condition) throws Exception
    {
        final long untilNs = System.nanoTime() + WAIT_NS;
        long nextHeartbeatNs = System.nanoTime();
        while (!condition.getAsBoolean())
        {
            final long nowNs = System.nanoTime();
            assertThat(nowNs).as("did not happen in time").isLessThan(untilNs);
            if (nowNs - nextHeartbeatNs >= 0)
            {
                nextHeartbeatNs = nowNs + TimeUnit.MILLISECONDS.toNanos(LinkEnd.IDLE_SLEEP_MS);
                end.sayHeartbeat();
            }
            end.turn();
        }
    }
}
