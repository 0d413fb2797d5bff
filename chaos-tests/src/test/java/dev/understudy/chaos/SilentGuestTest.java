package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.hypervisor.net.Netdev;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that nobody talks to sends nothing: the host that it came to says for it where it is. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SilentGuestTest
{
    /** Of a node that begins to run the guest; see SelfAnnouncement. */
    private static final int ANNOUNCEMENTS = 5;

    /** How each of them begins: to all, from the guest, reverse ARP, a request. */
    private static final String ANNOUNCEMENT =
        "ffffffffffff" + NetworkedPair.MAC.replace(":", "") + "8035" + "0001080006040003";

    private static final int SOURCE = 6;
    private static final int TYPE = 12;

    @TempDir
    private Path root;
    private final List<byte[]> heard = new CopyOnWriteArrayList<>();

    @BeforeEach
    void needGuest()
    {
        LinuxGuest.need();
    }

    @Test
    void theSwitchLearnsFromTheHostThatTookOverWhereItIs() throws Exception
    {
        try (TestNetwork network = new TestNetwork();
            NetworkedPair pair = new NetworkedPair(root, network);
            Netdev listener = network.listen(this::hear))
        {
            pair.start("a");
            pair.start("b");
            pair.awaitProtected();
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            final Path console = pair.node(primary).log();
            await(pair, () -> contains(console, "kvd: ready") && heard.size() >= ANNOUNCEMENTS);
            assertThat(network.isAt(NetworkedPair.MAC, primary)).isTrue();
            assertThat(network.sentBy(backup)).isZero();
            heard.clear();

            pair.kill(primary);

            await(pair, () -> heard.size() >= ANNOUNCEMENTS);
            assertThat(network.isAt(NetworkedPair.MAC, backup)).as("the switch knows where the guest is").isTrue();
            assertThat(heard).extracting(HexFormat.of()::formatHex).allMatch(it -> it.startsWith(ANNOUNCEMENT));
            assertThat(network.sentBy(backup)).as("frames, none of which is the guest's own").isEqualTo(ANNOUNCEMENTS);
            assertThat(network.host("c").call(SilentGuestTest::ping)).isEqualTo("PONG");
            assertThat(network.sentBy(backup)).isGreaterThan(ANNOUNCEMENTS);
            assertThat(listener.lostFrames()).isZero();
        }
    }

    /** Takes the frames that have the guest for their sender. */
    private boolean hear(final byte[] frame, final int offset, final int length)
    {
        final byte[] mac = HexFormat.ofDelimiter(":").parseHex(NetworkedPair.MAC);
        if (Arrays.equals(frame, offset + SOURCE, offset + TYPE, mac, 0, mac.length))
        {
            heard.add(Arrays.copyOfRange(frame, offset, offset + length));
        }
        return true;
    }

    private static String ping() throws IOException
    {
        try (RespConnection connection = new RespConnection(new InetSocketAddress(TestNetwork.GUEST, LinuxGuest.PORT)))
        {
            return connection.request("PING");
        }
    }

    private static boolean contains(final Path log, final String text)
    {
        try
        {
            return Files.readString(log).contains(text);
        }
        catch (final IOException e)
        {
            throw new AssertionError(e);
        }
    }

    private static void await(final NetworkedPair pair, final BooleanSupplier condition) throws InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (!condition.getAsBoolean())
        {
            assertThat(System.nanoTime() - endNs).as(pair::logs).isNegative();
            Thread.sleep(20);
        }
    }
}
