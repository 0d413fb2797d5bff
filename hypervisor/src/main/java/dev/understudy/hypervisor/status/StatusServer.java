package dev.understudy.hypervisor.status;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.understudy.hypervisor.linux.OpenFiles;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Answers {@code GET /status} with JSON, {@code GET /metrics} with Prometheus text and {@code GET /incarnation} with the
 * number of this process, over HTTP on the TCP port of the node's address.
 * <p>
 * Has threads of its own, daemons all, which only read what the agent thread has published: a stranger who sends half a
 * request holds up nobody.
 */
public final class StatusServer implements AutoCloseable
{
    /** Path that answers which process this is, and what the answer looks like: its random number. */
    public static final String INCARNATION_PATH = "/incarnation";
    public static final String INCARNATION = "([0-9a-f]{16})\n";

    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int METHOD_NOT_ALLOWED = 405;
    private static final int SERVER_ERROR = 500;
    private static final int NO_BODY = -1;

    /** After so long, half a request or an answer that nobody reads is given up. */
    private static final String MAX_EXCHANGE_SECONDS = "5";

    /** Connections at a time: those of a few monitors and operators, many times over; fewer when few files can be open. */
    private static final int MAX_CONNECTIONS = 256;
    private static final int MIN_CONNECTIONS = 4;
    private static final int SHARE_OF_FILES = 8;

    static
    {
        // The JDK's server reads these once; what the user has set stays.
        setDefault("sun.net.httpserver.nodelay", "true");
        setDefault("sun.net.httpserver.maxReqTime", MAX_EXCHANGE_SECONDS);
        setDefault("sun.net.httpserver.maxRspTime", MAX_EXCHANGE_SECONDS);
        setDefault("jdk.httpserver.maxConnections", Integer.toString(
            Math.clamp(OpenFiles.left() / SHARE_OF_FILES, MIN_CONNECTIONS, MAX_CONNECTIONS)));
    }

    private final ObjectMapper mapper = new ObjectMapper();
    private final HttpServer server;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();

    /**
     * Starts to answer.
     *
     * @param status gives what was published last; called on threads of this server
     * @throws IOException when the port cannot be had; the message names it
     */
    public StatusServer(final InetSocketAddress address, final Supplier<NodeStatus> status) throws IOException
    {
        this(address, status, () -> "", 0);
    }

    /**
     * Starts to answer.
     *
     * @param status      gives what was published last; called on threads of this server
     * @param moreMetrics gives Prometheus text that follows the node's own; called on threads of this server
     * @param incarnation random number of this process
     * @throws IOException when the port cannot be had; the message names it
     */
    public StatusServer(
        final InetSocketAddress address,
        final Supplier<NodeStatus> status,
        final Supplier<String> moreMetrics,
        final long incarnation)
        throws IOException
    {
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
        server.createContext("/", exchange ->
        {
            try (exchange)
            {
                switch (exchange.getRequestURI().getPath())
                {
                    case "/status" ->
                        answer(exchange, "application/json", () -> mapper.writeValueAsString(status.get()));
                    case "/metrics" -> answer(
                        exchange, NodeMetrics.CONTENT_TYPE, () -> NodeMetrics.of(status.get()) + moreMetrics.get());
                    case INCARNATION_PATH ->
                        answer(exchange, "text/plain", () -> String.format(Locale.ROOT, "%016x\n", incarnation));
                    default -> exchange.sendResponseHeaders(NOT_FOUND, NO_BODY);
                }
            }
        });
        server.start();
    }

    /** Port that it answers on. */
    public int port()
    {
        return server.getAddress().getPort();
    }

    @Override
    public void close()
    {
        server.stop(0);
        executor.shutdownNow();
    }

    private static void answer(final HttpExchange exchange, final String contentType, final Body body)
        throws IOException
    {
        final boolean isHead = exchange.getRequestMethod().equals("HEAD");
        if (!isHead && !exchange.getRequestMethod().equals("GET"))
        {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            exchange.sendResponseHeaders(METHOD_NOT_ALLOWED, NO_BODY);
            return;
        }
        byte[] bytes;
        int code = OK;
        try
        {
            bytes = body.text().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", contentType);
        }
        catch (final IOException | RuntimeException e)
        {
            bytes = ("the status cannot be had: " + e + "\n").getBytes(StandardCharsets.UTF_8);
            code = SERVER_ERROR;
        }
        exchange.sendResponseHeaders(code, isHead ? NO_BODY : bytes.length);
        if (!isHead)
        {
            exchange.getResponseBody().write(bytes);
        }
    }

    private static void setDefault(final String property, final String value)
    {
        if (System.getProperty(property) == null)
        {
            System.setProperty(property, value);
        }
    }

    /** Makes the body of an answer. */
    private interface Body
    {
        String text() throws IOException;
    }
}
