package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The other end of a guest's stream is a host that vanishes without a word. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SilentPeerTest
{
    private static final int PORT = 40_200;

    @TempDir
    private Path root;

    @BeforeEach
    void needGuest()
    {
        LinuxGuest.need();
    }

    @Test
    void aServerNoticesAndTakesTheNext() throws Exception
    {
        final UnderstudyProcess process = new UnderstudyProcess(root.resolve("log"), "run",
            "--kernel", LinuxGuest.KERNEL.toString(), "--initrd", LinuxGuest.INITRD.toString(),
            "--append", "console=hvc0", "--memory", "64M", "--netdev", "stream,server=on,addr=0.0.0.0:" + PORT);
        try (TestNetwork network = new TestNetwork())
        {
            process.by(network.host("a").launcher()).start(Commands.JVM_OPTIONS.toArray(String[]::new));
            await(process, "kvd: ready");
            try (SocketChannel vanishing = network.host("c").call(SilentPeerTest::connect))
            {
                await(process, ": connected");
                network.plug("c", false);
                await(process, "the connection ended: ");
                assertThat(vanishing.isConnected()).isTrue();
                network.plug("c", true);
                try (SocketChannel next = network.host("c").call(SilentPeerTest::connect))
                {
                    await(process, ": connected.*: connected");
                    assertThat(next.isConnected()).isTrue();
                }
            }
        }
        finally
        {
            process.kill();
        }
    }

    private static SocketChannel connect() throws IOException
    {
        return SocketChannel.open(new InetSocketAddress(TestNetwork.ADDRESSES.get("a"), PORT));
    }

    private static void await(final UnderstudyProcess process, final String pattern)
        throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (!Files.readString(process.log()).matches("(?s).*" + pattern + ".*"))
        {
            assertThat(System.nanoTime() - endNs).as("'%s' in%n%s", pattern, Files.readString(process.log()))
                .isNegative();
            Thread.sleep(20);
        }
    }
}
