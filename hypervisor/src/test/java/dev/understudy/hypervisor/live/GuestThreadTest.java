package dev.understudy.hypervisor.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.Machine;
import dev.understudy.guest.MachineConfiguration;
import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.replay.EventLog;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.DirectBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A live guest between inbox and outbox, without host devices. */
@Timeout(60)
class GuestThreadTest
{
    private static final Path KV = Path.of("../guests/kv/kv.elf");
    private static final Path ECHO = Path.of("../guests/tests/console_echo.elf");
    private static final int MEMORY_BYTES = 16 << 20;
    private static final long DIGEST_INTERVAL_NS = 100_000_000;
    private static final long JOIN_TIMEOUT_MS = 10_000;
    private static final int REQUESTS = 2_000;

    private final Inbox inbox = new Inbox();
    private final Outbox outbox = new Outbox(() ->
    {
    });
    private final Seen seen = new Seen();

    @Test
    void consoleInputThatTheGuestDoesNotReadHoldsNothingElseUp() throws Exception
    {
        final GuestThread guest = start(KV);
        awaitConsole("ready");
        final byte[] line = "nobody reads this\n".getBytes(StandardCharsets.US_ASCII);
        int refused = 0;
        while (refused < 10)
        {
            if (!inbox.offerConsole(line, 0, line.length))
            {
                refused++;
                Thread.sleep(1);
            }
        }
        final byte[] request = HostPackets.header(VsockHeader.OP_REQUEST);
        assertThat(inbox.offerVsock(request, 0, request.length)).isTrue();
        while (seen.packets == 0)
        {
            outbox.release(seen);
            Thread.sleep(1);
        }
        stop(guest);
    }

    @Test
    void longInputEntersAsTheGuestMakesRoomForIt() throws Exception
    {
        final GuestThread guest = start(ECHO);
        awaitConsole("type lines");
        final StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 500; i++)
        {
            final byte[] line = ("line number " + i + "\n").getBytes(StandardCharsets.US_ASCII);
            expected.append("echo: line number ").append(i).append("\n");
            while (!inbox.offerConsole(line, 0, line.length))
            {
                Thread.sleep(1);
            }
        }
        awaitConsole("line number 499\n");
        assertThat(seen.console.toString()).endsWith(expected.toString());
        stop(guest);
    }

    @Test
    void aThreadThatSharesTheGuestRunsItAndLeavesItToItsOwnThread() throws Exception
    {
        final GuestThread guest = prepare(KV);
        guest.share();
        guest.startLive(EventLog.none());
        awaitConsole("ready");
        final byte[] request = HostPackets.header(VsockHeader.OP_REQUEST);
        int sharedWork = 0;
        for (int i = 1; i <= REQUESTS; i++)
        {
            assertThat(inbox.offerVsock(request, 0, request.length)).isTrue();
            final boolean isLeft = i % 40 == 0;
            if (isLeft)
            {
                guest.leave();
            }
            while (seen.packets < i)
            {
                sharedWork += isLeft ? 0 : guest.runHere(System.nanoTime());
                outbox.release(seen);
            }
        }
        assertThat(sharedWork).isPositive();
        stop(guest);
    }

    private GuestThread start(final Path kernel) throws Exception
    {
        final GuestThread guest = prepare(kernel);
        guest.startLive(EventLog.none());
        return guest;
    }

    private GuestThread prepare(final Path kernel) throws Exception
    {
        final Machine machine = new Machine(new MachineConfiguration(
            MEMORY_BYTES, MachineConfiguration.DEFAULT_VSOCK_CID, Files.readAllBytes(kernel), null, ""), outbox);
        return new GuestThread(machine, inbox, outbox, Drives.none(), () ->
        {
        }, () ->
        {
        }, DIGEST_INTERVAL_NS);
    }

    private void awaitConsole(final String text) throws InterruptedException
    {
        while (!seen.console.toString().contains(text))
        {
            outbox.release(seen);
            Thread.sleep(1);
        }
    }

    private static void stop(final GuestThread guest) throws InterruptedException
    {
        guest.stop(false);
        assertThat(guest.join(JOIN_TIMEOUT_MS)).isTrue();
        assertThat(guest.failure()).isNull();
    }

    /** What the guest did. */
    private static final class Seen implements Outbox.Releases
    {
        private final StringBuilder console = new StringBuilder();
        private int packets;

        @Override
        public boolean mayLeave(final long dependency)
        {
            return true;
        }

        @Override
        public void console(final DirectBuffer buffer, final int offset, final int length)
        {
            console.append(buffer.getStringWithoutLengthAscii(offset, length));
        }

        @Override
        public void vsock(final DirectBuffer buffer, final int offset, final int length)
        {
            packets++;
        }

        @Override
        public void network(final DirectBuffer buffer, final int offset, final int length)
        {
        }
    }
}
