package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.CountingClient;
import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel and the Redis that Debian ships, unchanged, as the guest. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class DebianGuestTest
{
    private static final String NAMESPACE = "usd" + ProcessHandle.current().pid();
    private static final String ADDRESS = "10.77.2.2";
    private static final String HOST_ADDRESS = "10.77.2.1/24";
    private static final int REQUESTS = 100_000;
    private static final int FEW_REQUESTS = 10_000;
    private static final int KEYS = 50;
    private static final int REPLIES = 100;

    /** More than the default, because the machine is busy with two boots. */
    private static final int HEARTBEAT_TIMEOUT_MS = 1_500;
    private static final int ROWS = 20_000;
    private static final int TRANSACTIONS = 200;

    /** The translator, most of whose time goes into cold code, has taken four minutes on a slow machine. */
    private static final Duration REPLAY_TIMEOUT = Duration.ofMinutes(15);

    private static final InetSocketAddress REDIS = new InetSocketAddress(ADDRESS, LinuxGuest.PORT);

    @TempDir
    private Path root;

    @BeforeEach
    void needGuest()
    {
        Needs.program("ip", "iproute2");
        Needs.program("redis-benchmark", "redis-tools");
        DebianGuest.need();
    }

    @ParameterizedTest
    @CsvSource({"interpreter, translator", "translator, interpreter"})
    void bootsToRedisAndAnswersItsConsoleAndRebootsAlsoInTheReplay(final String engine, final String engineOfReplay)
        throws Exception
    {
        final Path journal = root.resolve("journal");
        try (NetworkNamespace host = host())
        {
            final UnderstudyProcess guest = start(host, "record", "--engine", engine, "--journal", journal.toString());
            try
            {
                host.call(() -> ping(REDIS, guest));
                final GuestConsole console = console(guest);
                assertThat(console.run("echo seen $((6*7))")).isEqualTo("seen 42");
                assertThat(console.run("uname -sv")).startsWith("Linux").contains(" Debian ");
                assertThat(console.run("lua5.4 -e 'print(string.format(\"%.17g\", 2^53 / 3))'"))
                    .isEqualTo("3002399751580330.5");
                benchmark(host, console, FEW_REQUESTS);
                // Linux' last words are not awaited: 6.12.117 resets its virtio devices first, the console among them.
                assertThat(console.run("echo outlives > /root/outlives; sync; echo done")).isEqualTo("done");
                console.type("reboot");
                console.await("Linux version");
                console.settle();
                assertThat(console.run("cat /root/outlives")).isEqualTo("outlives");
                console.type("poweroff");
                assertThat(guest.awaitExit(DebianGuest.TIMEOUT.toMillis())).isZero();
            }
            finally
            {
                guest.kill();
            }
        }
        assertThat(replay(journal, engineOfReplay)).contains("3002399751580330.5").contains("\"outcome\":\"SHUTDOWN\"");
    }

    @Test
    void aBootALoadOnTheNetworkAndOneOnTheDiskReplayBitForBit() throws Exception
    {
        final Path journal = root.resolve("journal");
        try (NetworkNamespace host = host())
        {
            final UnderstudyProcess guest = start(host, "record", "--journal", journal.toString());
            try
            {
                host.call(() -> ping(REDIS, guest));
                final GuestConsole console = console(guest);
                benchmark(host, console, REQUESTS);
                loadDisk(console);
                console.type("poweroff");
                assertThat(guest.awaitExit(DebianGuest.TIMEOUT.toMillis())).isZero();
            }
            finally
            {
                guest.kill();
            }
            System.out.println("recorded: " + Commands.understudy("verify", journal.toString()).assertSuccess().output());
        }
        assertThat(replay(journal, Commands.ALL_ENGINES)).contains("20200|20200").contains("\"outcome\":\"SHUTDOWN\"");
    }

    @Test
    void theOtherNodeOfAPairAnswersWithTheDataAndOnTheSameConnectionWhenThePrimaryIsKilled() throws Exception
    {
        final InetSocketAddress redis = new InetSocketAddress(TestNetwork.GUEST, LinuxGuest.PORT);
        try (TestNetwork network = new TestNetwork();
            NetworkedPair pair = new NetworkedPair(root, network, DebianGuest.settings(TestNetwork.GUEST),
                HEARTBEAT_TIMEOUT_MS, DebianGuest.TIMEOUT, DebianGuest.JVM_OPTIONS))
        {
            final NetworkNamespace client = network.host("c");
            pair.start("a");
            pair.await("a is primary", status -> "a".equals(status.primary()));
            pair.start("b");
            pair.awaitProtected();
            client.call(() -> ping(redis, pair.node("a")));
            for (int i = 1; i <= KEYS; i++)
            {
                final String key = "key" + i;
                assertThat(client.call(() -> request(redis, "SET", key, "value of " + key))).isEqualTo("OK");
            }
            pair.awaitProtected();
            assertThat(pair.primary()).isEqualTo("a");
            try (CountingClient counter = new CountingClient(redis, client::enter, DebianGuest.TIMEOUT))
            {
                awaitReplies(counter, pair);
                pair.kill("a");
                awaitReplies(counter, pair);
                System.out.println("Debian's Redis, one TCP connection: longest time to a reply when its host was killed " +
                    counter.longestMs() + " ms, " + counter.replies() + " replies in order");
            }
            assertThat(pair.primary()).isEqualTo("b");
            for (int i = 1; i <= KEYS; i++)
            {
                final String key = "key" + i;
                assertThat(client.call(() -> request(redis, "GET", key))).isEqualTo("value of " + key);
            }
            // Through the file system to the drive, which is another now.
            assertThat(client.call(() -> request(redis, "SAVE"))).isEqualTo("OK");
        }
    }

    /** Each of them one more than the last: no request was lost or done twice, and the connection is the same. */
    private static void awaitReplies(final CountingClient counter, final NetworkedPair pair) throws InterruptedException
    {
        try
        {
            counter.awaitReplies(REPLIES);
        }
        catch (final IOException e)
        {
            throw new AssertionError(pair.logs(), e);
        }
    }

    /** Has Redis set so many values, and asks it how many that were. */
    private static void benchmark(final NetworkNamespace host, final GuestConsole console, final int requests)
        throws Exception
    {
        final String benchmark = host.run("redis-benchmark", "-h", ADDRESS, "-t", "set", "-r", "10000",
            "-n", Integer.toString(requests), "-c", "20", "-P", "16", "-q");
        assertThat(benchmark).contains("SET:").doesNotContain("rror");
        assertThat(console.run("redis-cli info commandstats | grep cmdstat_set:"))
            .startsWith("cmdstat_set:calls=" + requests + ",");
    }

    private static String replay(final Path journal, final String engines) throws Exception
    {
        final String output = Commands.replayUnderEngines(journal, engines, REPLAY_TIMEOUT, List.of(DebianGuest.JVM_OPTIONS));
        assertThat(output).contains("Ready to accept connections").containsPattern("\"digestsCompared\":[1-9]");
        return output;
    }

    /** Many transactions that each reach the disk, one that is large, and everything read from the disk again. */
    private static void loadDisk(final GuestConsole console) throws Exception
    {
        console.run("cd /root");
        assertThat(console.run("sqlite3 load.db 'create table t(n integer primary key, s text); create index i on t(s)'"))
            .isEmpty();
        assertThat(console.run("i=0; while [ $i -lt " + TRANSACTIONS + " ]; do i=$((i+1)); " +
            "echo 'insert into t(s) values(hex(randomblob(64)));'; done | sqlite3 load.db")).isEmpty();
        assertThat(console.run("sqlite3 load.db 'with recursive c(n) as " +
            "(select 1 union all select n+1 from c where n<" + ROWS + ") " +
            "insert into t(s) select hex(randomblob(64)) from c'")).isEmpty();
        assertThat(console.run("sync; echo 3 > /proc/sys/vm/drop_caches")).isEmpty();
        assertThat(console.run("sqlite3 load.db 'pragma integrity_check; select count(*), count(distinct s) from t'"))
            .isEqualTo(String.format(Locale.ROOT, "ok\n%1$d|%1$d", ROWS + TRANSACTIONS));
    }

    private static NetworkNamespace host() throws Exception
    {
        final NetworkNamespace host = new NetworkNamespace(NAMESPACE);
        host.run("ip", "tuntap", "add", "dev", "tap0", "mode", "tap");
        host.run("ip", "address", "add", HOST_ADDRESS, "dev", "tap0");
        host.run("ip", "link", "set", "dev", "tap0", "up");
        return host;
    }

    private UnderstudyProcess start(final NetworkNamespace host, final String... command) throws Exception
    {
        final String[] arguments = new String[command.length + 2];
        System.arraycopy(command, 0, arguments, 0, command.length);
        arguments[command.length] = "--netdev";
        arguments[command.length + 1] = "tap,ifname=tap0";
        final UnderstudyProcess guest = DebianGuest.withShell(
            root.resolve("guest.log"), ADDRESS, root.resolve("disk.overlay"), arguments).by(host.launcher());
        guest.start(DebianGuest.JVM_OPTIONS);
        return guest;
    }

    private static GuestConsole console(final UnderstudyProcess guest) throws Exception
    {
        final GuestConsole console = new GuestConsole(guest, DebianGuest.PROMPT, DebianGuest.TIMEOUT);
        console.settle();
        return console;
    }

    private static String ping(final InetSocketAddress redis, final UnderstudyProcess process) throws Exception
    {
        Services.await(redis, process, DebianGuest.TIMEOUT);
        final String answer = request(redis, "PING");
        assertThat(answer).isEqualTo("PONG");
        return answer;
    }

    private static String request(final InetSocketAddress redis, final String... request) throws Exception
    {
        final int timeoutMs = (int)DebianGuest.TIMEOUT.toMillis();
        try (RespConnection connection = new RespConnection(redis, timeoutMs, timeoutMs))
        {
            return connection.request(request);
        }
    }
}
