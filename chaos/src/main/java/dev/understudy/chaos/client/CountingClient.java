package dev.understudy.chaos.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Counts in a guest, on one connection, until it is closed or something is wrong: each reply has to be the next number.
 * A thread of its own does it.
 */
public final class CountingClient implements AutoCloseable
{
    /** Between two requests, so that a fresh backup has little to replay. */
    private static final long PAUSE_MS = 5;
    private static final int CONNECT_TIMEOUT_MS = 500;

    /** A reply that takes longer than this is taken for lost. */
    private static final int REPLY_TIMEOUT_MS = 20_000;

    private final InetSocketAddress guest;
    private final Duration timeout;
    private final Thread thread;
    private volatile Socket socket;
    private volatile long replies;
    private volatile long longestNs;
    private volatile boolean stopping;
    private volatile Exception problem;

    /**
     * Begins to connect.
     *
     * @param guest   where a server listens that speaks the Redis protocol
     * @param enter   what the client's thread does first, such as enter a network
     * @param timeout for the connection, and for replies that are waited for
     */
    public CountingClient(final InetSocketAddress guest, final Runnable enter, final Duration timeout)
    {
        this.guest = guest;
        this.timeout = timeout;
        thread = Thread.ofPlatform().daemon().name("counter").start(() ->
        {
            try
            {
                enter.run();
                connect();
                count();
            }
            catch (final IOException | RuntimeException e)
            {
                problem = e;
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** Number of replies so far, each in its order. */
    public long replies()
    {
        return replies;
    }

    /** From now on the longest time to a reply is looked for anew. */
    public void resetLongest()
    {
        longestNs = 0;
    }

    /** The longest time from a request to its reply, in milliseconds. */
    public long longestMs()
    {
        return longestNs / 1_000_000;
    }

    /**
     * Waits for further replies.
     *
     * @throws IOException when the connection ended, a reply was wrong, or they did not come
     */
    public void awaitReplies(final long count) throws IOException, InterruptedException
    {
        final long wanted = replies + count;
        final long endNs = System.nanoTime() + timeout.toNanos();
        while (replies < wanted)
        {
            if (problem != null)
            {
                throw new IOException("after " + replies + " replies: " + problem.getMessage(), problem);
            }
            if (System.nanoTime() - endNs > 0)
            {
                throw new IOException("no more replies than " + replies + " in " + timeout);
            }
            Thread.sleep(PAUSE_MS);
        }
    }

    private void connect() throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + timeout.toNanos();
        while (socket == null)
        {
            final Socket attempt = new Socket();
            try
            {
                attempt.setTcpNoDelay(true);
                attempt.setSoTimeout(REPLY_TIMEOUT_MS);
                attempt.connect(guest, CONNECT_TIMEOUT_MS);
                socket = attempt;
            }
            catch (final IOException e)
            {
                attempt.close();
                if (System.nanoTime() - endNs > 0)
                {
                    throw e;
                }
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
            final String reply = in.readLine();
            if (!(":" + (replies + 1)).equals(reply))
            {
                throw new IOException("the reply is " + reply + " where " + (replies + 1) + " is due");
            }
            longestNs = Math.max(longestNs, System.nanoTime() - startNs);
            replies = replies + 1;
            Thread.sleep(PAUSE_MS);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException
    {
        stopping = true;
        if (socket != null)
        {
            socket.close();
        }
        thread.join(timeout.toMillis());
    }
}
