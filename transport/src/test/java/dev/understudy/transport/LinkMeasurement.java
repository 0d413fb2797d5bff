package dev.understudy.transport;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Measures a link between two processes that sleep in their selectors: the cost of an idle node, the round trip of a
 * small entry and its acknowledgement, and the rate of entries of 1 KiB.
 * <p>
 * {@code main()} measures; {@code main(echo, port, peerPort, incarnation)} is the other end.
 */
public final class LinkMeasurement
{
    private static final int ENTRY_BYTES = 100;
    private static final int WARM_UP = 20_000;
    private static final int ROUND_TRIPS = 20_000;
    private static final int LARGE_ENTRIES = 200_000;
    private static final int LARGE_BYTES = 1024;
    private static final long IDLE_NS = 10_000_000_000L;
    private static final long HEARTBEAT_NS = LinkEnd.IDLE_SLEEP_MS * 1_000_000;

    private long lastHeartbeatNs;
    private long turns;

    private LinkMeasurement()
    {
    }

    public static void main(final String[] arguments) throws Exception
    {
        if (arguments.length > 0)
        {
            new LinkMeasurement().echo(
                Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), Long.parseLong(arguments[3]));
        }
        else
        {
            new LinkMeasurement().measure();
        }
    }

    private void turn(final LinkEnd end) throws IOException
    {
        final long nowNs = System.nanoTime();
        if (nowNs - lastHeartbeatNs >= HEARTBEAT_NS)
        {
            lastHeartbeatNs = nowNs;
            end.sayHeartbeat();
        }
        turns++;
        end.turn();
    }

    /** Joins, and acknowledges each entry, until a goodbye. */
    private void echo(final int port, final int peerPort, final long incarnation) throws IOException
    {
        try (LinkEnd end = new LinkEnd("echo", port, peerPort, incarnation))
        {
            final long[] last = {0, -1};
            end.listener = (session, entry, offset, length) ->
            {
                last[0] = session;
                last[1] = entry.getLong(offset);
            };
            long acknowledged = -1;
            while (end.goodbyes.isEmpty())
            {
                turn(end);
                if (last[1] < 0)
                {
                    end.protocol.join(1, -1, 0, 0, "", "");
                }
                if (last[1] != acknowledged && end.protocol.acknowledge(1, last[0], last[1], last[1], 0))
                {
                    acknowledged = last[1];
                    end.link.flush();
                    end.entries.clear();
                    end.sessions.clear();
                }
            }
        }
    }

    private void measure() throws IOException
    {
        final int[] ports = LinkEnd.freePorts(2);
        final Process other = start(ports[1], ports[0], 2);
        try (LinkEnd end = new LinkEnd("measure", ports[0], ports[1], 1))
        {
            while (!end.protocol.isConnected())
            {
                turn(end);
            }
            final UnsafeBuffer entry = new UnsafeBuffer(new byte[LARGE_BYTES]);
            final long[] roundTripNs = new long[ROUND_TRIPS];
            long value = 0;
            for (int i = -WARM_UP; i < ROUND_TRIPS; i++)
            {
                final long fromNs = System.nanoTime();
                roundTrip(end, entry, ++value);
                if (i >= 0)
                {
                    roundTripNs[i] = System.nanoTime() - fromNs;
                }
            }
            Arrays.sort(roundTripNs);
            System.out.printf(Locale.ROOT,
                "round trip of %d B and its acknowledgement: p50 %.1f us, p99 %.1f us, p99.9 %.1f us%n",
                ENTRY_BYTES, roundTripNs[ROUND_TRIPS / 2] / 1e3, roundTripNs[ROUND_TRIPS / 100 * 99] / 1e3,
                roundTripNs[ROUND_TRIPS / 1000 * 999] / 1e3);
            stream(end, entry, value);
            idle(end);
            System.out.printf(Locale.ROOT, "errors: %s%nthreads: %s%n", end.errors,
                Thread.getAllStackTraces().keySet().stream().map(Thread::getName).sorted().toList());
            end.protocol.goodbye(1, "measured");
            for (int i = 0; i < 20; i++)
            {
                turn(end);
            }
        }
        finally
        {
            other.destroy();
        }
    }

    private void roundTrip(final LinkEnd end, final UnsafeBuffer entry, final long value) throws IOException
    {
        entry.putLong(0, value);
        while (!end.link.offerEntry(1, entry, 0, ENTRY_BYTES))
        {
            turn(end);
        }
        end.link.flush();
        while (end.acknowledged != value)
        {
            turn(end);
        }
    }

    private void stream(final LinkEnd end, final UnsafeBuffer entry, final long last) throws IOException
    {
        final long fromNs = System.nanoTime();
        long value = last;
        while (value < last + LARGE_ENTRIES)
        {
            entry.putLong(0, value + 1);
            if (end.link.offerEntry(1, entry, 0, LARGE_BYTES))
            {
                value++;
            }
            else
            {
                turn(end);
            }
        }
        while (end.acknowledged != value)
        {
            turn(end);
        }
        final double seconds = (System.nanoTime() - fromNs) / 1e9;
        System.out.printf(Locale.ROOT, "entries of %d B: %.0f a second, %.1f MB/s%n",
            LARGE_BYTES, LARGE_ENTRIES / seconds, (double)LARGE_ENTRIES * LARGE_BYTES / seconds / 1e6);
    }

    private void idle(final LinkEnd end) throws IOException
    {
        final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        final long fromNs = System.nanoTime();
        final long cpuNs = threads.getCurrentThreadCpuTime();
        final long turnsBefore = turns;
        while (System.nanoTime() - fromNs < IDLE_NS)
        {
            turn(end);
        }
        final double ns = System.nanoTime() - fromNs;
        System.out.printf(Locale.ROOT, "idle with a heartbeat each %d ms: %.2f %% of a core, %.0f turns a second%n",
            LinkEnd.IDLE_SLEEP_MS, (threads.getCurrentThreadCpuTime() - cpuNs) * 100.0 / ns,
            (turns - turnsBefore) * 1e9 / ns);
    }

    /** Starts an echo in a process of its own. */
    static Process start(final int port, final int peerPort, final long incarnation) throws IOException
    {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(it -> it.startsWith("--")).forEach(command::add);
        command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"),
            LinkMeasurement.class.getName(), "echo", "" + port, "" + peerPort, "" + incarnation));
        return new ProcessBuilder(command).inheritIO().start();
    }
}
