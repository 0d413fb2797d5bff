package dev.understudy.hypervisor.live;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.net.FrameReceiver;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.node.Inbox;
import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When the world gets to see a guest, and when not. */
class HostWorldTest
{
    private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:56");
    private static final int GUEST_PORT = 6379;
    private static final long GENERATION = 3;
    private static final long TIMEOUT_MS = 20_000;

    private final List<String> notices = new ArrayList<>();
    private final Inbox inbox = new Inbox(() -> {});
    private final HostOutput console =
        new HostOutput(new FullStream(), HostOutput.CONSOLE_BYTES, "console", () -> {});
    private final RecordingNetdev netdev = new RecordingNetdev();
    private Selector selector;
    private int port;
    private HostWorld world;

    @BeforeEach
    void open() throws IOException
    {
        selector = Selector.open();
        try (ServerSocket socket = listener(0))
        {
            port = socket.getLocalPort();
        }
        world = new HostWorld(
            selector,
            List.of(new ForwardSpec("127.0.0.1", port, GUEST_PORT)),
            MAC,
            netdev,
            console,
            true,
            notices::add);
    }

    @AfterEach
    void close() throws IOException
    {
        world.close();
        selector.close();
        console.close();
    }

    @Test
    void nothingIsConnectedToAGuestThatOnlyReplays() throws IOException
    {
        assertThat(world.doWork(0, false, true)).isZero();
        assertThat(netdev.isStarted).isFalse();
        assertThat(isListenedOn()).isFalse();
        assertThat(world.connections()).isZero();
    }

    @Test
    void portsAreListenedOnOnceTheGuestIsLive() throws IOException
    {
        world.connect(GENERATION, 0, inbox);
        world.doWork(0, false, true);
        assertThat(isListenedOn()).isFalse();

        world.doWork(0, true, true);
        assertThat(isListenedOn()).isTrue();

        world.close();
        assertThat(isListenedOn()).isFalse();
    }

    /** The primary that died may have it for a moment. */
    @Test
    void aPortThatIsInUseIsTriedAgainAfterAWhile() throws IOException
    {
        world.connect(GENERATION, 0, inbox);
        try (ServerSocket other = listener(port))
        {
            world.doWork(0, true, true);
            assertThat(notices).singleElement().asString().contains("port " + other.getLocalPort(), "trying again");
        }

        world.doWork(HostWorld.LISTEN_RETRY_NS - 1, true, true);
        assertThat(isListenedOn()).isFalse();

        world.doWork(HostWorld.LISTEN_RETRY_NS, true, true);
        assertThat(isListenedOn()).isTrue();
    }

    @Test
    void theNetworkIsToldOfALiveGuestAloneAndOnlyWhileOutputsMayLeave() throws IOException
    {
        world.connect(GENERATION, 0, inbox);
        world.doWork(0, false, true);
        assertThat(netdev.frames).as("while it replays").isZero();

        world.doWork(0, true, false);
        assertThat(netdev.frames).as("while outputs are held").isZero();

        world.doWork(0, true, true);
        assertThat(netdev.frames).isEqualTo(1);
    }

    @Test
    void aConsoleThatCannotBeWrittenIsSaidAndNothingElseEnds() throws IOException
    {
        final byte[] text = "panic".getBytes(StandardCharsets.US_ASCII);
        world.sendConsole(new UnsafeBuffer(text), 0, text.length);

        assertThat(console.awaitDrained(TIMEOUT_MS)).isTrue();
        world.connect(GENERATION, 0, inbox);
        world.doWork(0, true, true);
        world.sendConsole(new UnsafeBuffer(text), 0, text.length);

        assertThat(notices).singleElement().asString().contains("cannot be written (no space left)", "the guest goes on");
        assertThat(world.lostConsoleBytes()).isGreaterThanOrEqualTo(text.length);
        assertThat(isListenedOn()).isTrue();
    }

    private boolean isListenedOn() throws IOException
    {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port))
        {
            return client.isConnected();
        }
        catch (final ConnectException e)
        {
            return false;
        }
    }

    private static ServerSocket listener(final int port) throws IOException
    {
        return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
    }

    private static final class FullStream extends OutputStream
    {
        @Override
        public void write(final int value) throws IOException
        {
            throw new IOException("no space left");
        }
    }

    private static final class RecordingNetdev implements Netdev
    {
        private boolean isStarted;
        private int frames;

        @Override
        public void start(final Selector selector, final FrameReceiver guest)
        {
            isStarted = true;
        }

        @Override
        public void send(final DirectBuffer frame, final int offset, final int length)
        {
            frames++;
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
