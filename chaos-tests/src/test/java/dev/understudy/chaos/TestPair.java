package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.CheckingClient;
import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import dev.understudy.failover.arbiter.DirectoryArbiter;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.PairStatus;
import dev.understudy.transport.LinkDirectory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A pair of real processes, {@code a} and {@code b}, that runs the key-value guest, and clients that check it.
 * <p>
 * Each node listens on an address of its own, so that a node which was stopped does not keep the port of the other.
 */
final class TestPair implements AutoCloseable
{
    /** The guest. */
    static final Path KV = Path.of("../guests/kv/kv.elf").toAbsolutePath().normalize();

    /** Above what this takes on a machine that is busy with other things; nothing here waits so long when all is well. */
    static final Duration TIMEOUT = Duration.ofSeconds(40);

    private static final Duration STATUS_TIMEOUT = Duration.ofMillis(1_000);

    /** Of one attempt among many, so that a node that was stopped does not hold up the test. */
    private static final Duration POLL_TIMEOUT = Duration.ofMillis(200);
    private static final long POLL_MS = 20;
    private static final int CLIENTS = 3;
    private static final int SHOWN_LINES = 12;
    private static final Map<String, String> LISTEN = Map.of("a", "127.0.0.2", "b", "127.0.0.3");

    private final Path root;
    private final int servicePort = FreePort.next();
    private final Map<String, Integer> ports = Map.of("a", FreePort.next(), "b", FreePort.next());
    private final Map<String, Path> data = new TreeMap<>();
    private final Map<String, UnderstudyProcess> nodes = new TreeMap<>();
    private final List<CheckingClient> clients = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Map<String, String> engines = new TreeMap<>();
    private final Map<String, UnaryOperator<String>> changes = new TreeMap<>();
    private final Map<String, String[]> launchers = new TreeMap<>();
    private final List<String> options = new ArrayList<>();
    private final List<String> jvmOptions = new ArrayList<>(Commands.JVM_OPTIONS);
    private String[] launcher = {};
    private final Thread onExit = new Thread(this::killAll);
    private Path arbiter;
    private TestLink link;
    private boolean isRead = true;

    /** What the nodes' own configurations call their hosts. */
    private String hostNames;

    /** More than the default, because the machine is busy with the tests. */
    private int timeoutMs = 400;
    private Path kernel = KV;
    private String settings = "";
    private String nodeSettings = "";
    private Path config;
    private PairConfiguration configuration;

    /** @param root an empty directory for all files of the pair; the caller's to delete */
    TestPair(final Path root) throws IOException
    {
        this.root = root;
        arbiter = root.resolve("arbiter");
        data.put("a", root.resolve("a"));
        data.put("b", root.resolve("b"));
        Files.createDirectory(arbiter);
        Runtime.getRuntime().addShutdownHook(onExit);
    }

    /** Gives a node another data directory; before the first start. */
    TestPair withData(final String node, final Path directory)
    {
        data.put(node, directory);
        return this;
    }

    /** Gives the pair another arbiter; before the first start. */
    TestPair withArbiter(final Path directory)
    {
        arbiter = directory;
        return this;
    }

    /** Gives the pair another guest, with further lines of configuration; before the first start. */
    TestPair withGuest(final Path otherKernel, final String furtherSettings)
    {
        kernel = otherKernel;
        settings = furtherSettings;
        return this;
    }

    /** Gives both nodes a further setting; before the first start. */
    TestPair withNodeSetting(final String setting)
    {
        nodeSettings += ", " + setting;
        return this;
    }

    /** Adds an option to the command line of nodes that are started from now on; none runs. */
    TestPair withOption(final String option)
    {
        options.add(option);
        nodes.clear();
        return this;
    }

    /** Adds an option to the JVMs of nodes that are started from now on; {@code %n} becomes the node's name. */
    TestPair withJvmOption(final String option)
    {
        jvmOptions.add(option);
        return this;
    }

    /** Has nodes started by another program, which gets what it is to start after its own arguments; before the first start. */
    TestPair withLauncher(final String... command)
    {
        launcher = command.clone();
        return this;
    }

    /** Has what the nodes write go to pipes that nobody reads; before the first start. */
    TestPair withUnreadOutput()
    {
        isRead = false;
        return this;
    }

    /** Closes the pipe of a node that nobody reads. */
    void closeOutput(final String node) throws IOException
    {
        nodes.get(node).closeOutput();
    }

    /** Has the guest executed on a node by another engine than the default; before its first start. */
    TestPair withEngine(final String node, final String engine)
    {
        engines.put(node, engine);
        return this;
    }

    /** Has the nodes know each other's hosts by name; {@code %n} becomes the node's. Before the first start. */
    TestPair withHostNames(final String pattern)
    {
        hostNames = pattern;
        return this;
    }

    /** Has a node's configuration differ from the pair's; before its first start. */
    TestPair withConfigOf(final String node, final UnaryOperator<String> change)
    {
        changes.put(node, change);
        return this;
    }

    /** Has a node started by a command that becomes it, such as {@code env NAME=VALUE}; before its first start. */
    TestPair withLauncherOf(final String node, final String... command)
    {
        launchers.put(node, command);
        return this;
    }

    /** Puts a network between the nodes that can be cut; before the first start. */
    TestPair withLink() throws IOException
    {
        link = new TestLink(ports);
        return this;
    }

    TestLink link()
    {
        return link;
    }

    /** Sets the silence that makes a node a suspect; before the first start. */
    TestPair withTimeoutMs(final int milliseconds)
    {
        timeoutMs = milliseconds;
        return this;
    }

    /** The newest generation that the arbiter has granted. */
    long arbitrated()
    {
        return new DirectoryArbiter(arbiter).current().generation();
    }

    Path arbiter()
    {
        return arbiter;
    }

    Path data(final String node)
    {
        return data.get(node);
    }

    /** The configuration, which is written when it is first asked for. */
    Path config() throws IOException
    {
        if (config == null)
        {
            config = writeConfig("vm.yaml", ports, data);
            configuration = PairConfiguration.load(config);
        }
        return config;
    }

    /** Writes a configuration of this pair with other ports and data directories. */
    Path writeConfig(final String name, final Map<String, Integer> linkPorts, final Map<String, Path> directories)
        throws IOException
    {
        return Files.writeString(root.resolve(name), String.format(Locale.ROOT, """
            name: chaos
            kernel: %s
            memory: 64M
            forwards:
              - { host: %d, guest: 6379 }
            arbiter: { directory: %s }
            heartbeat: { intervalMs: 20, timeoutMs: %d }
            nodes:
              a: { address: "127.0.0.1:%d", data: %s, listen: %s%s }
              b: { address: "127.0.0.1:%d", data: %s, listen: %s%s }
            %s
            """, kernel, servicePort, arbiter, timeoutMs,
            linkPorts.get("a"), directories.get("a"), LISTEN.get("a"), nodeSettings,
            linkPorts.get("b"), directories.get("b"), LISTEN.get("b"), nodeSettings, settings));
    }

    /** UDP and TCP ports of the nodes' links. */
    Map<String, Integer> ports()
    {
        return new TreeMap<>(ports);
    }

    Map<String, Path> data()
    {
        return new TreeMap<>(data);
    }

    /** A process that is no node of this pair but logs beside them. */
    UnderstudyProcess command(final String logName, final String... arguments)
    {
        return new UnderstudyProcess(root.resolve(logName), arguments);
    }

    /** Starts one node. */
    void start(final String node) throws IOException
    {
        final String file = configOf(node).toString();
        nodes.computeIfAbsent(node, name ->
        {
            final List<String> arguments = new ArrayList<>(List.of(
                "serve", "--config", file, "--node", name, "--engine", engines.getOrDefault(name, "mixed")));
            arguments.addAll(options);
            final UnderstudyProcess process = new UnderstudyProcess(
                root.resolve(name + ".log"), arguments.toArray(String[]::new))
                .by(launchers.getOrDefault(name, launcher));
            return isRead ? process : process.withUnreadOutput();
        }).start(jvmOptions.stream().map(option -> option.replace("%n", node)).toArray(String[]::new));
    }

    /** The configuration of one node: it reaches its peer through the link, where there is one. */
    private Path configOf(final String node) throws IOException
    {
        if (hostNames != null)
        {
            String text = Files.readString(config());
            for (final String name : data.keySet())
            {
                text = text.replace("127.0.0.1:" + ports.get(name), hostNames.replace("%n", name) + ":" + ports.get(name));
            }
            return Files.writeString(root.resolve(node + ".yaml"), text);
        }
        if (changes.containsKey(node))
        {
            return Files.writeString(root.resolve(node + ".yaml"), changes.get(node).apply(Files.readString(config())));
        }
        if (link == null)
        {
            return config();
        }
        final Map<String, Integer> seen = ports();
        seen.put(peerOf(node), link.entryOf(peerOf(node)));
        return writeConfig(node + ".yaml", seen, data);
    }

    /** Starts both nodes and waits until they are a pair. */
    TestPair startProtected() throws IOException, InterruptedException
    {
        start("a");
        start("b");
        awaitProtected();
        return this;
    }

    /** Starts both nodes such that a given one becomes primary, and waits until they are a pair. */
    TestPair startProtected(final String primary) throws IOException, InterruptedException
    {
        start(primary);
        await(primary + " is primary", status -> primary.equals(status.primary()));
        start(peerOf(primary));
        awaitProtected();
        assertThat(primary()).isEqualTo(primary);
        return this;
    }

    static String peerOf(final String node)
    {
        return node.equals("a") ? "b" : "a";
    }

    PairStatus status() throws IOException
    {
        return status(STATUS_TIMEOUT);
    }

    private PairStatus status(final Duration timeout) throws IOException
    {
        config();
        return PairStatus.ask(configuration, timeout);
    }

    NodeStatus status(final String node) throws IOException
    {
        return status().nodes().get(node);
    }

    /** Name of the primary of a pair that has one. */
    String primary() throws IOException
    {
        final String primary = status().primary();
        assertThat(primary).as(this::logs).isNotNull();
        return primary;
    }

    void awaitProtected() throws IOException, InterruptedException
    {
        await("the pair is protected", PairStatus::isProtected);
    }

    /** Waits until the pair's status is as wanted, and returns it. */
    PairStatus await(final String what, final Predicate<PairStatus> wanted) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TIMEOUT.toNanos();
        PairStatus status = status(POLL_TIMEOUT);
        while (!wanted.test(status))
        {
            assertThat(System.nanoTime() - endNs).as("%s%n%s%s", what, status.toText(), logs()).isNegative();
            Thread.sleep(POLL_MS);
            status = status(POLL_TIMEOUT);
        }
        return status;
    }

    /** Waits until a node has said something. */
    void awaitLog(final String node, final String text) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TIMEOUT.toNanos();
        while (!log(node).contains(text))
        {
            assertThat(System.nanoTime() - endNs).as("%s says '%s'%n%s", node, text, logs()).isNegative();
            Thread.sleep(POLL_MS);
        }
    }

    /** What a node has written so far. */
    String log(final String node) throws IOException
    {
        final Path log = root.resolve(node + ".log");
        return Files.exists(log) ? Files.readString(log) : "";
    }

    boolean isAlive(final String node)
    {
        return nodes.get(node).isAlive();
    }

    /** Ends a node with SIGKILL. */
    void kill(final String node) throws InterruptedException
    {
        nodes.get(node).kill();
    }

    /** Ends both nodes with SIGKILL, by one command. */
    void killBoth() throws IOException, InterruptedException
    {
        Commands.run("kill", "-KILL", Long.toString(nodes.get("a").pid()), Long.toString(nodes.get("b").pid()))
            .assertSuccess();
        kill("a");
        kill("b");
    }

    /** Sends a signal, named without its SIG. */
    void signal(final String node, final String signal) throws IOException, InterruptedException
    {
        Commands.run("kill", "-" + signal, Long.toString(nodes.get(node).pid())).assertSuccess();
    }

    /** Waits for the end of a node's process and returns its exit status. */
    int awaitExit(final String node) throws IOException, InterruptedException
    {
        return nodes.get(node).awaitExit(TIMEOUT.toMillis());
    }

    /** Where clients reach the guest while a node is live. */
    InetSocketAddress service(final String node)
    {
        return new InetSocketAddress(LISTEN.get(node), servicePort);
    }

    /** Waits until the guest answers on a node. */
    void awaitService(final String node) throws IOException, InterruptedException
    {
        Services.await(service(node), nodes.get(node));
    }

    /** Connects to the guest on the primary. */
    RespConnection connect() throws IOException
    {
        return new RespConnection(service(primary()));
    }

    /** Starts clients, which work until {@link #assertNothingLost()}, and waits until they are served. */
    void load() throws IOException, InterruptedException
    {
        for (int i = 0; i < CLIENTS; i++)
        {
            final CheckingClient client =
                new CheckingClient(i, List.of(service("a"), service("b")), new AtomicLong());
            clients.add(client);
            threads.add(Thread.ofPlatform().daemon().name("client-" + i).start(client));
        }
        awaitReplies(200);
    }

    /** Waits until each client got so many further replies. */
    void awaitReplies(final long count) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TIMEOUT.toNanos();
        for (final CheckingClient client : clients)
        {
            final long wanted = client.acknowledgedRequests() + count;
            while (client.acknowledgedRequests() < wanted)
            {
                assertThat(System.nanoTime() - endNs).as("clients are served%n%s%s", status().toText(), logs())
                    .isNegative();
                Thread.sleep(POLL_MS);
            }
        }
    }

    /** Number of replies that the clients got so far. */
    long replies()
    {
        return clients.stream().mapToLong(CheckingClient::acknowledgedRequests).sum();
    }

    /** Stops the clients, and reads every key again. */
    void assertNothingLost() throws IOException, InterruptedException
    {
        clients.forEach(CheckingClient::stop);
        for (final Thread thread : threads)
        {
            thread.join(TIMEOUT.toMillis());
            assertThat(thread.isAlive()).isFalse();
        }
        assertThat(clients).isNotEmpty();
        for (final CheckingClient client : clients)
        {
            assertThat(client.wrongReads()).as("%s%n%s", client.firstWrong(), logs()).isZero();
            assertThat(countLost(client)).as(this::logs).isZero();
        }
    }

    private int countLost(final CheckingClient client) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TIMEOUT.toNanos();
        while (true)
        {
            try
            {
                return client.countLost();
            }
            catch (final IOException e)
            {
                assertThat(System.nanoTime() - endNs).as("%s%n%s%s", e, status().toText(), logs()).isNegative();
            }
            Thread.sleep(POLL_MS);
        }
    }

    /** The last lines of both nodes, for a person who looks at a failure. */
    String logs()
    {
        final StringBuilder text = new StringBuilder();
        for (final String node : data.keySet())
        {
            try
            {
                final List<String> lines = log(node).lines().toList();
                lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size())
                    .forEach(line -> text.append(node).append(": ").append(line).append('\n'));
            }
            catch (final IOException e)
            {
                text.append(node).append(": ").append(e).append('\n');
            }
        }
        return text.toString();
    }

    /** Ends both nodes with SIGKILL, and replays what is in the journal of each under two engines. */
    void replayJournals() throws IOException, InterruptedException
    {
        killAll();
        for (final Path directory : data.values())
        {
            Commands.replayJournalOfPair(directory.resolve("journal"));
        }
    }

    /** As {@link #replayJournals}, under all engines. */
    void replayJournalsUnderAllEngines() throws IOException, InterruptedException
    {
        killAll();
        for (final Path directory : data.values())
        {
            Commands.replayUnderEnginesWithDigests(directory.resolve("journal"));
        }
    }

    private void killAll()
    {
        for (final Map.Entry<String, UnderstudyProcess> node : nodes.entrySet())
        {
            try
            {
                node.getValue().kill();
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        }
        // The buffers of a link outlive a process that was killed.
        LinkDirectory.deleteStale();
    }

    /** Ends all processes and clients. */
    @Override
    public void close() throws IOException, InterruptedException
    {
        clients.forEach(CheckingClient::stop);
        killAll();
        Runtime.getRuntime().removeShutdownHook(onExit);
        if (link != null)
        {
            link.close();
        }
    }
}
