package dev.understudy.hypervisor.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.config.ForwardSpec;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;

/** A forwarder on a real selector and real loopback sockets, with a simulated guest; the test's thread is the agent. */
final class ForwarderRig implements AutoCloseable
{
    static final int FIRST_HOST_PORT = 5000;

    /** Far more than any step takes; a test that reaches it fails. */
    private static final long DEADLINE_NS = 30_000_000_000L;
    private static final int CLIENT_TIMEOUT_MS = 30_000;

    final SimulatedGuest guest = new SimulatedGuest();
    final List<String> notices = new ArrayList<>();
    final VsockForwarder forwarder;
    final int tcpPort;

    private final Selector selector;
    private final List<Socket> clients = new ArrayList<>();

    ForwarderRig() throws IOException
    {
        this(FIRST_HOST_PORT);
    }

    ForwarderRig(final long firstHostPort) throws IOException
    {
        selector = Selector.open();
        tcpPort = freePort();
        forwarder = new VsockForwarder(
            selector,
            List.of(new ForwardSpec("127.0.0.1", tcpPort, SimulatedGuest.PORT)),
            SimulatedGuest.CID,
            firstHostPort,
            guest,
            notices::add);
    }

    static ForwarderRig listening() throws IOException
    {
        final ForwarderRig rig = new ForwarderRig();
        rig.forwarder.listen();
        return rig;
    }

    static int freePort() throws IOException
    {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()))
        {
            return socket.getLocalPort();
        }
    }

    static byte[] bytes(final int length, final long seed)
    {
        final byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    /** A client's connection; the backlog holds it until the forwarder runs. */
    Socket connect() throws IOException
    {
        final Socket client = new Socket(InetAddress.getLoopbackAddress(), tcpPort);
        client.setSoTimeout(CLIENT_TIMEOUT_MS);
        clients.add(client);
        return client;
    }

    /** A client whose connection the guest has accepted. */
    Socket connectThrough() throws IOException
    {
        final int before = guest.connections.size();
        final Socket client = connect();
        runUntil(() -> guest.connections.size() > before);
        return client;
    }

    void runUntil(final BooleanSupplier condition) throws IOException
    {
        final long startNs = System.nanoTime();
        while (!condition.getAsBoolean())
        {
            assertThat(System.nanoTime() - startNs).as("time waited; notices: %s", notices).isLessThan(DEADLINE_NS);
            if (step() == 0)
            {
                selector.select(1);
            }
        }
    }

    /** Runs until nothing has happened for a while. */
    void runUntilIdle() throws IOException
    {
        int idle = 0;
        while (idle < 50)
        {
            idle = step() == 0 ? idle + 1 : 0;
            if (idle > 0)
            {
                selector.select(1);
            }
        }
    }

    /** Runs the forwarder while a client does something on a thread of its own; returns what that gave. */
    <T> T runWhile(final Callable<T> client) throws IOException
    {
        final Future<T> future = start(client);
        runUntil(future::isDone);
        assertThat(guest.violations).isEmpty();
        return future.resultNow();
    }

    static <T> Future<T> start(final Callable<T> client)
    {
        final CompletableFuture<T> future = new CompletableFuture<>();
        Thread.ofVirtual().start(() ->
        {
            try
            {
                future.complete(client.call());
            }
            catch (final Exception e)
            {
                future.completeExceptionally(new CompletionException(e));
            }
        });
        return future;
    }

    /** What a client reads to the end of the stream; null when the connection was reset. */
    static byte[] readAll(final Socket client) throws IOException
    {
        try
        {
            return client.getInputStream().readAllBytes();
        }
        catch (final SocketException e)
        {
            return null;
        }
    }

    static byte[] echo(final Socket client, final byte[] bytes) throws IOException
    {
        final Future<Void> writer = start(() ->
        {
            client.getOutputStream().write(bytes);
            return null;
        });
        final InputStream in = client.getInputStream();
        final byte[] echoed = in.readNBytes(bytes.length);
        assertThat(writer).succeedsWithin(Duration.ofMillis(CLIENT_TIMEOUT_MS));
        return echoed;
    }

    @Override
    public void close() throws IOException
    {
        for (final Socket client : clients)
        {
            client.close();
        }
        forwarder.close();
        selector.close();
    }

    private int step() throws IOException
    {
        return forwarder.doWork() + guest.step(forwarder);
    }
}
