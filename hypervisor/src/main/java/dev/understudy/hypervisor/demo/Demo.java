package dev.understudy.hypervisor.demo;

import com.sun.management.OperatingSystemMXBean;
import dev.understudy.chaos.client.CheckingClient;
import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.PairStatus;
import dev.understudy.transport.LinkDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Shows the main job on one machine: a pair of real processes serves clients, its primary is killed, nothing that was
 * acknowledged is lost, and a fresh backup makes it a pair again.
 */
public final class Demo implements AutoCloseable
{
    private static final int CLIENTS = 4;
    private static final Duration STATUS_TIMEOUT = Duration.ofMillis(500);

    /** A fresh backup replays the guest from its first instruction, beside a primary that works. */
    private static final long PROTECTED_TIMEOUT_MS = 120_000;
    private static final long REPLY_TIMEOUT_MS = 30_000;

    /** Some two seconds on a machine that is idle; a backup that joins meanwhile makes the guest five times as slow. */
    private static final long BOOT_TIMEOUT_MS = 120_000;
    private static final long POLL_MS = 50;

    /** Time for the processes' compilers to warm up before the first kill. */
    private static final long MIN_ROUND_MS = 1_500;

    /** How often nodes that ended by themselves are started again. */
    private static final int MAX_RESTARTS = 5;

    /** Memory of two nodes with a small guest each, and this process. */
    private static final long NEEDED_BYTES = 1L << 30;

    /**
     * What the demo found.
     *
     * @param acknowledgedRequests replies that the clients got
     * @param lostWrites           acknowledged writes that are not there at the end
     * @param wrongReads           reads of what the key could not have, and replies that do not fit their requests
     * @param bootMs               from the start of the first process to the guest's first reply
     * @param failoverMs           from each SIGKILL to the first reply after it
     * @param protectedAgainMs     from each start of a fresh backup until it has replayed what there was, and protects
     * @param journalBytes         length of the live node's journal
     * @param digestsCompared      digests of the machine that backups compared and found equal
     * @param problem              what went wrong, or null
     */
    public record Result(
        long acknowledgedRequests,
        long lostWrites,
        long wrongReads,
        double bootMs,
        List<Double> failoverMs,
        List<Double> protectedAgainMs,
        long journalBytes,
        long digestsCompared,
        String problem)
    {
        /** Whether nothing was lost. */
        public boolean isGood()
        {
            return lostWrites == 0 && wrongReads == 0 && problem == null;
        }
    }

    private final DemoGuest guest;
    private final String guestSettings;
    private final InetSocketAddress service;
    private final Consumer<String> progress;
    private final AtomicLong lastReplyNs = new AtomicLong();
    private final List<CheckingClient> clients = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Map<String, Long> digestsByProcess = new TreeMap<>();
    private int restarts;

    // What there is to clean up, guarded by this: nothing is made or started any more once it was.
    private final Map<String, UnderstudyProcess> nodes = new TreeMap<>();
    private Path directory;
    private PairConfiguration configuration;
    private boolean closed;

    /**
     * Checks what the demo needs; makes nothing yet.
     *
     * @param home     the directory of the repository
     * @param port     TCP port for the clients; 0 for a free one
     * @param progress told what is going on, a line each
     */
    public Demo(final DemoGuest guest, final Path home, final int port, final Consumer<String> progress)
        throws IOException
    {
        this.guest = guest;
        this.progress = progress;
        guestSettings = guest.settings(home);
        requireMemory();
        service = new InetSocketAddress("127.0.0.1", port == 0 ? freePort() : requireFree(port));
    }

    private synchronized void makeFiles() throws IOException
    {
        requireOpen();
        directory = Files.createTempDirectory("understudy-demo-");
        final Path config = directory.resolve("vm.yaml");
        Files.createDirectory(directory.resolve("arbiter"));
        Files.writeString(config, String.format(Locale.ROOT, """
            name: demo
            memory: 64M
            forwards:
              - { host: "127.0.0.1:%d", guest: %d }
            arbiter: { directory: %s }
            heartbeat: { intervalMs: 20, timeoutMs: 200 }
            nodes:
              a: { address: "127.0.0.1:%d", data: %s }
              b: { address: "127.0.0.1:%d", data: %s }
            """, service.getPort(), DemoGuest.PORT, DemoGuest.quoted(directory.resolve("arbiter")),
            freePort(), DemoGuest.quoted(directory.resolve("a")),
            freePort(), DemoGuest.quoted(directory.resolve("b"))) + guestSettings, StandardCharsets.UTF_8);
        configuration = PairConfiguration.load(config);
        for (final String name : configuration.nodes().keySet())
        {
            nodes.put(name, new UnderstudyProcess(
                directory.resolve(name + ".log"), "serve", "--config", config.toString(), "--node", name));
        }
    }

    /** Runs the demo. */
    public Result run(final int kills, final int seconds) throws IOException, InterruptedException
    {
        makeFiles();
        progress.accept("starts a pair: nodes a and b, clients on TCP port " + service.getPort() + ", guest " +
            guest.title());
        final long startNs = System.nanoTime();
        startNodes();
        final double bootMs = awaitGuest(startNs);
        awaitProtected();
        startClients();

        final List<Double> failoverMs = new ArrayList<>();
        final List<Double> protectedAgainMs = new ArrayList<>();
        final long roundMs = Math.max(MIN_ROUND_MS, seconds * 1000L / (kills + 1));
        for (int i = 1; i <= kills; i++)
        {
            Thread.sleep(ThreadLocalRandom.current().nextLong(roundMs / 2, roundMs));
            failoverMs.add(killPrimary(i, kills));
            final long freshNs = System.nanoTime();
            awaitProtected();
            protectedAgainMs.add((System.nanoTime() - freshNs) / 1e6);
        }
        Thread.sleep(MIN_ROUND_MS);
        return finish(bootMs, failoverMs, protectedAgainMs);
    }

    private synchronized void startNodes() throws IOException
    {
        requireOpen();
        for (final UnderstudyProcess node : nodes.values())
        {
            node.start();
        }
    }

    private void requireOpen() throws IOException
    {
        if (closed)
        {
            throw new IOException("the demo was stopped");
        }
    }

    /** Waits until the guest has booted and its service answers. */
    private double awaitGuest(final long startNs) throws IOException, InterruptedException
    {
        final long deadline = System.nanoTime() + BOOT_TIMEOUT_MS * 1_000_000;
        while (!isAnswering())
        {
            restartEnded();
            if (System.nanoTime() - deadline > 0)
            {
                throw new IOException(guest.title() + " does not answer after " + BOOT_TIMEOUT_MS + " ms" + logs());
            }
            Thread.sleep(POLL_MS);
        }
        final double ms = (System.nanoTime() - startNs) / 1e6;
        progress.accept(String.format(Locale.ROOT, "%s answers, %.1f s after the start", guest.title(), ms / 1000));
        return ms;
    }

    private boolean isAnswering()
    {
        try (RespConnection connection = new RespConnection(service))
        {
            return "PONG".equals(connection.request("PING"));
        }
        catch (final IOException e)
        {
            return false;
        }
    }

    private double killPrimary(final int number, final int kills) throws IOException, InterruptedException
    {
        if (!status().isProtected())
        {
            awaitProtected();
        }
        final String victim = status().primary();
        if (victim == null)
        {
            throw new IOException("there is no primary to kill" + logs());
        }
        final UnderstudyProcess node = nodes.get(victim);
        final long killedNs = System.nanoTime();
        node.kill();
        final long deadNs = System.nanoTime();
        final long deadline = deadNs + REPLY_TIMEOUT_MS * 1_000_000;
        // Replies that were on their way when the process died do not count.
        long firstReplyNs = lastReplyNs.get();
        while (firstReplyNs - deadNs < 20_000_000)
        {
            if (System.nanoTime() - deadline > 0)
            {
                throw new IOException("no reply within " + REPLY_TIMEOUT_MS + " ms after node " + victim +
                    " was killed" + logs());
            }
            Thread.sleep(1);
            firstReplyNs = lastReplyNs.get();
        }
        final double ms = (firstReplyNs - killedNs) / 1e6;
        progress.accept(String.format(Locale.ROOT,
            "kill %d of %d: node %s is dead, first reply after %.0f ms; starts a fresh %s, " +
            "which replays the guest from the beginning",
            number, kills, victim, ms, victim));
        startAfresh(victim);
        return ms;
    }

    private synchronized void startAfresh(final String name) throws IOException
    {
        requireOpen();
        deleteTree(directory.resolve(name));
        nodes.get(name).start();
    }

    private Result finish(final double bootMs, final List<Double> failoverMs, final List<Double> protectedAgainMs)
        throws IOException, InterruptedException
    {
        final String stalled = awaitEveryClient();
        clients.forEach(CheckingClient::stop);
        for (final Thread thread : threads)
        {
            thread.join();
        }
        progress.accept("clients have stopped, reads everything again");
        final PairStatus status = status();
        long lost = 0;
        for (final CheckingClient client : clients)
        {
            lost += client.countLost();
        }
        final String problem = clients.stream().map(CheckingClient::firstWrong).filter(it -> it != null).findFirst()
            .orElse(stalled);
        return new Result(
            clients.stream().mapToLong(CheckingClient::acknowledgedRequests).sum(),
            lost,
            clients.stream().mapToLong(CheckingClient::wrongReads).sum(),
            bootMs,
            failoverMs,
            protectedAgainMs,
            status.primary() == null ? 0 : size(directory.resolve(status.primary()).resolve("journal")),
            digestsByProcess.values().stream().mapToLong(Long::longValue).sum(),
            problem);
    }

    private synchronized void startClients() throws IOException
    {
        requireOpen();
        for (int i = 0; i < CLIENTS; i++)
        {
            final CheckingClient client = new CheckingClient(i, List.of(service), lastReplyNs);
            clients.add(client);
            threads.add(Thread.ofPlatform().daemon().name("client-" + i).start(client));
        }
        progress.accept(CLIENTS + " clients write and read");
    }

    /** Waits until each client got another reply, and says which one gets none: it would not see what is wrong. */
    private String awaitEveryClient() throws InterruptedException
    {
        final long deadline = System.nanoTime() + REPLY_TIMEOUT_MS * 1_000_000;
        final List<Long> before = clients.stream().map(CheckingClient::acknowledgedRequests).toList();
        for (int i = 0; i < CLIENTS; i++)
        {
            while (clients.get(i).acknowledgedRequests() == before.get(i))
            {
                if (!threads.get(i).isAlive() || System.nanoTime() - deadline > 0)
                {
                    return "client " + i + " gets no replies any more";
                }
                Thread.sleep(POLL_MS);
            }
        }
        return null;
    }

    private void awaitProtected() throws IOException, InterruptedException
    {
        final long deadline = System.nanoTime() + PROTECTED_TIMEOUT_MS * 1_000_000;
        while (!status().isProtected())
        {
            restartEnded();
            if (System.nanoTime() - deadline > 0)
            {
                throw new IOException("the pair is not protected after " + PROTECTED_TIMEOUT_MS + " ms" + logs());
            }
            Thread.sleep(POLL_MS);
        }
        progress.accept("protected: " + status().primary() + " is primary, the other node holds its journal");
    }

    /** A node that halted, because a loaded machine kept it from its heartbeats, is started again, as systemd would. */
    private synchronized void restartEnded() throws IOException
    {
        requireOpen();
        for (final Map.Entry<String, UnderstudyProcess> entry : nodes.entrySet())
        {
            final UnderstudyProcess node = entry.getValue();
            if (!node.isAlive())
            {
                if (restarts == MAX_RESTARTS)
                {
                    throw new IOException("node " + entry.getKey() + " ended" + logs());
                }
                restarts++;
                progress.accept("node " + entry.getKey() + " has ended by itself; starts it again");
                node.start();
            }
        }
    }

    private PairStatus status()
    {
        final PairStatus status = PairStatus.ask(configuration, STATUS_TIMEOUT);
        status.nodes().forEach((name, it) -> note(name, it));
        return status;
    }

    private void note(final String name, final NodeStatus status)
    {
        digestsByProcess.merge(name + status.pid(), status.digestsCompared(), Math::max);
    }

    private String logs()
    {
        final StringBuilder text = new StringBuilder();
        for (final UnderstudyProcess node : nodes.values())
        {
            try
            {
                final List<String> lines = Files.readAllLines(node.log(), StandardCharsets.UTF_8);
                lines.subList(Math.max(0, lines.size() - 3), lines.size()).forEach(line -> text.append("\n  ").append(line));
            }
            catch (final IOException e)
            {
                // A node that was never started has no log.
            }
        }
        return text.toString();
    }

    private static void requireMemory() throws IOException
    {
        // The machine's, or what the control group of this process may use.
        requireMemory(
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize(), "may be used here");
        for (final String line : Files.readAllLines(Path.of("/proc/meminfo")))
        {
            if (line.startsWith("MemAvailable:"))
            {
                requireMemory(Long.parseLong(line.replaceAll("\\D", "")) << 10, "are available");
            }
        }
    }

    private static void requireMemory(final long bytes, final String what) throws IOException
    {
        if (bytes < NEEDED_BYTES)
        {
            throw new IOException(String.format(Locale.ROOT, "the demo needs %d MiB of memory, %d %s",
                NEEDED_BYTES >> 20, bytes >> 20, what));
        }
    }

    private static int freePort() throws IOException
    {
        try (ServerSocket socket = new ServerSocket(0))
        {
            return socket.getLocalPort();
        }
    }

    private static int requireFree(final int port) throws IOException
    {
        try (ServerSocket socket = new ServerSocket(port))
        {
            return socket.getLocalPort();
        }
        catch (final IOException e)
        {
            throw new IOException("TCP port " + port + " is in use: name another with --port", e);
        }
    }

    private static long size(final Path root) throws IOException
    {
        try (Stream<Path> files = Files.walk(root))
        {
            return files.filter(Files::isRegularFile).mapToLong(it -> it.toFile().length()).sum();
        }
    }

    private static void deleteTree(final Path root) throws IOException
    {
        if (!Files.isDirectory(root))
        {
            return;
        }
        try (Stream<Path> paths = Files.walk(root))
        {
            paths.sorted((a, b) -> b.compareTo(a)).forEach(path ->
            {
                try
                {
                    Files.deleteIfExists(path);
                }
                catch (final IOException e)
                {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    /** Ends every process and deletes every file of the demo. On any thread, and more than once. */
    @Override
    public synchronized void close()
    {
        closed = true;
        clients.forEach(CheckingClient::stop);
        try
        {
            for (final Map.Entry<String, UnderstudyProcess> node : nodes.entrySet())
            {
                node.getValue().kill();
            }
            // The buffers of a link outlive a process that was killed.
            LinkDirectory.deleteStale();
            if (directory != null)
            {
                deleteTree(directory);
            }
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
        catch (final IOException | UncheckedIOException e)
        {
            progress.accept("could not delete " + directory + ": " + e.getMessage());
        }
    }
}
