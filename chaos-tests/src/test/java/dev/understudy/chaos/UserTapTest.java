package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who is not root runs a guest on a TAP interface that root made for them, and is told why on any other. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class UserTapTest
{
    private static final String USER = "65534";
    private static final String ADDRESS = "10.77.4.2";
    private static final String HOST_ADDRESS = "10.77.4.1/24";
    private static final String READ_ALL = "+dac_read_search";

    @TempDir
    private Path root;
    private NetworkNamespace host;
    private Path device;

    @BeforeEach
    void makeHost() throws Exception
    {
        Needs.program("ip", "iproute2");
        Needs.program("setpriv", "util-linux");
        LinuxGuest.need();
        host = new NetworkNamespace("ust" + ProcessHandle.current().pid());
        device = root.resolve("tun");
        final Commands.Result result = Commands.run("mknod", "-m", "0666", device.toString(), "c", "10", "200");
        if (result.status() != 0)
        {
            Needs.missing("device nodes cannot be made here, which needs root: " + result.output());
        }
    }

    @AfterEach
    void deleteHost() throws Exception
    {
        if (host != null)
        {
            host.close();
        }
    }

    @Test
    void aGuestOnTheUsersInterfaceServesItsNetwork() throws Exception
    {
        addTapOf(USER);
        host.run("ip", "address", "add", HOST_ADDRESS, "dev", "tap0");
        host.run("ip", "link", "set", "dev", "tap0", "up");
        final UnderstudyProcess process = start();
        try
        {
            assertThat(host.call(() -> count(process))).isEqualTo("1");
            assertThat(Files.readString(Path.of("/proc", Long.toString(process.pid()), "status")))
                .containsPattern("Uid:(\\s+" + USER + "){4}");
            Commands.run("kill", "-TERM", Long.toString(process.pid())).assertSuccess();
            assertThat(process.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
        }
        finally
        {
            process.kill();
        }
    }

    @Test
    void anInterfaceOfAnotherUserIsRefused() throws Exception
    {
        addTapOf("root");

        assertRefused("the interface belongs to another user");
    }

    @Test
    void anInterfaceThatIsNotThereIsNotMade() throws Exception
    {
        assertRefused("there is no such interface, and this user may not make one");
        assertThat(host.run("ip", "link", "show")).doesNotContain("tap0");
    }

    @Test
    void aDeviceThatTheUserMayNotOpenIsNamed() throws Exception
    {
        addTapOf(USER);
        Commands.run("chmod", "0600", device.toString()).assertSuccess();

        assertRefused("this user may not open /dev/net/tun");
    }

    private void addTapOf(final String user) throws IOException, InterruptedException
    {
        host.run("ip", "tuntap", "add", "dev", "tap0", "mode", "tap", "user", user);
    }

    private void assertRefused(final String reason) throws IOException, InterruptedException
    {
        final UnderstudyProcess process = start();
        try
        {
            assertThat(process.awaitExit(TestPair.TIMEOUT.toMillis())).isEqualTo(1);
            assertThat(Files.readString(process.log()).lines()).singleElement().asString()
                .startsWith("understudy: tap tap0: " + reason);
        }
        finally
        {
            process.kill();
        }
    }

    /**
     * Starts a guest as the user, with the device as it is here, whatever the machine has for one.
     * <p>
     * The user may read every file, since nobody knows whose directory this build is in, and may do nothing else.
     */
    private UnderstudyProcess start() throws IOException
    {
        final UnderstudyProcess process = new UnderstudyProcess(root.resolve("log"), "run",
            "--kernel", LinuxGuest.KERNEL.toString(), "--initrd", LinuxGuest.INITRD.toString(),
            "--append", LinuxGuest.commandLine(ADDRESS), "--memory", "64M", "--netdev", "tap,ifname=tap0")
            .by("ip", "netns", "exec", host.name(),
                "sh", "-c", "mount --bind \"$0\" /dev/net/tun && exec \"$@\"", device.toString(),
                "setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--bounding-set", "-all," + READ_ALL,
                "--inh-caps", "-all," + READ_ALL, "--ambient-caps", READ_ALL);
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        return process;
    }

    private static String count(final UnderstudyProcess process) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (true)
        {
            try (RespConnection connection = new RespConnection(new InetSocketAddress(ADDRESS, LinuxGuest.PORT)))
            {
                return connection.request("INCR", "n");
            }
            catch (final IOException e)
            {
                assertThat(System.nanoTime() - endNs).as("%s%n%s", e, Files.readString(process.log())).isNegative();
            }
            Thread.sleep(20);
        }
    }
}
