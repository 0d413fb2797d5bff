package dev.understudy.hypervisor.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.understudy.hypervisor.config.NetdevSpec;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two ends of a stream socket that carries frames. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class StreamNetdevTest
{
    private static final byte[] PING = "a frame that goes there".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    private Path directory;
    private Selector selector;
    private UnixDomainSocketAddress address;
    private final List<String> notices = new CopyOnWriteArrayList<>();
    private final List<byte[]> atServer = new CopyOnWriteArrayList<>();
    private final List<byte[]> atClient = new CopyOnWriteArrayList<>();
    private Netdev server;
    private Netdev client;

    @BeforeEach
    void open() throws IOException
    {
        selector = Selector.open();
        address = UnixDomainSocketAddress.of(directory.resolve("net.sock"));
    }

    @AfterEach
    void close() throws IOException
    {
        if (client != null)
        {
            client.close();
        }
        if (server != null)
        {
            server.close();
        }
        selector.close();
    }

    @Test
    void framesGoBothWaysAndAClientComesAgainAfterItsServerWasGone() throws IOException
    {
        startClient();
        runUntil(() -> notices.stream().anyMatch(it -> it.contains("cannot connect")));
        startServer();
        assertThatFramesPass();

        server.close();
        runUntil(() -> notices.stream().anyMatch(it -> it.contains("the connection ended")));
        startServer();
        assertThatFramesPass();
        assertThat(notices.stream().filter(it -> it.contains("cannot connect"))).hasSizeLessThanOrEqualTo(2);
    }

    /** As at QEMU's {@code -netdev stream,server=on}. */
    @Test
    void aSecondClientWaitsForTheFirstToGo() throws IOException
    {
        startServer();
        startClient();
        assertThatFramesPass();
        try (SocketChannel second = SocketChannel.open(address))
        {
            final byte[] hello = "a frame of the second".getBytes(StandardCharsets.US_ASCII);
            second.write(ByteBuffer.allocate(Integer.BYTES + hello.length).putInt(hello.length).put(hello).flip());
            final long waitedUntilNs = System.nanoTime() + 2 * StreamNetdev.RETRY_NS;
            runUntil(() -> System.nanoTime() - waitedUntilNs > 0);
            assertThatFramesPass();
            assertThat(atServer).containsOnly(PING);
            assertThat(notices.stream().filter(it -> it.contains("connected"))).hasSize(2);

            client.close();
            client = null;
            runUntil(() -> atServer.stream().anyMatch(it -> Arrays.equals(it, hello)));
            server.send(new UnsafeBuffer(PING), 0, PING.length);
            final ByteBuffer answer = ByteBuffer.allocate(Integer.BYTES + PING.length);
            while (answer.hasRemaining())
            {
                assertThat(second.read(answer)).isPositive();
            }
            assertThat(answer.getInt(0)).isEqualTo(PING.length);
            assertThat(Arrays.copyOfRange(answer.array(), Integer.BYTES, answer.capacity())).isEqualTo(PING);
        }
    }

    @Test
    void manyFramesArriveInOrderOrAreLostWhole() throws IOException
    {
        startServer();
        startClient();
        assertThatFramesPass();
        atServer.clear();
        final byte[] frame = new byte[1_514];
        for (int i = 0; i < 2_000; i++)
        {
            new UnsafeBuffer(frame).putInt(0, i);
            client.send(new UnsafeBuffer(frame), 0, frame.length);
        }
        runUntil(() -> atServer.size() > 500);

        int last = -1;
        for (final byte[] got : atServer)
        {
            if (got.length == PING.length)
            {
                continue;
            }
            assertThat(got).hasSize(frame.length);
            final int number = new UnsafeBuffer(got).getInt(0);
            assertThat(number).isGreaterThan(last);
            last = number;
        }
    }

    @Test
    void aPeerThatTalksSomethingElseIsDisconnected() throws IOException
    {
        startServer();
        try (SocketChannel stranger = SocketChannel.open(address))
        {
            stranger.write(ByteBuffer.wrap("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII)));
            runUntil(() -> notices.stream().anyMatch(it -> it.contains("no frames after their lengths")));
        }
        startClient();
        assertThatFramesPass();
    }

    @Test
    void anAddressThatCannotBeListenedOnIsNamed()
    {
        final UnixDomainSocketAddress nowhere = UnixDomainSocketAddress.of(directory.resolve("none/net.sock"));

        assertThatThrownBy(() -> Netdev.open(new NetdevSpec.Stream(nowhere, true), notices::add))
            .isInstanceOf(NetdevException.class).hasMessageContaining("none/net.sock");
    }

    @Test
    void aSocketOfAProcessThatDiedIsReplacedAndWhatIsSomebodysIsNot() throws Exception
    {
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX))
        {
            dead.bind(address);
        }
        startServer();
        startClient();
        assertThatFramesPass();

        assertThatNobodyCanListenAt(address.getPath());
        assertThatFramesPass();
        final Path file = Files.writeString(directory.resolve("file"), "somebody's");
        assertThatNobodyCanListenAt(file);
        assertThat(file).hasContent("somebody's");
        final Path fifo = directory.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
        assertThatNobodyCanListenAt(fifo);
        assertThat(fifo).exists();
    }

    @Test
    void aNameServerThatTakesItsTimeHoldsNobodyUp() throws IOException
    {
        final CountDownLatch answer = new CountDownLatch(1);
        final InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocketChannel other = ServerSocketChannel.open().bind(new InetSocketAddress(loopback, 0)))
        {
            final InetSocketAddress named =
                InetSocketAddress.createUnresolved("other.example", other.socket().getLocalPort());
            client = new StreamNetdev(new NetdevSpec.Stream(named, false), notices::add, (host, port) ->
            {
                assertThat(host).isEqualTo("other.example");
                return new InetSocketAddress(await(answer) ? loopback : null, port);
            });
            client.start(selector, (frame, offset, length) -> true);
            assertThat(client.doWork(System.nanoTime())).isZero();
            assertThat(client.doWork(System.nanoTime() + StreamNetdev.RETRY_NS)).isZero();
            assertThat(notices).isEmpty();

            answer.countDown();
            runUntil(() -> notices.stream().anyMatch(it -> it.contains("other.example:" + named.getPort() + ": connected")));
        }
    }

    private static boolean await(final CountDownLatch latch)
    {
        try
        {
            return latch.await(20, TimeUnit.SECONDS);
        }
        catch (final InterruptedException e)
        {
            return false;
        }
    }

    private void assertThatNobodyCanListenAt(final Path path)
    {
        assertThatThrownBy(
            () -> Netdev.open(new NetdevSpec.Stream(UnixDomainSocketAddress.of(path), true), notices::add))
            .isInstanceOf(NetdevException.class).hasMessageContaining("cannot listen");
    }

    private void startServer()
    {
        server = Netdev.open(new NetdevSpec.Stream(address, true), notices::add);
        server.start(selector, (frame, offset, length) -> atServer.add(Arrays.copyOfRange(frame, offset, offset + length)));
    }

    private void startClient()
    {
        client = Netdev.open(new NetdevSpec.Stream(address, false), notices::add);
        client.start(selector, (frame, offset, length) -> atClient.add(Arrays.copyOfRange(frame, offset, offset + length)));
    }

    private void assertThatFramesPass() throws IOException
    {
        atServer.clear();
        atClient.clear();
        runUntil(() ->
        {
            client.send(new UnsafeBuffer(PING), 0, PING.length);
            server.send(new UnsafeBuffer(PING), 0, PING.length);
            return !atServer.isEmpty() && !atClient.isEmpty();
        });
        assertThat(atServer.getFirst()).isEqualTo(PING);
        assertThat(atClient.getFirst()).isEqualTo(PING);
    }

    private void runUntil(final BooleanSupplier condition) throws IOException
    {
        while (!condition.getAsBoolean())
        {
            selector.select(5);
            final long nowNs = System.nanoTime();
            if (server != null)
            {
                server.doWork(nowNs);
            }
            if (client != null)
            {
                client.doWork(nowNs);
            }
        }
    }
}
