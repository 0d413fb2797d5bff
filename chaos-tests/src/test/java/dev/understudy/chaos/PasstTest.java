package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A Linux guest behind passt has its host's address, asks another host, and serves that at its host's port. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class PasstTest
{
    private static final String HOST = TestNetwork.ADDRESSES.get("a");
    private static final String CLIENT = TestNetwork.ADDRESSES.get("c");
    private static final String GATEWAY = "10.77.0.1";
    private static final int HTTP_PORT = 8080;
    private static final int REQUESTS = 300;
    private static final String COMMAND_LINE = "console=hvc0 net=dhcp understudy.run=\"" +
        "wget -q -O - http://" + CLIENT + ":" + HTTP_PORT + "/\"";

    @TempDir
    private Path root;
    private Path socket;
    private Path messages;

    @BeforeEach
    void needPasst() throws IOException
    {
        Needs.program("passt", "passt");
        LinuxGuest.need();
        socket = root.resolve("passt.sock");
        messages = root.resolve("passt.log");
        // passt that root starts goes on as the user nobody, who makes the socket.
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    @Test
    void aGuestWithTheAddressThatPasstOffersIsReachedAndReachesOthersAndIsReplayed() throws Exception
    {
        final Path journal = root.resolve("journal");
        // Ends when the client has answered, which calls the guest before it does.
        final UnderstudyProcess guest = new UnderstudyProcess(root.resolve("log"), "record",
            "--journal", journal.toString(), "--kernel", LinuxGuest.KERNEL.toString(),
            "--initrd", LinuxGuest.INITRD.toString(), "--memory", "64M", "--netdev", "stream,path=" + socket,
            "--append", COMMAND_LINE);
        Process passt = null;
        try (TestNetwork network = new TestNetwork())
        {
            final NetworkNamespace host = network.host("a");
            final NetworkNamespace client = network.host("c");
            host.run("ip", "route", "add", "default", "via", GATEWAY);
            final HttpServer server = client.call(() -> HttpServer.create(new InetSocketAddress(CLIENT, HTTP_PORT), 0));
            server.createContext("/", exchange -> answer(exchange, client));
            server.start();
            try
            {
                passt = passt(host);
                guest.start(Commands.JVM_OPTIONS.toArray(String[]::new));
                assertThat(guest.awaitExit(TestPair.TIMEOUT.toMillis())).as(() -> logs(guest)).isZero();
            }
            finally
            {
                guest.kill();
                server.stop(0);
                if (passt != null)
                {
                    passt.destroyForcibly().waitFor();
                }
            }
        }
        assertServed(Files.readString(guest.log()));
        assertServed(Commands.replayUnderEnginesWithDigests(journal));
    }

    private static void assertServed(final String console)
    {
        assertThat(console).contains("lease of " + HOST + " obtained from " + GATEWAY).contains("visits: " + REQUESTS);
    }

    private Process passt(final NetworkNamespace host) throws IOException
    {
        final List<String> command = new ArrayList<>(List.of(host.launcher()));
        command.addAll(List.of("passt", "--foreground", "--stderr", "--socket", socket.toString(),
            "--tcp-ports", Integer.toString(LinuxGuest.PORT)));
        return new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(messages.toFile())
            .redirectInput(new File("/dev/null"))
            .start();
    }

    /** Answers the guest's request with what came of the client's own to the guest, by its host's port. */
    private static void answer(final HttpExchange exchange, final NetworkNamespace client) throws IOException
    {
        String result;
        try
        {
            result = "visits: " + client.call(PasstTest::count);
        }
        catch (final Exception e)
        {
            result = e.toString();
        }
        try (exchange)
        {
            final byte[] text = (result + "\n").getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(HttpURLConnection.HTTP_OK, text.length);
            exchange.getResponseBody().write(text);
        }
    }

    private static String count() throws IOException
    {
        try (RespConnection connection = new RespConnection(new InetSocketAddress(HOST, LinuxGuest.PORT)))
        {
            for (int i = 1; i < REQUESTS; i++)
            {
                assertThat(connection.request("INCR", "n")).isEqualTo(Integer.toString(i));
            }
            // Longer than a frame, both ways.
            final String value = "v".repeat(20_000);
            assertThat(connection.request("SET", "long", value)).isEqualTo("OK");
            assertThat(connection.request("GET", "long")).isEqualTo(value);
            return connection.request("INCR", "n");
        }
    }

    private String logs(final UnderstudyProcess guest)
    {
        try
        {
            return Files.readString(guest.log()) + "\npasst:\n" + Files.readString(messages);
        }
        catch (final IOException e)
        {
            return e.toString();
        }
    }
}
