package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A Linux guest with a network is recorded and replayed, and what a user gets wrong is said. */
@Timeout(value = 6, unit = TimeUnit.MINUTES)
class NetworkReplayTest
{
    private static final String ADDRESS = "10.77.1.2";
    private static final String HOST_ADDRESS = "10.77.1.1/24";
    private static final int REQUESTS = 300;
    private static final String NAMESPACE = "usr" + ProcessHandle.current().pid();

    @TempDir
    private Path root;

    @BeforeEach
    void needGuest()
    {
        Needs.program("ip", "iproute2");
        LinuxGuest.need();
    }

    @ParameterizedTest
    @ValueSource(strings = {"interpreter", "mixed", "translator"})
    void everyFrameOfARecordingOverATapIsSentAgainInItsReplay(final String engine) throws Exception
    {
        final Path journal = root.resolve("journal");
        try (NetworkNamespace host = new NetworkNamespace(NAMESPACE))
        {
            host.run("ip", "tuntap", "add", "dev", "tap0", "mode", "tap");
            host.run("ip", "address", "add", HOST_ADDRESS, "dev", "tap0");
            host.run("ip", "link", "set", "dev", "tap0", "up");
            final UnderstudyProcess recording = command("record.log", LinuxGuest.commandLine(ADDRESS),
                "record", "--engine", engine, "--journal", journal.toString(), "--netdev", "tap,ifname=tap0")
                .by(host.launcher());
            recording.start(Commands.JVM_OPTIONS.toArray(String[]::new));
            try
            {
                host.call(() -> count(recording));
                final UnderstudyProcess second = command("second.log", LinuxGuest.commandLine(ADDRESS), "run", "--netdev", "tap,ifname=tap0")
                    .by(host.launcher());
                second.start(Commands.JVM_OPTIONS.toArray(String[]::new));
                assertThat(second.awaitExit(TestPair.TIMEOUT.toMillis())).isEqualTo(1);
                assertThat(Files.readString(second.log())).contains("tap tap0: another process uses the interface");

                Commands.run("kill", "-TERM", Long.toString(recording.pid())).assertSuccess();
                assertThat(recording.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
            }
            finally
            {
                recording.kill();
            }
        }

        // Outside: neither the interface nor its network is needed.
        assertThat(Commands.replayUnderEnginesWithDigests(journal)).contains("\"outcome\":\"STOPPED\"");
        assertThat(Commands.understudy("journal", journal.toString()).assertSuccess().output())
            .contains("NETWORK_FRAME").contains("ARP").contains("IPv4").contains(", MAC 52:54:00:");
    }

    @ParameterizedTest
    @CsvSource({"interpreter, translator", "mixed, interpreter"})
    void oneGuestIsTheClientOfAnotherOverAStreamAndBothAreReplayed(
        final String engineOfServer, final String engineOfClient)
        throws Exception
    {
        final String socket = root.resolve("net.sock").toString();
        final Path serverJournal = root.resolve("server");
        final Path clientJournal = root.resolve("client");
        final UnderstudyProcess server = command("server.log", LinuxGuest.commandLine(ADDRESS),
            "record", "--engine", engineOfServer, "--journal", serverJournal.toString(),
            "--netdev", "stream,server=on,path=" + socket);
        final UnderstudyProcess client = command("client.log", LinuxGuest.commandLine("10.77.1.3") +
            " understudy.kv=off understudy.run=\"echo PING | nc -w 5 " + ADDRESS + " 6379 | grep PONG\"",
            "record", "--engine", engineOfClient, "--journal", clientJournal.toString(), "--name", "client",
            "--netdev", "stream,path=" + socket);
        server.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            await(server, "kvd: ready");
            client.start(Commands.JVM_OPTIONS.toArray(String[]::new));
            assertThat(client.awaitExit(TestPair.TIMEOUT.toMillis())).as(Files.readString(client.log())).isZero();
            assertThat(Files.readString(client.log())).contains("+PONG");
            await(server, "the connection ended");
            Commands.run("kill", "-TERM", Long.toString(server.pid())).assertSuccess();
            assertThat(server.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
        }
        finally
        {
            server.kill();
            client.kill();
        }
        Commands.replayUnderEnginesWithDigests(serverJournal);
        assertThat(Commands.replayUnderEnginesWithDigests(clientJournal)).contains("+PONG");
    }

    private UnderstudyProcess command(final String log, final String commandLine, final String... arguments)
    {
        final String[] guest = {"--kernel", LinuxGuest.KERNEL.toString(), "--initrd", LinuxGuest.INITRD.toString(),
            "--append", commandLine, "--memory", "64M"};
        final String[] all = new String[arguments.length + guest.length];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        System.arraycopy(guest, 0, all, arguments.length, guest.length);
        return new UnderstudyProcess(root.resolve(log), all);
    }

    private static String count(final UnderstudyProcess process) throws IOException, InterruptedException
    {
        try (RespConnection connection = connect(process))
        {
            for (int i = 1; i <= REQUESTS; i++)
            {
                assertThat(connection.request("INCR", "n")).isEqualTo(Integer.toString(i));
            }
            // Longer than a frame, both ways.
            final String value = "v".repeat(20_000);
            assertThat(connection.request("SET", "long", value)).isEqualTo("OK");
            assertThat(connection.request("GET", "long")).isEqualTo(value);
            return value;
        }
    }

    private static RespConnection connect(final UnderstudyProcess process) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (true)
        {
            try
            {
                return new RespConnection(new InetSocketAddress(ADDRESS, LinuxGuest.PORT));
            }
            catch (final IOException e)
            {
                assertThat(System.nanoTime() - endNs).as("%s%n%s", e, Files.readString(process.log())).isNegative();
            }
            Thread.sleep(20);
        }
    }

    private static void await(final UnderstudyProcess process, final String text)
        throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (!Files.readString(process.log()).contains(text))
        {
            assertThat(System.nanoTime() - endNs).as("'%s' in%n%s", text, Files.readString(process.log())).isNegative();
            Thread.sleep(20);
        }
    }
}
