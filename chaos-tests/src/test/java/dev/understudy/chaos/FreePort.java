package dev.understudy.chaos;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Finds ports that are free for TCP and UDP, and that no outgoing connection is given meanwhile. */
final class FreePort
{
    /** Linux gives outgoing connections ports from 32768 on. */
    private static final int FIRST = 20_000;
    private static final int END = 32_000;
    private static final int MAX_ATTEMPTS = 100;

    private FreePort()
    {
    }

    static int next()
    {
        for (int i = 0; i < MAX_ATTEMPTS; i++)
        {
            final int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            try (ServerSocket tcp = new ServerSocket(port); DatagramSocket udp = new DatagramSocket(port))
            {
                return tcp.getLocalPort();
            }
            catch (final IOException e)
            {
                // In use: another one.
            }
        }
        throw new IllegalStateException("none of " + MAX_ATTEMPTS + " ports is free");
    }
}
