package dev.understudy.hypervisor.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.understudy.failover.role.FailoverRecord;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StatusServerTest
{
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final NodeStatus BACKUP = new NodeStatus("backup", 3, false, "none", 9_120_331_007L, 48_812, 7, 12, true, 5,
        6, 7, 8, 54, new FailoverRecord(2, "a", "b", 1_794_000_000_000L, "silence", 210), null, null, 4711, 12);

    private final AtomicReference<NodeStatus> published = new AtomicReference<>(BACKUP);
    private final HttpClient client = HttpClient.newHttpClient();
    private StatusServer server;

    @BeforeEach
    void start() throws IOException
    {
        server = new StatusServer(ANY_PORT, published::get, () -> "more_metrics 1\n", 0xfedcba9876543210L);
    }

    @AfterEach
    void stop()
    {
        server.close();
        client.close();
    }

    @Test
    void statusGoesToJsonAndBack()
    {
        assertThat(StatusClient.fetch(address(), TIMEOUT)).contains(BACKUP);

        final NodeStatus halted = new NodeStatus(
            "halted", 4, true, "none", 1, 2, 3, 4, false, 0, 0, 0, 0, 0, null, "the arbiter \"gave\"\nit away", "waits", 1, 0);
        published.set(halted);
        assertThat(StatusClient.fetch(address(), TIMEOUT)).contains(halted);
    }

    @Test
    void saysWhichProcessItIs() throws Exception
    {
        assertThat(send("GET", StatusServer.INCARNATION_PATH).body()).isEqualTo("fedcba9876543210\n")
            .matches(StatusServer.INCARNATION);
    }

    @Test
    void statusHasTheNamesThatOthersRead() throws Exception
    {
        final HttpResponse<String> response = send("GET", "/status");
        final JsonNode json = new ObjectMapper().readTree(response.body());

        assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
        final List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        assertThat(names).containsExactlyInAnyOrder("role", "generation", "solo", "backup", "position", "journalSequence",
            "lagEvents", "lagMs", "hearsPeer", "connections", "lostFrames", "lostConsoleBytes",
            "lostNoticeBytes", "digestsCompared", "lastFailover", "haltReason", "trouble", "pid",
            "ageMs", "stale");
        assertThat(json.get("lastFailover").get("silenceMs").asInt()).isEqualTo(210);
    }

    @Test
    void metricsAreThoseOfTheStatusAndWhatFollows() throws Exception
    {
        final HttpResponse<String> response = send("GET", "/metrics");

        assertThat(response.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/plain; version=0.0.4");
        assertThat(response.body().lines().filter(line -> !line.startsWith("#"))).containsExactly(
            "understudy_role{role=\"backup\"} 1",
            "understudy_status_age_seconds 0.012",
            "understudy_generation 3",
            "understudy_solo 0",
            "understudy_peer_heard 1",
            "understudy_guest_instructions 9120331007",
            "understudy_journal_sequence 48812",
            "understudy_lag_events 7",
            "understudy_lag_seconds 0.012",
            "understudy_connections 5",
            "understudy_network_lost_frames_total 6",
            "understudy_console_lost_bytes_total 7",
            "understudy_messages_lost_bytes_total 8",
            "understudy_digests_compared_total 54",
            "understudy_arbiter_usable 1",
            "understudy_halted 0",
            "understudy_last_failover_timestamp_seconds 1794000000.000",
            "understudy_last_failover_silence_seconds 0.210",
            "more_metrics 1");
        assertThat(response.body().lines().filter(line -> line.startsWith("# TYPE"))).hasSize(18);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/statusx", "/status/x", "/favicon.ico", "/metrics/"})
    void otherPathsAreNotFound(final String path) throws Exception
    {
        assertThat(send("GET", path).statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE"})
    void nothingCanBeChanged(final String method) throws Exception
    {
        assertThat(send(method, "/status").statusCode()).isEqualTo(405);
    }

    @Test
    void headHasNoBody() throws Exception
    {
        final HttpResponse<String> response = send("HEAD", "/status");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
    }

    @Test
    void failureOfTheSourceIsSaidAndTheServerLivesOn() throws Exception
    {
        published.set(null);
        assertThat(send("GET", "/metrics").statusCode()).isEqualTo(500);

        published.set(BACKUP);
        assertThat(send("GET", "/metrics").statusCode()).isEqualTo(200);
    }

    @Test
    void strangersWithHalfARequestHoldUpNobody() throws Exception
    {
        final List<Socket> strangers = new ArrayList<>();
        try
        {
            for (int i = 0; i < 20; i++)
            {
                final Socket stranger = new Socket(InetAddress.getLoopbackAddress(), server.port());
                stranger.getOutputStream().write("GET /status HT".getBytes(StandardCharsets.US_ASCII));
                strangers.add(stranger);
            }
            assertThat(StatusClient.fetch(address(), TIMEOUT)).contains(BACKUP);
        }
        finally
        {
            for (final Socket stranger : strangers)
            {
                stranger.close();
            }
        }
    }

    @Test
    void portInUseIsNamed()
    {
        assertThatThrownBy(() -> new StatusServer(address(), published::get).close()).isInstanceOf(IOException.class)
            .hasMessageContaining("127.0.0.1:" + server.port()).hasMessageContaining("is this node running already?");
    }

    @Test
    void nodeThatIsNotThereHasNoStatus()
    {
        server.close();

        assertThat(StatusClient.fetch(address(), TIMEOUT)).isEmpty();
    }

    @Test
    void nodeThatIsStoppedHasNoStatus() throws IOException
    {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()))
        {
            final InetSocketAddress address = new InetSocketAddress("127.0.0.1", silent.getLocalPort());
            assertThat(StatusClient.fetch(address, Duration.ofMillis(50))).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "",
    })
    void whatIsNoNodeHasNoStatus(final String answer) throws Exception
    {
        try (ServerSocket other = new ServerSocket(0, 8, InetAddress.getLoopbackAddress()))
        {
            Thread.ofVirtual().start(() ->
            {
                try
                {
                    while (true)
                    {
                        try (Socket socket = other.accept())
                        {
                            socket.getInputStream().read(new byte[4096]);
                            socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                        }
                    }
                }
                catch (final IOException e)
                {
                    // The test has closed the socket.
                }
            });
            assertThat(StatusClient.fetch(new InetSocketAddress("127.0.0.1", other.getLocalPort()), TIMEOUT)).isEmpty();
        }
    }

    @Test
    void pairIsProtectedOnlyByALiveBackupOfTheSameGeneration()
    {
        final NodeStatus primary = status("primary", 3, false);
        final NodeStatus backup = status("backup", 3, false);

        assertThat(pair(primary, backup).isProtected()).isTrue();
        assertThat(pair(backup, primary).isProtected()).isTrue();
        assertThat(pair(status("primary", 3, true), backup).isProtected()).as("solo").isFalse();
        assertThat(pair(status("primary", 4, false), backup).isProtected()).as("another generation").isFalse();
        assertThat(pair(primary, primary).isProtected()).as("two primaries").isFalse();
        assertThat(pair(backup, backup).isProtected()).as("two backups").isFalse();
        assertThat(pair(primary, status("joining", 3, false)).isProtected()).as("joining").isFalse();
        assertThat(pair(primary, status("halted", 3, false)).isProtected()).as("halted").isFalse();
        assertThat(pair(primary, NodeStatus.unreachable()).isProtected()).as("unreachable").isFalse();
        assertThat(pair(status("primary", 3, false, NodeStatus.STALE_MS), backup).isProtected()).as("a look ago").isTrue();
        assertThat(pair(status("primary", 3, false, 3_200), backup).isProtected()).as("a primary that hangs").isFalse();
        assertThat(pair(primary, status("backup", 3, false, 3_200)).isProtected()).as("a backup that hangs").isFalse();
    }

    @Test
    void aNodeThatHangsIsNoPrimaryAndShownAsStale() throws Exception
    {
        final NodeStatus hangs = status("primary", 3, false, 3_200);
        final PairStatus status = pair(hangs, status("primary", 4, true));
        assertThat(status.primary()).isEqualTo("b");
        assertThat(status.toText()).contains("stale for 3.2 s").containsOnlyOnce("stale");

        published.set(hangs);
        assertThat(send("GET", "/status").body()).contains("\"ageMs\":3200", "\"stale\":true");
    }

    @Test
    void pairKnowsTheNewestGenerationAndFailover()
    {
        final PairStatus pair = pair(BACKUP, status("primary", 5, false));

        assertThat(pair.generation()).isEqualTo(5);
        assertThat(pair.lastFailover().generation()).isEqualTo(2);
        assertThat(pair.primary()).isEqualTo("b");
        assertThat(pair.toMap()).containsOnlyKeys("protected", "generation", "nodes", "lastFailover");
        assertThat(pair(NodeStatus.unreachable(), NodeStatus.unreachable()).primary()).isNull();
    }

    @Test
    void tableNamesNodesRolesAndWhatIsWrong()
    {
        final String table = pair(status("primary", 3, true), NodeStatus.unreachable()).toText();

        assertThat(table.lines().toList()).satisfiesExactly(
            header -> assertThat(header).startsWith("node"),
            line -> assertThat(line).startsWith("a ").contains("primary").contains("runs alone"),
            line -> assertThat(line).startsWith("b ").contains("unreachable"),
            line -> assertThat(line).isEqualTo("NOT protected"));
        assertThat(pair(status("primary", 3, false), BACKUP).toText())
            .contains("6 frames lost").contains("last failover: generation 2, from a to b").endsWith("protected" + System.lineSeparator());
    }

    @Test
    void pairIsNotProtectedWhileANodeHasTroubleWithTheArbiter()
    {
        final NodeStatus primary = status("primary", 3, false);
        assertThat(pair(primary, BACKUP).isProtected()).isTrue();
        final NodeStatus blind = new NodeStatus(
            "backup", 3, false, "none", 1, 2, 0, 0, true, 0, 0, 0, 0, 0, null, null,
            "the arbiter cannot be reached: it is away", 1, 0);
        assertThat(pair(primary, blind).isProtected()).isFalse();
        assertThat(pair(primary, blind).toText()).contains("the arbiter cannot be reached: it is away")
            .endsWith("NOT protected" + System.lineSeparator());
        final NodeStatus joined = new NodeStatus(
            "primary", 3, true, "streaming", 1, 2, 0, 0, true, 0, 0, 0, 0, 0, null, null, null, 1, 0);
        assertThat(pair(joined, BACKUP).toText()).contains("runs alone, a backup joins");

        final NodeStatus waiting = new NodeStatus(
            "primary", 3, true, "none", 1, 2, 0, 0, true, 0, 0, 0, 0, 0, null, null, "waits for the arbiter", 1, 0);
        assertThat(pair(waiting, NodeStatus.unreachable()).toText()).contains("waits for the arbiter")
            .doesNotContain("runs alone");
    }

    private static PairStatus pair(final NodeStatus a, final NodeStatus b)
    {
        final Map<String, NodeStatus> nodes = new LinkedHashMap<>();
        nodes.put("a", a);
        nodes.put("b", b);
        return new PairStatus(nodes);
    }

    private static NodeStatus status(final String role, final long generation, final boolean solo)
    {
        return status(role, generation, solo, 0);
    }

    private static NodeStatus status(final String role, final long generation, final boolean solo, final long ageMs)
    {
        return new NodeStatus(role, generation, solo, "none", 1, 2, 0, 0, true, 0, 0, 0, 0, 0, null, null, null, 1, ageMs);
    }

    private InetSocketAddress address()
    {
        return new InetSocketAddress("127.0.0.1", server.port());
    }

    private HttpResponse<String> send(final String method, final String path) throws IOException, InterruptedException
    {
        return client.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                .method(method, HttpRequest.BodyPublishers.noBody()).timeout(TIMEOUT).build(),
            HttpResponse.BodyHandlers.ofString());
    }
}
