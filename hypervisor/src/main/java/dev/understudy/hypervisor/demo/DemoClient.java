package dev.understudy.hypervisor.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A client that writes and reads keys of its own, and knows what the server must hold.
 * <p>
 * Values of a key only grow. A write without a reply may or may not have happened; a reply means that it has, for good.
 * Has a thread of its own; others read its counters.
 */
final class DemoClient implements Runnable
{
    private static final int KEYS = 64;
    private static final long RECONNECT_MS = 2;

    private final String prefix;
    private final InetSocketAddress address;
    private final AtomicLong lastReplyNs;

    /** Per key: the last value whose write was acknowledged, and the highest that was ever sent. */
    private final long[] acknowledged = new long[KEYS];
    private final long[] sent = new long[KEYS];

    private volatile boolean stopping;
    private volatile long acknowledgedRequests;
    private volatile long wrongReads;
    private volatile String firstWrong;

    /**
     * @param lastReplyNs receives the time of each reply that came over a connection of this client
     */
    DemoClient(final int number, final InetSocketAddress address, final AtomicLong lastReplyNs)
    {
        prefix = "client" + number + ":";
        this.address = address;
        this.lastReplyNs = lastReplyNs;
    }

    @Override
    public void run()
    {
        while (!stopping)
        {
            try (RespConnection connection = new RespConnection(address))
            {
                while (!stopping)
                {
                    step(connection);
                }
            }
            catch (final IOException e)
            {
                // The server died, or is not there yet: that is what this client is for.
                pause();
            }
        }
    }

    private static void pause()
    {
        try
        {
            Thread.sleep(RECONNECT_MS);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    private void step(final RespConnection connection) throws IOException
    {
        final int key = ThreadLocalRandom.current().nextInt(KEYS);
        if (ThreadLocalRandom.current().nextBoolean())
        {
            final long value = ++sent[key];
            connection.request("SET", prefix + key, Long.toString(value));
            acknowledged[key] = value;
        }
        else
        {
            check(key, connection.request("GET", prefix + key));
        }
        acknowledgedRequests = acknowledgedRequests + 1;
        lastReplyNs.set(System.nanoTime());
    }

    /** Whether a value is one that the key may have. */
    private boolean check(final int key, final String reply)
    {
        final long value = reply == null ? 0 : Long.parseLong(reply);
        if (value >= acknowledged[key] && value <= sent[key])
        {
            // A write without a reply is known to have happened once it was read.
            acknowledged[key] = value;
            return true;
        }
        wrongReads = wrongReads + 1;
        firstWrong = "key %s%d: read %d, acknowledged %d, sent %d".formatted(
            prefix, key, value, acknowledged[key], sent[key]);
        return false;
    }

    /** Ends the thread soon. */
    void stop()
    {
        stopping = true;
    }

    /** Reads every key once more; returns how many acknowledged writes are not there. After the thread has ended. */
    int countLost() throws IOException
    {
        int lost = 0;
        try (RespConnection connection = new RespConnection(address))
        {
            for (int key = 0; key < KEYS; key++)
            {
                final String reply = connection.request("GET", prefix + key);
                final long value = reply == null ? 0 : Long.parseLong(reply);
                lost += value < acknowledged[key] ? 1 : 0;
            }
        }
        return lost;
    }

    long acknowledgedRequests()
    {
        return acknowledgedRequests;
    }

    long wrongReads()
    {
        return wrongReads;
    }

    /** Describes a wrong read, or null. */
    String firstWrong()
    {
        return firstWrong;
    }
}
