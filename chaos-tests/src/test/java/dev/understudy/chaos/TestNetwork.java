package dev.understudy.chaos;

import dev.understudy.hypervisor.config.NetdevSpec;
import dev.understudy.hypervisor.net.FrameReceiver;
import dev.understudy.hypervisor.net.Netdev;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Two hosts and a client on a switch, each in a network namespace of its own.
 * <pre>
 *   host a                        switch                          host b
 *  +-----------------------+     +-------------------+     +-----------------------+
 *  | tap0 - br0 - uplink   |-----| a      br0      b |-----| uplink - br0 - tap0   |
 *  +-----------------------+     +---------c---------+     +-----------------------+
 *     10.77.0.11                           |                  10.77.0.12
 *                                +-------uplink------+
 *                                | client 10.77.0.20 |
 *                                +-------------------+
 * </pre>
 */
final class TestNetwork implements AutoCloseable
{
    static final Map<String, String> ADDRESSES = Map.of("a", "10.77.0.11", "b", "10.77.0.12", "c", "10.77.0.20");
    static final String GUEST = "10.77.0.2";
    static final String TAP = "tap0";

    private static final String PREFIX = "us" + ProcessHandle.current().pid();

    private final Map<String, NetworkNamespace> hosts = new TreeMap<>();
    private final Thread onExit = new Thread(this::deleteAll);
    private NetworkNamespace switchboard;

    TestNetwork() throws IOException, InterruptedException
    {
        Needs.program("ip", "iproute2");
        Needs.program("bridge", "iproute2");
        Runtime.getRuntime().addShutdownHook(onExit);
        boolean isReady = false;
        try
        {
            build();
            isReady = true;
        }
        finally
        {
            if (!isReady)
            {
                close();
            }
        }
    }

    private void build() throws IOException, InterruptedException
    {
        switchboard = new NetworkNamespace(PREFIX + "s");
        addBridge(switchboard);
        for (final String name : ADDRESSES.keySet())
        {
            final NetworkNamespace host = new NetworkNamespace(PREFIX + name);
            hosts.put(name, host);
            switchboard.run("ip", "link", "add", "dev", name, "type", "veth", "peer", "name", "uplink", "netns", host.name());
            switchboard.run("ip", "link", "set", "dev", name, "master", "br0", "up");
            host.run("ip", "link", "set", "dev", "uplink", "up");
            final boolean isClient = name.equals("c");
            if (!isClient)
            {
                addBridge(host);
                host.run("ip", "tuntap", "add", "dev", TAP, "mode", "tap");
                host.run("ip", "link", "set", "dev", TAP, "master", "br0", "up");
                host.run("ip", "link", "set", "dev", "uplink", "master", "br0");
            }
            host.run("ip", "address", "add", ADDRESSES.get(name) + "/24", "dev", isClient ? "uplink" : "br0");
        }
    }

    private static void addBridge(final NetworkNamespace host) throws IOException, InterruptedException
    {
        host.run("ip", "link", "add", "br0", "type", "bridge");
        host.run("ip", "link", "set", "dev", "br0", "up");
    }

    /** One of a, b and c, the client. */
    NetworkNamespace host(final String name)
    {
        return hosts.get(name);
    }

    /** Whether the switch sends frames for a MAC address to a host. */
    boolean isAt(final String mac, final String host) throws IOException, InterruptedException
    {
        return switchboard.run("bridge", "fdb", "show", "br", "br0").lines()
            .anyMatch(line -> line.startsWith(mac + " dev " + host + " "));
    }

    /** Pulls the plug of a host out of the switch, or puts it back. */
    void plug(final String host, final boolean isIn) throws IOException, InterruptedException
    {
        switchboard.run("ip", "link", "set", "dev", host, isIn ? "up" : "down");
    }

    /** Has all frames that the switch sends to every port handed on, until what is returned is closed. */
    Netdev listen(final FrameReceiver receiver) throws Exception
    {
        switchboard.run("ip", "tuntap", "add", "dev", TAP, "mode", "tap");
        switchboard.run("ip", "link", "set", "dev", TAP, "master", "br0", "up");
        final Netdev listener = switchboard.call(() -> Netdev.open(new NetdevSpec.Tap(TAP), System.err::println));
        listener.start(null, receiver);
        return listener;
    }

    /** Number of frames that left the TAP interface of a host: those of the guest, and those in its name. */
    long sentBy(final String host) throws IOException, InterruptedException
    {
        return Long.parseLong(
            host(host).run("cat", "/sys/class/net/" + TAP + "/statistics/rx_packets").strip());
    }

    private void deleteAll()
    {
        try
        {
            for (final NetworkNamespace host : hosts.values())
            {
                host.close();
            }
            if (switchboard != null)
            {
                switchboard.close();
            }
        }
        catch (final IOException e)
        {
            System.err.println("network namespaces of the test are left: " + e);
        }
        catch (final InterruptedException e)
        {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close()
    {
        deleteAll();
        Runtime.getRuntime().removeShutdownHook(onExit);
    }
}
