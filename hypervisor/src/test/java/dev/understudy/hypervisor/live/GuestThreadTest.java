package dev.understudy.hypervisor.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.virtio.VsockHeader;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.ConfiguredGuest;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.node.Doorbell;
import dev.understudy.node.HartAgent;
import dev.understudy.node.Harts;
import dev.understudy.node.Inbox;
import dev.understudy.node.StandaloneAgent;
import dev.understudy.node.World;
import dev.understudy.replay.EventLog;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.SystemNanoClock;
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

    private static final String LONG_LINE = "x".repeat(199) + "\n";

    /** So many at once keep the guest busy for some sixteen slices. */
    private static final int LONG_INPUT_LINES = 20;
    private static final int LONG_INPUTS = 20;

    /** Of a long input: when it comes the guest still sleeps until its timer. */
    private static final int IDLE_STEPS = 4;

    /** Twice as many as are looked at together, and more. */
    private static final int LINES = 640;
    private static final int LINES_AT_ONCE = 32;

    private final Seen seen = new Seen();
    private final HartThreads threads = new HartThreads(() -> {});
    private StandaloneAgent agent;
    private Inbox inbox;
    private HartAgent hart;

    @Test
    void consoleInputThatTheGuestDoesNotReadHoldsNothingElseUp() throws Exception
    {
        start(KV, false);
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
            agent.doWork();
            Thread.sleep(1);
        }
        stop();
    }

    @Test
    void longInputEntersAsTheGuestMakesRoomForIt() throws Exception
    {
        start(ECHO, false);
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
        stop();
    }

    @Test
    void aThreadThatSharesTheGuestRunsItAndLeavesItToItsOwnThread() throws Exception
    {
        final Harts.Running guest = start(KV, true);
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
                agent.doWork();
            }
        }
        assertThat(sharedWork).isPositive();
        stop();
    }

    @Test
    void aGuestThatIsBusyForLongGoesBackToItsOwnThread() throws Exception
    {
        final Harts.Running guest = start(ECHO, true);
        awaitConsole("quit ends\n");
        seen.console.setLength(0);
        int mostSteps = 0;
        for (int i = 0; i < LONG_INPUTS; i++)
        {
            type(LONG_LINE.repeat(LONG_INPUT_LINES));
            final int steps = runHere(guest, LONG_LINE, LONG_INPUT_LINES);
            assertThat(steps).isLessThanOrEqualTo(GuestThread.MAX_SHARED_STEPS + 1 + IDLE_STEPS);
            mostSteps = Math.max(mostSteps, steps);
        }
        // Fewer where the guest's own thread was awake and took the input.
        assertThat(mostSteps).isGreaterThan(GuestThread.MAX_SHARED_STEPS);
        stop();
    }

    @Test
    void aGuestOfLongAnswersIsNotSharedUntilTheyAreShortAgain() throws Exception
    {
        final Harts.Running guest = start(ECHO, true);
        awaitConsole("quit ends\n");
        seen.console.setLength(0);
        answerLines(guest, LONG_LINE);
        assertThat(hart.answersShortly()).as("after long answers").isFalse();
        type(LONG_LINE);
        assertThat(runHere(guest, LONG_LINE, 1)).isZero();
        answerLines(guest, "\n");
        assertThat(hart.answersShortly()).as("after short answers").isTrue();
        stop();
    }

    private void answerLines(final Harts.Running guest, final String line)
    {
        for (int i = 0; i < LINES; i += LINES_AT_ONCE)
        {
            for (int k = 0; k < LINES_AT_ONCE; k++)
            {
                type(line);
            }
            runHere(guest, line, LINES_AT_ONCE);
        }
    }

    /** Shares the guest until it has answered so many lines; returns how often there was something to do here. */
    private int runHere(final Harts.Running guest, final String line, final int lines)
    {
        int steps = 0;
        while (seen.console.length() < lines * ("echo: " + line).length())
        {
            steps += guest.runHere(System.nanoTime()) > 0 ? 1 : 0;
            agent.doWork();
        }
        seen.console.setLength(0);
        return steps;
    }

    private void type(final String text)
    {
        final byte[] input = text.getBytes(StandardCharsets.US_ASCII);
        assertThat(inbox.offerConsole(input, 0, input.length)).isTrue();
    }

    private Harts.Running start(final Path kernel, final boolean isShared)
    {
        final Harts.Running[] running = new Harts.Running[1];
        agent = new StandaloneAgent(
            SystemNanoClock.INSTANCE,
            new SecureRandom(),
            new ConfiguredGuest("test", GuestImage.read(kernel, null, null, MEMORY_BYTES, List.of(), null),
                (i, drive) -> RawImage.readOnly(drive.path()), EngineKind.MIXED, machine -> {}),
            seen,
            new Harts()
            {
                @Override
                public Doorbell bell()
                {
                    return threads.bell();
                }

                @Override
                public void makeWay()
                {
                    threads.makeWay();
                }

                @Override
                public Running start(final HartAgent started, final boolean ignored)
                {
                    hart = started;
                    running[0] = threads.start(started, isShared);
                    return running[0];
                }
            },
            () -> {},
            DIGEST_INTERVAL_NS);
        inbox = agent.inbox();
        agent.start(EventLog.none(), recorder -> {});
        return running[0];
    }

    private void awaitConsole(final String text) throws InterruptedException
    {
        while (!seen.console.toString().contains(text))
        {
            agent.doWork();
            Thread.sleep(1);
        }
    }

    private void stop()
    {
        agent.onClose();
        assertThat(threads.join(JOIN_TIMEOUT_MS)).isTrue();
        assertThat(agent.failure()).isNull();
        agent.release();
    }

    /** What the guest did. */
    private static final class Seen implements World
    {
        private final StringBuilder console = new StringBuilder();
        private int packets;

        @Override
        public void connect(final long generation, final long nowNs, final Inbox inbox)
        {
        }

        @Override
        public int doWork(final long nowNs, final boolean isLive, final boolean mayLeave)
        {
            return 0;
        }

        @Override
        public boolean hasRoom()
        {
            return true;
        }

        @Override
        public void sendConsole(final DirectBuffer buffer, final int offset, final int length)
        {
            console.append(buffer.getStringWithoutLengthAscii(offset, length));
        }

        @Override
        public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
        {
            packets++;
        }

        @Override
        public void sendFrame(final DirectBuffer buffer, final int offset, final int length)
        {
        }

        @Override
        public int connections()
        {
            return 0;
        }

        @Override
        public long lostFrames()
        {
            return 0;
        }

        @Override
        public long lostConsoleBytes()
        {
            return 0;
        }

        @Override
        public void close()
        {
        }
    }
}
