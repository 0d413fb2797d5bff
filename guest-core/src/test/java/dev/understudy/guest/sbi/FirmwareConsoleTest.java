package dev.understudy.guest.sbi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.state.StateHash;
import org.junit.jupiter.api.Test;

class FirmwareConsoleTest
{
    private final FirmwareConsole console = new FirmwareConsole();

    @Test
    void readingCountsSinceTheOtherConsoleWasReady()
    {
        assertThat(console.isRead()).isFalse();
        console.poll();
        assertThat(console.isRead()).isTrue();
        console.onOtherConsole();
        assertThat(console.isRead()).isFalse();
        console.poll();
        assertThat(console.isRead()).isTrue();
    }

    @Test
    void whoGetsInputNextIsPartOfTheDigest()
    {
        final long before = digest();
        console.poll();
        assertThat(digest()).isNotEqualTo(before);
    }

    @Test
    void takesWhatThereIsRoomForAndGivesItInOrder()
    {
        final byte[] input = new byte[FirmwareConsole.CAPACITY_BYTES + 10];
        for (int i = 0; i < input.length; i++)
        {
            input[i] = (byte)i;
        }
        assertThat(console.offer(input, 0, input.length)).isEqualTo(FirmwareConsole.CAPACITY_BYTES);
        assertThat(console.room()).isZero();
        for (int i = 0; i < FirmwareConsole.CAPACITY_BYTES; i++)
        {
            assertThat(console.poll()).isEqualTo(i & 0xFF);
        }
        assertThat(console.poll()).isEqualTo(-1);
    }

    private long digest()
    {
        final StateHash hash = new StateHash();
        console.save(hash);
        return hash.value();
    }
}
