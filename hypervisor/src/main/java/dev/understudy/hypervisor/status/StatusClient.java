package dev.understudy.hypervisor.status;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.understudy.hypervisor.net.NameLookup;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * Asks a node for its status. Whatever is wrong, the answer is there in time or is none.
 */
final class StatusClient
{
    /** Many times what a node answers; more than this is no node. */
    private static final int MAX_ANSWER_BYTES = 64 * 1024;
    private static final int CHUNK_BYTES = 4 * 1024;

    private static final ObjectMapper MAPPER =
        new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    private StatusClient()
    {
    }

    /**
     * Asks the node at an address.
     *
     * @param timeout after which no further byte is waited for, so that the call lasts twice as long at most
     * @return empty when nothing answers in time, or what answers is no node
     */
    public static Optional<NodeStatus> fetch(final InetSocketAddress address, final Duration timeout)
    {
        final long endNs = System.nanoTime() + timeout.toNanos();
        HttpURLConnection connection = null;
        try
        {
            final NameLookup lookup = new NameLookup(address);
            lookup.await(timeout);
            final InetSocketAddress place = lookup.poll();
            if (place == null || place.isUnresolved())
            {
                return Optional.empty();
            }
            final String host = place.getAddress().getHostAddress();
            final String authority = host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
            connection = (HttpURLConnection)URI.create("http://" + authority + ":" + address.getPort() + "/status")
                .toURL().openConnection(Proxy.NO_PROXY);
            connection.setInstanceFollowRedirects(false);
            connection.setConnectTimeout(leftMs(endNs));
            connection.setReadTimeout(leftMs(endNs));
            return read(connection, endNs);
        }
        catch (final IOException | IllegalArgumentException e)
        {
            return Optional.empty();
        }
        finally
        {
            if (connection != null)
            {
                connection.disconnect();
            }
        }
    }

    private static Optional<NodeStatus> read(final HttpURLConnection connection, final long endNs) throws IOException
    {
        final ByteArrayOutputStream answer = new ByteArrayOutputStream();
        final byte[] chunk = new byte[CHUNK_BYTES];
        try (InputStream in = connection.getInputStream())
        {
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk))
            {
                answer.write(chunk, 0, count);
                if (answer.size() > MAX_ANSWER_BYTES || System.nanoTime() - endNs > 0)
                {
                    return Optional.empty();
                }
            }
        }
        return Optional.ofNullable(MAPPER.readValue(answer.toByteArray(), NodeStatus.class))
            .filter(status -> status.role() != null);
    }

    private static int leftMs(final long endNs)
    {
        return (int)Math.clamp((endNs - System.nanoTime()) / 1_000_000, 1, Integer.MAX_VALUE);
    }
}
