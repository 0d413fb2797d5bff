package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.CountingClient;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One TCP connection to a Linux guest outlives every host that the guest runs on. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class TcpSurvivesTest
{
    private static final int FAILOVERS = 10;
    private static final int REPLIES_BETWEEN = 40;

    @TempDir
    private Path root;

    @BeforeEach
    void needGuest()
    {
        LinuxGuest.need();
    }

    @Test
    void aConnectionGoesOnWithoutAResetOrALostReplyThroughManyFailovers() throws Exception
    {
        try (TestNetwork network = new TestNetwork(); NetworkedPair pair = new NetworkedPair(root, network))
        {
            pair.start("a");
            pair.await("a is primary", status -> "a".equals(status.primary()));
            pair.start("b");
            try (CountingClient counter = counter(network))
            {
                awaitReplies(counter, pair);
                String primary = "a";
                final List<Long> gapsMs = new ArrayList<>();
                for (int i = 0; i < FAILOVERS; i++)
                {
                    pair.awaitProtected();
                    awaitReplies(counter, pair);
                    counter.resetLongest();
                    pair.kill(primary);
                    final String survivor = TestPair.peerOf(primary);
                    awaitReplies(counter, pair);
                    gapsMs.add(counter.longestMs());
                    assertThat(network.isAt(NetworkedPair.MAC, survivor)).as("the switch knows where the guest is")
                        .isTrue();
                    pair.start(primary);
                    primary = survivor;
                }
                System.out.println("one TCP connection, " + counter.replies() + " replies in order, longest time to a reply " +
                    "at each failover in ms: " + gapsMs);
            }
            pair.replayJournals();
        }
    }

    @Test
    void aConnectionGoesOnThroughASwitchoverAndTheLossOfTheBackup() throws Exception
    {
        try (TestNetwork network = new TestNetwork(); NetworkedPair pair = new NetworkedPair(root, network))
        {
            pair.start("a");
            pair.await("a is primary", status -> "a".equals(status.primary()));
            pair.start("b");
            try (CountingClient counter = counter(network))
            {
                awaitReplies(counter, pair);
                pair.awaitProtected();
                counter.resetLongest();
                pair.terminate("a");
                pair.await("b is primary", status -> "b".equals(status.primary()));
                awaitReplies(counter, pair);
                final long switchoverMs = counter.longestMs();

                pair.start("a");
                pair.awaitProtected();
                counter.resetLongest();
                pair.kill("a");
                pair.await("b goes on alone", status -> status.nodes().get("b").solo());
                awaitReplies(counter, pair);
                System.out.println("longest time to a reply at a switchover " + switchoverMs +
                    " ms, at the loss of the backup " + counter.longestMs() + " ms");
            }
        }
    }

    private static CountingClient counter(final TestNetwork network)
    {
        return new CountingClient(new InetSocketAddress(TestNetwork.GUEST, LinuxGuest.PORT),
            network.host("c")::enter, TestPair.TIMEOUT);
    }

    private static void awaitReplies(final CountingClient counter, final NetworkedPair pair) throws InterruptedException
    {
        try
        {
            counter.awaitReplies(REPLIES_BETWEEN);
        }
        catch (final IOException e)
        {
            throw new AssertionError(pair.logs(), e);
        }
    }
}
