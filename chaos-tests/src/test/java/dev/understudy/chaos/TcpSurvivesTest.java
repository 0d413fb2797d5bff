package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One TCP connection to a Linux guest outlives every host that the guest runs on. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class TcpSurvivesTest
{
    private static final int FAILOVERS = 10;
    private static final int REPLIES_BETWEEN = 40;

    /** Between two requests, so that a fresh backup has little to replay. */
    private static final long PAUSE_MS = 5;
    private static final int CONNECT_TIMEOUT_MS = 500;

    /** A reply that takes longer than this is taken for lost. */
    private static final int REPLY_TIMEOUT_MS = 20_000;

    @TempDir
    private Path root;

    @BeforeEach
    void needGuest()
    {
        LinuxGuest.need();
    }

    @Test
    void aConnectionGoesOnWithoutAResetOrALostReplyThroughManyFailovers() throws Exception
    {
        try (TestNetwork network = new TestNetwork(); NetworkedPair pair = new NetworkedPair(root, network))
        {
            pair.start("a");
            pair.await("a is primary", status -> "a".equals(status.primary()));
            pair.start("b");
            try (Counter counter = new Counter(network, pair))
            {
                counter.awaitReplies(REPLIES_BETWEEN);
                String primary = "a";
                final List<Long> gapsMs = new ArrayList<>();
                for (int i = 0; i < FAILOVERS; i++)
                {
                    pair.awaitProtected();
                    counter.awaitReplies(REPLIES_BETWEEN);
                    counter.resetLongestGap();
                    pair.kill(primary);
                    final String survivor = TestPair.peerOf(primary);
                    counter.awaitReplies(REPLIES_BETWEEN);
                    gapsMs.add(counter.longestGapMs());
                    assertThat(network.isAt(NetworkedPair.MAC, survivor)).as("the switch knows where the guest is")
                        .isTrue();
                    pair.start(primary);
                    primary = survivor;
                }
                System.out.println("one TCP connection, " + counter.replies + " replies in order, longest time to a reply " +
                    "at each failover in ms: " + gapsMs);
            }
        }
    }

    @Test
    void aConnectionGoesOnThroughASwitchoverAndTheLossOfTheBackup() throws Exception
    {
        try (TestNetwork network = new TestNetwork(); NetworkedPair pair = new NetworkedPair(root, network))
        {
            pair.start("a");
            pair.await("a is primary", status -> "a".equals(status.primary()));
            pair.start("b");
            try (Counter counter = new Counter(network, pair))
            {
                counter.awaitReplies(REPLIES_BETWEEN);
                pair.awaitProtected();
                counter.resetLongestGap();
                pair.terminate("a");
                pair.await("b is primary", status -> "b".equals(status.primary()));
                counter.awaitReplies(REPLIES_BETWEEN);
                final long switchoverMs = counter.longestGapMs();

                pair.start("a");
                pair.awaitProtected();
                counter.resetLongestGap();
                pair.kill("a");
                pair.await("b goes on alone", status -> status.nodes().get("b").solo());
                counter.awaitReplies(REPLIES_BETWEEN);
                System.out.println("longest time to a reply at a switchover " + switchoverMs +
                    " ms, at the loss of the backup " + counter.longestGapMs() + " ms");
            }
        }
    }

    /** Counts in the guest, on one connection, until it is closed or something is wrong. */
    private static final class Counter implements AutoCloseable
    {
        private final NetworkedPair pair;
        private final Thread thread;
        private volatile Socket socket;
        private volatile long replies;
        private volatile long longestGapNs;
        private volatile boolean stopping;
        private volatile Throwable problem;

        Counter(final TestNetwork network, final NetworkedPair pair)
        {
            this.pair = pair;
            thread = Thread.ofPlatform().daemon().name("counter").start(() ->
            {
                try
                {
                    network.host("c").enter();
                    connect();
                    count();
                }
                catch (final Throwable e)
                {
                    problem = stopping ? null : e;
                }
            });
        }

        private void connect() throws InterruptedException
        {
            final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
            while (socket == null)
            {
                final Socket attempt = new Socket();
                try
                {
                    attempt.setTcpNoDelay(true);
                    attempt.setSoTimeout(REPLY_TIMEOUT_MS);
                    attempt.connect(new InetSocketAddress(TestNetwork.GUEST, LinuxGuest.PORT), CONNECT_TIMEOUT_MS);
                    socket = attempt;
                }
                catch (final IOException e)
                {
                    assertThat(System.nanoTime() - endNs).as("the guest can be reached: %s", e).isNegative();
                    Thread.sleep(PAUSE_MS);
                }
            }
        }

        private void count() throws IOException, InterruptedException
        {
            final BufferedReader in =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            final byte[] request = "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n".getBytes(StandardCharsets.US_ASCII);
            while (!stopping)
            {
                final long startNs = System.nanoTime();
                socket.getOutputStream().write(request);
                assertThat(in.readLine()).isEqualTo(":" + (replies + 1));
                longestGapNs = Math.max(longestGapNs, System.nanoTime() - startNs);
                replies = replies + 1;
                Thread.sleep(PAUSE_MS);
            }
        }

        void awaitReplies(final long count) throws InterruptedException
        {
            final long wanted = replies + count;
            final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
            while (replies < wanted)
            {
                assertThat(problem).as(pair::logs).isNull();
                assertThat(System.nanoTime() - endNs).as("replies come, %d so far%n%s", replies, pair.logs())
                    .isNegative();
                Thread.sleep(PAUSE_MS);
            }
        }

        void resetLongestGap()
        {
            longestGapNs = 0;
        }

        long longestGapMs()
        {
            return longestGapNs / 1_000_000;
        }

        @Override
        public void close() throws IOException, InterruptedException
        {
            stopping = true;
            if (socket != null)
            {
                socket.close();
            }
            thread.join(TestPair.TIMEOUT.toMillis());
        }
    }
}
