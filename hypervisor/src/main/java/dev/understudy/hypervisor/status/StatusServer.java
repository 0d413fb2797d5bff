package dev.understudy.hypervisor.status;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Answers {@code GET /status} over HTTP on the TCP port of the node's address. Has a daemon thread of its own, which
 * only reads what the agent thread has published.
 */
public final class StatusServer implements AutoCloseable
{
    private final HttpServer server;
    private final ExecutorService executor =
        Executors.newSingleThreadExecutor(Thread.ofPlatform().name("status").daemon().factory());

    public StatusServer(final InetSocketAddress address, final Supplier<NodeStatus> status) throws IOException
    {
        final ObjectMapper mapper = new ObjectMapper();
        try
        {
            server = HttpServer.create(address, 0);
        }
        catch (final IOException e)
        {
            throw new IOException("cannot answer status on TCP " + address.getHostString() + ":" + address.getPort() +
                ": " + e.getMessage() + "; is this node running already?", e);
        }
        server.setExecutor(executor);
        server.createContext("/status", exchange ->
        {
            try (exchange)
            {
                final byte[] body = mapper.writeValueAsString(status.get()).getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("Content-Type", "application/json");
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        server.start();
    }

    @Override
    public void close()
    {
        server.stop(0);
        executor.shutdownNow();
    }
}
