package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import dev.understudy.hypervisor.config.DefaultMac;
import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.PairStatus;
import dev.understudy.transport.LinkDirectory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** A pair whose nodes are on two hosts of a {@link TestNetwork}, and whose guest is a Linux with its own address. */
final class NetworkedPair implements AutoCloseable
{
    static final String NAME = "networked";
    static final String MAC = DefaultMac.of(NAME).toString();

    private static final int LINK_PORT = 40_100;
    private static final Duration POLL_TIMEOUT = Duration.ofMillis(300);
    private static final long POLL_MS = 20;
    private static final int SHOWN_LINES = 12;

    /** More than the default, because the machine is busy with the tests. */
    private static final int TIMEOUT_MS = 400;

    private final Path root;
    private final TestNetwork network;
    private final Duration patience;
    private final String[] jvmOptions;
    private final Map<String, UnderstudyProcess> nodes = new TreeMap<>();

    /**
     * The small Linux.
     *
     * @param root an empty directory for all files of the pair; the caller's to delete
     */
    NetworkedPair(final Path root, final TestNetwork network) throws IOException
    {
        this(root, network, """
            kernel: %s
            initrd: %s
            append: "%s"
            memory: 64M
            """.formatted(LinuxGuest.KERNEL, LinuxGuest.INITRD, LinuxGuest.commandLine(TestNetwork.GUEST)),
            TIMEOUT_MS, TestPair.TIMEOUT, Commands.JVM_OPTIONS.toArray(String[]::new));
    }

    /**
     * Another guest.
     *
     * @param root      an empty directory for all files of the pair; the caller's to delete
     * @param guest     lines of the configuration that say what it is
     * @param timeoutMs silence that makes a node a suspect
     * @param patience  for what the test waits for
     */
    NetworkedPair(
        final Path root,
        final TestNetwork network,
        final String guest,
        final int timeoutMs,
        final Duration patience,
        final String... jvmOptions)
        throws IOException
    {
        this.root = root;
        this.network = network;
        this.patience = patience;
        this.jvmOptions = jvmOptions.clone();
        Files.createDirectory(root.resolve("arbiter"));
        final Path config = Files.writeString(root.resolve("vm.yaml"), String.format(Locale.ROOT, """
            name: %s
            %s
            netdevs:
              - { tap: %s }
            arbiter: { directory: %s }
            heartbeat: { intervalMs: 20, timeoutMs: %d }
            nodes:
              a: { address: "%s:%d", data: %s }
              b: { address: "%s:%d", data: %s }
            """, NAME, guest, TestNetwork.TAP, root.resolve("arbiter"), timeoutMs,
            TestNetwork.ADDRESSES.get("a"), LINK_PORT, root.resolve("a"),
            TestNetwork.ADDRESSES.get("b"), LINK_PORT, root.resolve("b")));
        for (final String name : List.of("a", "b"))
        {
            nodes.put(name, new UnderstudyProcess(
                log(name), "serve", "--config", config.toString(), "--node", name).by(network.host(name).launcher()));
        }
    }

    void start(final String node) throws IOException
    {
        nodes.get(node).start(jvmOptions);
    }

    /** Ends a node with SIGKILL. */
    void kill(final String node) throws InterruptedException
    {
        nodes.get(node).kill();
    }

    UnderstudyProcess node(final String node)
    {
        return nodes.get(node);
    }

    /** Asks a node to leave. */
    void terminate(final String node) throws IOException, InterruptedException
    {
        Commands.run("kill", "-TERM", Long.toString(nodes.get(node).pid())).assertSuccess();
        assertThat(nodes.get(node).awaitExit(TestPair.TIMEOUT.toMillis())).as(this::logs).isZero();
    }

    PairStatus status() throws Exception
    {
        return network.host("c").call(() ->
        {
            final Map<String, NodeStatus> answers = new TreeMap<>();
            for (final String name : nodes.keySet())
            {
                answers.put(name, PairStatus.fetch(
                    new InetSocketAddress(TestNetwork.ADDRESSES.get(name), LINK_PORT), POLL_TIMEOUT));
            }
            return new PairStatus(answers);
        });
    }

    void awaitProtected() throws Exception
    {
        await("the pair is protected", PairStatus::isProtected);
    }

    void await(final String what, final Predicate<PairStatus> wanted) throws Exception
    {
        final long endNs = System.nanoTime() + patience.toNanos();
        PairStatus status = status();
        while (!wanted.test(status))
        {
            assertThat(System.nanoTime() - endNs).as("%s%n%s%s", what, status.toText(), logs()).isNegative();
            Thread.sleep(POLL_MS);
            status = status();
        }
    }

    String primary() throws Exception
    {
        final String primary = status().primary();
        assertThat(primary).as(this::logs).isNotNull();
        return primary;
    }

    /** Ends both nodes with SIGKILL, and replays what is in the journal of each under all engines. */
    void replayJournals() throws IOException, InterruptedException
    {
        for (final Map.Entry<String, UnderstudyProcess> node : nodes.entrySet())
        {
            node.getValue().kill();
            Commands.replayJournalOfPair(root.resolve(node.getKey()).resolve("journal"));
        }
    }

    private Path log(final String node)
    {
        return root.resolve(node + ".log");
    }

    /** The last lines of both nodes, for a person who looks at a failure. */
    String logs()
    {
        final StringBuilder text = new StringBuilder();
        for (final String node : nodes.keySet())
        {
            try
            {
                final List<String> lines = Files.readString(log(node)).lines().toList();
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

    @Override
    public void close() throws InterruptedException
    {
        for (final Map.Entry<String, UnderstudyProcess> node : nodes.entrySet())
        {
            node.getValue().kill();
        }
        // The buffers of a link outlive a process that was killed.
        LinkDirectory.deleteStale();
    }
}
