package dev.understudy.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** The key-value guest behind a TCP port of this host: run, recorded, or by a pair. */
final class Service implements AutoCloseable
{
    private static final long START_TIMEOUT_NS = 30_000_000_000L;
    private static final long POLL_MS = 50;

    /**
     * What redis-benchmark measured.
     *
     * @param rate    requests a second
     * @param medianMs latency
     * @param seconds that it took
     */
    record Load(double rate, double medianMs, double seconds)
    {
    }

    private final int port;
    private final List<Command> processes = new ArrayList<>();

    private Service(final int port)
    {
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
        work.delete("pair");
        Files.createDirectories(work.path("pair").resolve("arbiter"));
        final String config = work.path("pair").resolve("vm.yaml").toString();
        Files.writeString(work.path("pair").resolve("vm.yaml"), """
            name: benchmark%d
            kernel: %s
            memory: 64M
            forwards:
              - { host: %d, guest: 6379 }
            arbiter: { directory: %s }
            heartbeat: { intervalMs: 20, timeoutMs: 200 }
            nodes:
              a: { address: "127.0.0.1:%d", data: %s }
              b: { address: "127.0.0.1:%d", data: %s }
            """.formatted(service.port, work.guest("kv/kv.elf"), service.port, work.path("pair").resolve("arbiter"),
            freePort(), work.path("pair").resolve("a"), freePort(), work.path("pair").resolve("b")),
            StandardCharsets.UTF_8);
        service.started(work.understudy("serve", "--config", config, "--node", "a"));
        service.processes.add(new Command(work.understudy("serve", "--config", config, "--node", "b")));
        final long deadlineNs = System.nanoTime() + START_TIMEOUT_NS;
        while (!isProtected(work.understudy("status", "--config", config)))
        {
            if (System.nanoTime() - deadlineNs > 0)
            {
                throw new IOException("the pair is not protected: " + service.processes.getLast().output());
            }
            Thread.sleep(POLL_MS);
        }
        return service;
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

    private Service started(final List<String> words) throws IOException, InterruptedException
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
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            socket.setSoTimeout(1_000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            return socket.getInputStream().read() == '+';
        }
        catch (final IOException e)
        {
            return false;
        }
    }

    /** Writes from some clients at once. */
    Load set(final int clients, final int requests) throws IOException, InterruptedException
    {
        final long startNs = System.nanoTime();
        final String[] lines = Command.output(List.of("redis-benchmark", "-p", Integer.toString(port), "-t", "set",
            "-n", Integer.toString(requests), "-c", Integer.toString(clients), "--csv")).split("\n");
        final double seconds = (System.nanoTime() - startNs) / 1e9;
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms",…
        final String[] fields = lines[lines.length - 1].replace("\"", "").split(",");
        return new Load(Double.parseDouble(fields[1]), Double.parseDouble(fields[4]), seconds);
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
