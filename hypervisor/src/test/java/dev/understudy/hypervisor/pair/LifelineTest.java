package dev.understudy.hypervisor.pair;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.StatusServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class LifelineTest
{
    private static final long FIRST = 0xfedcba9876543210L;
    private static final long SECOND = 2;

    private final List<Long> ended = new ArrayList<>();
    private Selector selector;
    private Lifeline lifeline;

    @BeforeEach
    void open() throws IOException
    {
        selector = Selector.open();
        lifeline = new Lifeline(selector, ended::add);
    }

    @AfterEach
    void close() throws IOException
    {
        lifeline.close();
        selector.close();
    }

    @Test
    void processWhosePortIsGoneHasEnded() throws IOException
    {
        final StatusServer server = server(0, FIRST);
        lifeline.to(address(server.port()), System.nanoTime());
        turnUntil(lifeline::isUp);

        server.close();
        turnUntil(() -> !ended.isEmpty());
        assertThat(ended).containsExactly(FIRST);
    }

    @Test
    void processThatAnotherOneReplacedHasEnded() throws IOException
    {
        final StatusServer server = server(0, FIRST);
        lifeline.to(address(server.port()), System.nanoTime());
        turnUntil(lifeline::isUp);

        final int port = server.port();
        server.close();
        try (StatusServer next = server(port, SECOND))
        {
            turnUntil(() -> !ended.isEmpty() && lifeline.isUp());
            assertThat(ended).containsExactly(FIRST);
        }
    }

    @Test
    void lineThatBrokeIsDrawnAnewAndMeansNothing() throws Exception
    {
        try (ServerSocket listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress()))
        {
            final CountDownLatch drawnAnew = new CountDownLatch(2);
            final Thread peer = Thread.ofVirtual().start(() ->
            {
                while (drawnAnew.getCount() > 0)
                {
                    answerOnce(listener, drawnAnew);
                }
            });
            lifeline.to(address(listener.getLocalPort()), System.nanoTime());
            turnUntil(() -> drawnAnew.getCount() == 0);
            peer.join();
            assertThat(ended).isEmpty();
        }
    }

    @Test
    void portThatNobodyListensAtMeansNothingBeforeAProcessAnswered() throws IOException
    {
        final StatusServer server = server(0, FIRST);
        final int port = server.port();
        server.close();
        lifeline.to(address(port), System.nanoTime());
        final long endNs = System.nanoTime() + 2 * Lifeline.RETRY_NS;
        turnUntil(() -> System.nanoTime() - endNs > 0);
        assertThat(ended).isEmpty();
    }

    /** Says which process it is, and breaks the connection. */
    private static void answerOnce(final ServerSocket listener, final CountDownLatch answered)
    {
        try (Socket socket = listener.accept())
        {
            socket.getInputStream().read();
            socket.getOutputStream().write(
                String.format(Locale.ROOT, "HTTP/1.1 200 OK\r\nContent-length: 17\r\n\r\n%016x\n", FIRST)
                    .getBytes(StandardCharsets.ISO_8859_1));
            answered.countDown();
            socket.setSoLinger(true, 0);
        }
        catch (final IOException e)
        {
            throw new AssertionError(e);
        }
    }

    private void turnUntil(final BooleanSupplier isDone) throws IOException
    {
        while (!isDone.getAsBoolean())
        {
            selector.select(1);
            lifeline.poll(System.nanoTime());
        }
    }

    private static StatusServer server(final int port, final long incarnation) throws IOException
    {
        return new StatusServer(address(port), NodeStatus::unreachable, () -> "", incarnation);
    }

    private static InetSocketAddress address(final int port)
    {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
