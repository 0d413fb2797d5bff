package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.PairStatus;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class LagBoundTest
{
    /** Silence that no pause here lasts for, so that nobody takes over or goes on alone. */
    private static final int TIMEOUT_MS = 4_000;
    private static final int PAUSES = 3;
    private static final int LOOK_MS = 50;

    @TempDir
    private Path root;

    @Test
    void guestIsStoppedWhileItsBackupIsBehindAndGoesOnWithIt() throws Exception
    {
        try (TestPair pair = new TestPair(root).withTimeoutMs(TIMEOUT_MS)
            .withGuest(TestPair.KV, "lag: { softMs: 20, hardMs: 100 }").startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();
            final long digests = pair.status(backup).digestsCompared();
            final long sent;
            try (Flood flood = new Flood(pair.service(primary)))
            {
                for (int i = 0; i < PAUSES; i++)
                {
                    pair.signal(backup, "STOP");
                    final NodeStatus held = awaitHeld(pair, primary);
                    pair.signal(backup, "CONT");

                    pair.await("the guest goes on", it -> primary.equals(it.primary()) &&
                        it.nodes().get(primary).position() > held.position());
                    pair.awaitReplies(50);
                }
                sent = flood.stop();
                for (long n = 1; n <= sent; n++)
                {
                    assertThat(flood.reply()).isEqualTo(":" + n);
                }
            }
            pair.awaitProtected();
            pair.await("digests are equal", it -> it.nodes().get(backup).digestsCompared() > digests);

            // The backup has all of it: what was acknowledged is there after a switchover.
            pair.signal(primary, "TERM");
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            pair.awaitReplies(50);
            try (RespConnection connection = pair.connect())
            {
                assertThat(connection.request("GET", "flood")).isEqualTo(Long.toString(sent));
            }
            pair.assertNothingLost();
            pair.replayJournals();
        }
    }

    /** Waits until a guest has executed nothing between two looks, though more came for it. */
    private static NodeStatus awaitHeld(final TestPair pair, final String node) throws Exception
    {
        final InetSocketAddress address = new InetSocketAddress("127.0.0.1", pair.ports().get(node));
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        NodeStatus before;
        NodeStatus now = PairStatus.fetch(address, Duration.ofSeconds(1));
        do
        {
            assertThat(System.nanoTime() - endNs).as("the guest is stopped: %s%n%s", now, pair.logs()).isNegative();
            Thread.sleep(LOOK_MS);
            before = now;
            now = PairStatus.fetch(address, Duration.ofSeconds(1));
        }
        while (now.position() != before.position() || now.journalSequence() <= before.journalSequence());
        return now;
    }

    /** A client that waits for no reply, so that events come for the guest while outputs are held. */
    private static final class Flood implements AutoCloseable
    {
        private final Socket socket;
        private final BufferedReader replies;
        private final Thread thread = new Thread(this::run, "flood");
        private volatile boolean stopping;
        private volatile long sent;

        private Flood(final InetSocketAddress service) throws IOException
        {
            socket = new Socket(service.getAddress(), service.getPort());
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int)TestPair.TIMEOUT.toMillis());
            replies = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            thread.start();
        }

        private void run()
        {
            try
            {
                while (!stopping)
                {
                    socket.getOutputStream().write("INCR flood\r\n".getBytes(StandardCharsets.US_ASCII));
                    sent = sent + 1;
                    Thread.sleep(1);
                }
            }
            catch (final IOException e)
            {
                // The replies that do not come tell of it.
                stopping = true;
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        }

        /** Ends the requests; returns how many there were. */
        private long stop() throws InterruptedException
        {
            stopping = true;
            thread.join();
            return sent;
        }

        private String reply() throws IOException
        {
            return replies.readLine();
        }

        @Override
        public void close() throws IOException, InterruptedException
        {
            stop();
            socket.close();
        }
    }
}
