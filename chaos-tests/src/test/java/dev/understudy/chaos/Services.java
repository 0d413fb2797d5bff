package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Duration;

/** Waits for a guest that speaks the Redis protocol. */
final class Services
{
    private static final long POLL_MS = 20;

    private Services()
    {
    }

    /** Waits until the guest answers, which a process carries to an address. */
    static void await(final InetSocketAddress service, final UnderstudyProcess process)
        throws IOException, InterruptedException
    {
        await(service, process, TestPair.TIMEOUT);
    }

    /** Waits so long at most. */
    static void await(final InetSocketAddress service, final UnderstudyProcess process, final Duration timeout)
        throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + timeout.toNanos();
        while (!answers(service))
        {
            assertThat(System.nanoTime() - endNs).as(Files.readString(process.log())).isNegative();
            assertThat(process.isAlive()).as(Files.readString(process.log())).isTrue();
            Thread.sleep(POLL_MS);
        }
    }

    private static boolean answers(final InetSocketAddress service)
    {
        try (RespConnection connection = new RespConnection(service))
        {
            connection.request("PING");
            return true;
        }
        catch (final IOException e)
        {
            return false;
        }
    }
}
