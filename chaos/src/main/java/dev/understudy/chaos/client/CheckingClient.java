package dev.understudy.chaos.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A client that writes and reads keys of its own, and knows what the server must hold.
 * <p>
 * Values of a key only grow. A write without a reply may or may not have happened, or may happen yet; a reply means that
 * it has, for good. A key with a write without a reply is read on but not written any more: the late write could come
 * after the next one. A reply that is none to its request is wrong, and ends the connection, whose other replies could
 * belong to anything. Has a thread of its own; others read its counters.
 */
public final class CheckingClient implements Runnable
{
    private static final int KEYS = 64;
    private static final long RECONNECT_MS = 2;

    private final String prefix;
    private final List<InetSocketAddress> addresses;
    private final AtomicLong lastReplyNs;

    /** Those that are written. */
    private final Key[] keys = new Key[KEYS];

    /** Those with a write without a reply. */
    private final List<Key> doubtful = new ArrayList<>();
    private int names;

    private volatile boolean stopping;
    private volatile long acknowledgedRequests;
    private volatile long wrongReads;
    private volatile String firstWrong;

    /** What is known of a key: the last value whose write was acknowledged or seen, and the highest that was sent. */
    private static final class Key
    {
        private final String name;
        private long acknowledged;
        private long sent;

        private Key(final String name)
        {
            this.name = name;
        }
    }

    /**
     * @param number      names the keys of this client
     * @param addresses   where the server may be, tried in turn
     * @param lastReplyNs receives the time of each reply that came over a connection of this client
     */
    public CheckingClient(final int number, final List<InetSocketAddress> addresses, final AtomicLong lastReplyNs)
    {
        prefix = "client" + number + ":";
        this.addresses = List.copyOf(addresses);
        this.lastReplyNs = lastReplyNs;
        for (int i = 0; i < KEYS; i++)
        {
            keys[i] = newKey();
        }
    }

    private Key newKey()
    {
        return new Key(prefix + names++);
    }

    @Override
    public void run()
    {
        int attempt = 0;
        while (!stopping)
        {
            try (RespConnection connection = new RespConnection(addresses.get(attempt % addresses.size())))
            {
                while (!stopping)
                {
                    step(connection);
                }
            }
            catch (final WrongReplyException e)
            {
                noteWrong(e.getMessage());
                attempt++;
                pause();
            }
            catch (final IOException e)
            {
                // The server died, or is not there yet: that is what this client is for.
                attempt++;
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
        final int index = ThreadLocalRandom.current().nextInt(KEYS);
        if (ThreadLocalRandom.current().nextBoolean())
        {
            write(connection, index);
        }
        else
        {
            final int which = ThreadLocalRandom.current().nextInt(KEYS + doubtful.size());
            read(connection, which < KEYS ? keys[which] : doubtful.get(which - KEYS));
        }
        acknowledgedRequests = acknowledgedRequests + 1;
        lastReplyNs.set(System.nanoTime());
    }

    private void write(final RespConnection connection, final int index) throws IOException
    {
        final Key key = keys[index];
        final long value = ++key.sent;
        try
        {
            final String reply = connection.request("SET", key.name, Long.toString(value));
            if (!"OK".equals(reply))
            {
                throw new WrongReplyException("key %s: the reply to a write is %s".formatted(key.name, reply));
            }
            key.acknowledged = value;
        }
        catch (final IOException e)
        {
            doubtful.add(key);
            keys[index] = newKey();
            throw e;
        }
    }

    private void read(final RespConnection connection, final Key key) throws IOException
    {
        final long value = get(connection, key);
        if (value >= key.acknowledged && value <= key.sent)
        {
            // A write without a reply is known to have happened once it was read.
            key.acknowledged = value;
            return;
        }
        noteWrong(String.format(Locale.ROOT,
            "key %s: read %d, acknowledged %d, sent %d", key.name, value, key.acknowledged, key.sent));
    }

    /** The value that a key has; 0 before its first write. */
    private static long get(final RespConnection connection, final Key key) throws IOException
    {
        final String reply = connection.request("GET", key.name);
        if (reply == null)
        {
            return 0;
        }
        if (!reply.matches("\\d{1,18}"))
        {
            throw new WrongReplyException("key %s: the reply to a read is %.200s".formatted(key.name, reply));
        }
        return Long.parseLong(reply);
    }

    private void noteWrong(final String what)
    {
        wrongReads = wrongReads + 1;
        if (firstWrong == null)
        {
            firstWrong = what;
        }
    }

    /** Ends the thread soon. */
    public void stop()
    {
        stopping = true;
    }

    /**
     * Reads every key once more; returns how many acknowledged writes are not there. After the thread has ended.
     *
     * @throws IOException when none of the addresses answers
     */
    public int countLost() throws IOException
    {
        IOException problem = null;
        for (final InetSocketAddress address : addresses)
        {
            try (RespConnection connection = new RespConnection(address))
            {
                int lost = 0;
                for (final Key key : keys)
                {
                    lost += isLost(connection, key) ? 1 : 0;
                }
                for (final Key key : doubtful)
                {
                    lost += isLost(connection, key) ? 1 : 0;
                }
                return lost;
            }
            catch (final IOException e)
            {
                problem = e;
            }
        }
        throw problem;
    }

    private static boolean isLost(final RespConnection connection, final Key key) throws IOException
    {
        return get(connection, key) < key.acknowledged;
    }

    /** Number of replies that came. */
    public long acknowledgedRequests()
    {
        return acknowledgedRequests;
    }

    /** Number of reads of a value that the key could not have, and of replies that are none to their requests. */
    public long wrongReads()
    {
        return wrongReads;
    }

    /** Describes the first of them, or null. */
    public String firstWrong()
    {
        return firstWrong;
    }
}
