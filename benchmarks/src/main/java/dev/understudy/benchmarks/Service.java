package dev.understudy.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A guest that serves the Redis protocol, and the processes that run it. {@link LinuxService} makes those of Linux. */
final class Service implements AutoCloseable
{
    private static final long START_TIMEOUT_NS = 60_000_000_000L;
    private static final long POLL_MS = 50;

    /**
     * What redis-benchmark measured.
     *
     * @param requests that it made
     * @param rate     requests a second
     * @param medianMs latency
     * @param timing   what the load took; the processor time is that of the processes that serve
     */
    record Load(int requests, double rate, double medianMs, Command.Timing timing)
    {
        /** Processor time of all processes that serve, for a request. */
        double processorUs()
        {
            return timing.processorSeconds() * 1e6 / requests;
        }
    }

    private final String host;
    private final int port;
    private final List<Command> processes = new ArrayList<>();

    private Workspace work;
    private Path config;

    private Service(final int port)
    {
        this("127.0.0.1", port);
    }

    /** Nothing is started yet. */
    Service(final String host, final int port)
    {
        this.host = host;
        this.port = port;
    }

    static Service run(final Workspace work) throws IOException, InterruptedException
    {
        final Service service = new Service(freePort());
        return service.started(work.understudy("run", "--kernel", work.guest("kv/kv.elf").toString(),
            "--forward", service.port + ":6379"));
    }

    static Service record(final Workspace work, final String journal) throws IOException, InterruptedException
    {
        final Service service = new Service(freePort());
        return service.started(work.understudy("record", "--journal", journal,
            "--kernel", work.guest("kv/kv.elf").toString(), "--forward", service.port + ":6379"));
    }

    /** A pair on this host, once it is protected. */
    static Service pair(final Workspace work) throws IOException, InterruptedException
    {
        final Service service = new Service(freePort());
        return service.startedPair(work, String.format(Locale.ROOT, """
            name: benchmark%d
            kernel: %s
            memory: 64M
            forwards:
              - { host: %d, guest: 6379 }
            """, service.port, work.guest("kv/kv.elf"), service.port), "", 200);
    }

    /**
     * Starts a pair and waits until it is protected.
     *
     * @param guest     lines of the configuration that say what the guest is
     * @param second    what is special about the second node, from a comma on
     * @param timeoutMs silence after which a node takes its peer for dead
     */
    Service startedPair(final Workspace work, final String guest, final String second, final int timeoutMs)
        throws IOException, InterruptedException
    {
        work.delete("pair");
        Files.createDirectories(work.path("pair").resolve("arbiter"));
        config = Files.writeString(work.path("pair").resolve("vm.yaml"), guest + String.format(Locale.ROOT, """
            arbiter: { directory: %s }
            heartbeat: { intervalMs: 20, timeoutMs: %d }
            nodes:
              a: { address: "127.0.0.1:%d", data: %s }
              b: { address: "127.0.0.1:%d", data: %s%s }
            """, work.path("pair").resolve("arbiter"), timeoutMs, freePort(), work.path("pair").resolve("a"),
            freePort(), work.path("pair").resolve("b"), second), StandardCharsets.UTF_8);
        this.work = work;
        started(nodeCommand(0));
        processes.add(new Command(nodeCommand(1)));
        awaitProtected();
        return this;
    }

    /** Starts a node of a pair again, which was killed; 0 is the first. */
    void restart(final int node) throws IOException
    {
        processes.set(node, new Command(nodeCommand(node)));
    }

    private List<String> nodeCommand(final int node)
    {
        return work.understudy("serve", "--config", config.toString(), "--node", node == 0 ? "a" : "b");
    }

    /** Waits until the backup of a pair holds the journal. */
    void awaitProtected() throws IOException, InterruptedException
    {
        final long deadlineNs = System.nanoTime() + START_TIMEOUT_NS;
        while (!isProtected(work.understudy("status", "--config", config.toString())))
        {
            if (System.nanoTime() - deadlineNs > 0)
            {
                throw new IOException("the pair is not protected:\n" + processes.getFirst().output() + "\n" +
                    processes.getLast().output());
            }
            Thread.sleep(POLL_MS);
        }
    }

    private static boolean isProtected(final List<String> status) throws InterruptedException
    {
        try
        {
            Command.output(status);
            return true;
        }
        catch (final IOException e)
        {
            return false;
        }
    }

    /** Starts a process and waits until the guest answers. */
    Service started(final List<String> words) throws IOException, InterruptedException
    {
        final Command process = new Command(words);
        processes.add(process);
        final long deadlineNs = System.nanoTime() + START_TIMEOUT_NS;
        while (!answers())
        {
            if (System.nanoTime() - deadlineNs > 0 || !process.isAlive())
            {
                throw new IOException("the service did not start: " + process.output());
            }
            Thread.sleep(POLL_MS);
        }
        return this;
    }

    private boolean answers()
    {
        try (Socket socket = new Socket())
        {
            socket.connect(new InetSocketAddress(host, port), 1_000);
            socket.setSoTimeout(1_000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            return socket.getInputStream().read() == '+';
        }
        catch (final IOException e)
        {
            return false;
        }
    }

    /** Writes from some clients at once; options are those of redis-benchmark. */
    Load set(final int clients, final int requests, final String... options) throws IOException, InterruptedException
    {
        return load(List.of(), clients, requests, options);
    }

    /** The same with the clients on the last processor alone, not wherever Linux runs them. */
    Load setBound(final int clients, final int requests) throws IOException, InterruptedException
    {
        final int last = Runtime.getRuntime().availableProcessors() - 1;
        return load(List.of("taskset", "--cpu-list", Integer.toString(last)), clients, requests);
    }

    private Load load(final List<String> prefix, final int clients, final int requests, final String... options)
        throws IOException, InterruptedException
    {
        final List<String> words = new ArrayList<>(prefix);
        words.addAll(List.of("redis-benchmark", "-h", host, "-p", Integer.toString(port),
            "-t", "set", "-n", Integer.toString(requests), "-c", Integer.toString(clients), "--csv"));
        words.addAll(List.of(options));
        final double usedSeconds = processorSeconds();
        final long startNs = System.nanoTime();
        final String[] lines = Command.output(words).split("\n");
        final Command.Timing timing =
            new Command.Timing((System.nanoTime() - startNs) / 1e9, processorSeconds() - usedSeconds);
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",…
        final String[] fields = lines[lines.length - 1].replace("\"", "").split(",");
        return new Load(requests, Double.parseDouble(fields[1]), Double.parseDouble(fields[4]), timing);
    }

    private double processorSeconds()
    {
        return processes.stream().mapToDouble(Command::processorSeconds).sum();
    }

    /** The processes that serve, in the order of their start. */
    List<Command> processes()
    {
        return processes;
    }

    private static int freePort() throws IOException
    {
        try (ServerSocket socket = new ServerSocket(0))
        {
            return socket.getLocalPort();
        }
    }

    /** Ends the last first, so that a primary is not replaced by a backup that ends as well. */
    @Override
    public void close() throws IOException
    {
        for (final Command process : processes.reversed())
        {
            process.close();
        }
    }
}
