package dev.understudy.hypervisor.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.configuration.MacAddress;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.agrona.DirectBuffer;
import org.junit.jupiter.api.Test;

/** What a host says of a guest that has come to it. */
class SelfAnnouncementTest
{
    private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:56");

    @Test
    void theFrameIsAReverseArpRequestOfTheGuestToAll()
    {
        assertThat(HexFormat.of().formatHex(SelfAnnouncement.frame(MAC))).isEqualTo(
            "ffffffffffff" + "525400123456" + "8035" + "0001" + "0800" + "06" + "04" + "0003" +
            "525400123456" + "00000000" + "525400123456" + "00000000" + "00".repeat(18));
    }

    @Test
    void itIsSaidFiveTimesAsQemuDoes()
    {
        final List<Long> sentAtMs = new ArrayList<>();
        final long[] nowMs = new long[1];
        final SelfAnnouncement announcement = new SelfAnnouncement(MAC, new Recording(() -> sentAtMs.add(nowMs[0])), 0);
        for (; nowMs[0] < 3_000; nowMs[0] += 10)
        {
            announcement.poll(nowMs[0] * 1_000_000);
        }

        assertThat(sentAtMs).containsExactly(0L, 50L, 200L, 450L, 800L);
        assertThat(announcement.isDone()).isTrue();
    }

    private record Recording(Runnable onSend) implements Netdev
    {
        @Override
        public void start(final Selector selector, final FrameReceiver guest)
        {
        }

        @Override
        public void send(final DirectBuffer frame, final int offset, final int length)
        {
            assertThat(length).isEqualTo(SelfAnnouncement.FRAME_BYTES);
            onSend.run();
        }

        @Override
        public int doWork(final long nowNs)
        {
            return 0;
        }

        @Override
        public long lostFrames()
        {
            return 0;
        }

        @Override
        public void close()
        {
        }
    }
}
