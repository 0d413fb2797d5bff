package dev.understudy.hypervisor.config;

import dev.understudy.guest.configuration.DriveConfiguration;
import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.hypervisor.linux.Processors;
import dev.understudy.transport.PairEndpoints;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The configuration of a pair, as in the file that {@code understudy serve --config} reads.
 * <p>
 * Relative paths are taken from the current directory if they exist there, and from the file's directory otherwise.
 *
 * @param name                of the guest
 * @param kernel              the guest's kernel
 * @param initrd              null without one
 * @param append              kernel command line
 * @param memoryBytes         RAM of the guest
 * @param balloonBytes        how much of it the guest is asked to leave alone
 * @param noReboot            whether a reset that the guest asks for ends it; else it starts it again
 * @param drives              in the order in which the guest finds them; none with an overlay: each node has its own
 * @param mac                 address of the network device; null without one. Each node has its own netdev then
 * @param forwards            TCP ports that the live node carries to the guest
 * @param arbiterDirectory    what both nodes see
 * @param heartbeatIntervalMs between two heartbeats
 * @param heartbeatTimeoutMs  silence after which a node is suspected
 * @param softLagMs           lag above which the primary slows its guest
 * @param hardLagMs           lag at which the primary stops its guest
 * @param journalMaxBytes     the most disk that a node's journal may take
 * @param journalSyncMs       between two syncs of the journal to the disk; 0 leaves that to the operating system
 * @param mtu                 the longest packet that the path between the nodes carries, in bytes; 0 for what suits
 * @param digestMs            between two digests of the machine
 * @param nodes               the two nodes by name
 */
public record PairConfiguration(
    String name,
    Path kernel,
    Path initrd,
    String append,
    long memoryBytes,
    long balloonBytes,
    boolean noReboot,
    List<DriveSpec> drives,
    MacAddress mac,
    List<ForwardSpec> forwards,
    Path arbiterDirectory,
    int heartbeatIntervalMs,
    int heartbeatTimeoutMs,
    int softLagMs,
    int hardLagMs,
    long journalMaxBytes,
    int journalSyncMs,
    int mtu,
    int digestMs,
    Map<String, Node> nodes)
{
    /**
     * One node.
     *
     * @param address UDP address for the link to its peer; TCP port of the same number for its status. Not resolved
     *                when it is a name
     * @param data    where its journal lies
     * @param listen  address that its forwards listen on; null: what they say
     * @param netdev  what the guest's network device is connected to on this host; null without one
     * @param cpus    processors of its host, by their numbers, that agent and hart run on; null when it does not say
     */
    public record Node(
        String name, InetSocketAddress address, Path data, String listen, NetdevSpec netdev, BitSet cpus)
    {
    }

    private static final long MIN_MEMORY_BYTES = 4L << 20;
    private static final long MAX_MEMORY_BYTES = 2047L << 20;
    private static final int PAGE_BYTES = 4096;
    private static final int NODES = 2;

    /** A heartbeat that is slower than this detects nothing in time. */
    private static final int MAX_INTERVAL_MS = 10_000;

    /** Below this every pause of a busy host is a failover. */
    private static final int MIN_TIMEOUT_MS = 10;
    private static final int MAX_TIME_MS = 60_000;

    /** Heartbeats that a timeout must have room for: two may be lost in a row. */
    private static final int MIN_INTERVALS = 3;

    private static final int DEFAULT_SOFT_LAG_MS = 200;
    private static final int DEFAULT_HARD_LAG_MS = 1_000;
    private static final int DEFAULT_DIGEST_MS = 200;
    private static final long DEFAULT_JOURNAL_BYTES = 8L << 30;

    /** A journal must hold a few of its files. */
    private static final long MIN_JOURNAL_BYTES = 16L << 20;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final String EXPECTED_NAME =
        "letters, digits, dots, dashes and underscores, 64 at most, the first a letter or digit";
    private static final String EXPECTED_SERIAL = "at most " + DriveConfiguration.MAX_SERIAL_BYTES +
        " printable ASCII characters";
    private static final String EXPECTED_STREAM =
        "the path of a Unix socket, with a slash in it, or HOST:PORT, such as /run/passt.sock";
    private static final String EXPECTED_MTU = "the length of the longest packet that passes between the nodes, from " +
        PairEndpoints.MIN_MTU + " to " + PairEndpoints.MAX_MTU + " bytes, such as 1280";
    private static final String EXPECTED_CPUS = "a list of processors such as \"0-3,6\"";
    private static final String EXPECTED_ADDRESS = "HOST:PORT such as \"127.0.0.1:40100\", the port from 1 to 65535";

    /**
     * Reads and checks a file.
     *
     * @throws ConfigurationException for the first thing that is wrong with it
     */
    public static PairConfiguration load(final Path file)
    {
        return load(file, true);
    }

    /** The same for one who only talks to the nodes: the guest's files need not be on this host. */
    public static PairConfiguration loadWithoutFiles(final Path file)
    {
        return load(file, false);
    }

    private static PairConfiguration load(final Path file, final boolean checksFiles)
    {
        final Section root = Section.read(file, checksFiles);
        root.allow("name", "kernel", "initrd", "append", "memory", "balloon", "noReboot", "drives", "netdevs",
            "forwards", "arbiter", "heartbeat", "lag", "journal", "digest", "mtu", "nodes");

        final String name = root.text("name", EXPECTED_NAME);
        if (!NAME.matcher(name).matches())
        {
            throw root.wrong("name", EXPECTED_NAME);
        }
        final Path kernel = root.existingFile("kernel", "the path of the guest's kernel, a file");
        final Path initrd =
            root.has("initrd") ? root.existingFile("initrd", "the path of an initial RAM disk, a file") : null;
        final String append = root.optionalText("append", "the kernel command line, a text");
        final String expectedMemory = "a size from 4M to 2047M in whole pages of 4K, such as 64M";
        final long memoryBytes = root.bytes("memory", MIN_MEMORY_BYTES, MAX_MEMORY_BYTES, expectedMemory);
        if (memoryBytes % PAGE_BYTES != 0)
        {
            throw root.wrong("memory", expectedMemory);
        }
        final String expectedBalloon = "a size below that of memory in whole pages of 4K, such as 16M";
        final long balloonBytes =
            root.has("balloon") ? root.bytes("balloon", 0, memoryBytes - PAGE_BYTES, expectedBalloon) : 0;
        if (balloonBytes % PAGE_BYTES != 0)
        {
            throw root.wrong("balloon", expectedBalloon);
        }
        final List<DriveSpec> drives = root.has("drives") ? drives(root) : List.of();
        final Section netdev = root.has("netdevs") ? netdev(root) : null;
        final MacAddress mac = netdev == null ? null : mac(netdev, name);
        final List<ForwardSpec> forwards = netdev != null && !root.has("forwards") ? List.of() : forwards(root);

        final Section arbiter = root.section("arbiter", "{ directory: PATH }");
        arbiter.allow("directory");
        final Path arbiterDirectory = arbiter.path("directory", "the path of a directory that both nodes see");

        final Section heartbeat = root.section("heartbeat", "{ intervalMs: 20, timeoutMs: 200 }");
        heartbeat.allow("intervalMs", "timeoutMs");
        final int intervalMs =
            heartbeat.milliseconds("intervalMs", 1, MAX_INTERVAL_MS, "from 1 to " + MAX_INTERVAL_MS);
        final int timeoutMs = heartbeat.milliseconds("timeoutMs", Math.max(MIN_TIMEOUT_MS, MIN_INTERVALS * intervalMs),
            MAX_TIME_MS, "from " + MIN_TIMEOUT_MS + " to " + MAX_TIME_MS + ", and at least " + MIN_INTERVALS +
                " times intervalMs, so that one lost heartbeat is no failover");

        final Section lag = root.optionalSection("lag", "{ softMs: 200, hardMs: 1000 }");
        lag.allow("softMs", "hardMs");
        final int softMs = lag.optionalMilliseconds("softMs", DEFAULT_SOFT_LAG_MS, 1, MAX_TIME_MS);
        final int hardMs = lag.has("hardMs") ?
            lag.milliseconds("hardMs", softMs, MAX_TIME_MS, "from 1 to " + MAX_TIME_MS + ", not less than softMs") :
            Math.max(DEFAULT_HARD_LAG_MS, softMs);

        final Section journal = root.optionalSection("journal", "{ maxBytes: 8G, syncMs: 0 }");
        journal.allow("maxBytes", "syncMs");
        final long journalMaxBytes = journal.has("maxBytes") ?
            journal.bytes("maxBytes", MIN_JOURNAL_BYTES, Long.MAX_VALUE, "a size of at least 16M, such as 8G") :
            DEFAULT_JOURNAL_BYTES;
        final int journalSyncMs = journal.optionalMilliseconds("syncMs", 0, 0, MAX_TIME_MS);

        final Section digest = root.optionalSection("digest", "{ everyMs: 200 }");
        digest.allow("everyMs");
        final int digestMs = digest.optionalMilliseconds("everyMs", DEFAULT_DIGEST_MS, 1, MAX_TIME_MS);

        return new PairConfiguration(name, kernel, initrd, append, memoryBytes, balloonBytes, root.flag("noReboot"), drives,
            mac, forwards, arbiterDirectory, intervalMs, timeoutMs, softMs, hardMs, journalMaxBytes, journalSyncMs,
            root.has("mtu") ? (int)root.bytes("mtu", PairEndpoints.MIN_MTU, PairEndpoints.MAX_MTU, EXPECTED_MTU) : 0, digestMs,
            nodes(root, netdev));
    }

    /**
     * What both nodes must be configured with alike besides the guest itself, which its journal describes: what a client
     * or the guest would find changed after a failover, and what keeps the nodes from hearing each other. The rest is each
     * node's own.
     */
    public Map<String, String> agreed()
    {
        return Map.of(
            "name", name,
            "balloon", Long.toString(balloonBytes),
            "noReboot", Boolean.toString(noReboot),
            "forwards", forwards.stream().map(it -> it.hostPort() + ":" + it.guestPort()).sorted()
                .collect(Collectors.joining(" ")),
            "heartbeat.intervalMs", Integer.toString(heartbeatIntervalMs),
            "heartbeat.timeoutMs", Integer.toString(heartbeatTimeoutMs));
    }

    /** The node with this name. */
    public Node node(final String nodeName)
    {
        final Node node = nodes.get(nodeName);
        if (node == null)
        {
            throw new ConfigurationException("node \"" + nodeName + "\" is not in the configuration: expected one of " +
                String.join(", ", nodes.keySet()));
        }
        return node;
    }

    /** The other node. */
    public Node peerOf(final String nodeName)
    {
        node(nodeName);
        return nodes.values().stream().filter(node -> !node.name().equals(nodeName)).findFirst().orElseThrow();
    }

    /** Where a node listens for the guest's clients. */
    public List<ForwardSpec> forwardsOf(final Node node)
    {
        return node.listen() == null ? forwards : forwards.stream().map(it -> it.on(node.listen())).toList();
    }

    private static List<DriveSpec> drives(final Section root)
    {
        final String example = "{ file: disk.img, readonly: false }";
        final List<DriveSpec> drives = new ArrayList<>();
        for (final Section item : root.list("drives", example))
        {
            item.allow("file", "readonly", "serial");
            final String serial = item.optionalText("serial", EXPECTED_SERIAL);
            if (!DriveConfiguration.isSerial(serial))
            {
                throw item.wrong("serial", EXPECTED_SERIAL);
            }
            drives.add(new DriveSpec(
                item.existingFile("file", "the path of a disk image, a file"), item.flag("readonly"), null, serial));
        }
        if (drives.size() > MachineConfiguration.MAX_DRIVES)
        {
            throw root.wrong("drives", MachineConfiguration.MAX_DRIVES + " drives at most");
        }
        return List.copyOf(drives);
    }

    /** The one network device; null for an empty list. */
    private static Section netdev(final Section root)
    {
        final List<Section> netdevs = root.list("netdevs", "{ tap: tap0 }");
        if (netdevs.size() > 1)
        {
            throw root.wrong("netdevs", "one network device at most");
        }
        if (netdevs.isEmpty())
        {
            return null;
        }
        netdevs.getFirst().allow("tap", "stream", "mac");
        return netdevs.getFirst();
    }

    private static MacAddress mac(final Section netdev, final String guestName)
    {
        if (!netdev.has("mac"))
        {
            return DefaultMac.of(guestName);
        }
        final String expected = "the MAC address of a station such as \"52:54:00:12:34:56\", in quotes";
        try
        {
            return MacAddress.parse(netdev.text("mac", expected));
        }
        catch (final IllegalArgumentException e)
        {
            throw netdev.wrong("mac", expected);
        }
    }

    /** What a section says of the host's end of the network device; null when it says nothing. */
    private static NetdevSpec netdevSpec(final Section section)
    {
        if (section.has("tap"))
        {
            final String expected = "the name of a TAP interface such as tap0, 15 characters at most";
            final String ifname = section.text("tap", expected);
            if (section.has("stream"))
            {
                throw section.wrong("stream", "no stream here when there is a tap");
            }
            if (!NetdevSpec.isInterfaceName(ifname))
            {
                throw section.wrong("tap", expected);
            }
            return new NetdevSpec.Tap(ifname);
        }
        if (!section.has("stream"))
        {
            return null;
        }
        try
        {
            return new NetdevSpec.Stream(
                NetdevSpec.socketAddress(section.text("stream", EXPECTED_STREAM)), false);
        }
        catch (final IllegalArgumentException e)
        {
            throw section.wrong("stream", EXPECTED_STREAM);
        }
    }

    private static NetdevSpec netdevOf(final Section node, final Section netdev)
    {
        final NetdevSpec own = netdevSpec(node);
        if (netdev == null)
        {
            if (own != null)
            {
                throw node.wrong(node.has("tap") ? "tap" : "stream",
                    "no such key where the guest has no network device; give it one with netdevs: [{ }]");
            }
            return null;
        }
        // Read even where both nodes have their own: what is wrong there is said all the same.
        final NetdevSpec shared = netdevSpec(netdev);
        final NetdevSpec spec = own == null ? shared : own;
        if (spec == null)
        {
            throw node.wrong("tap", "the name of this node's TAP interface, here or in netdevs, or a stream");
        }
        return spec;
    }

    private static List<ForwardSpec> forwards(final Section root)
    {
        final List<ForwardSpec> forwards = new ArrayList<>();
        for (final Section item : root.list("forwards", "{ host: 7000, guest: 6379 }"))
        {
            item.allow("host", "guest", "address");
            final ForwardSpec forward = forward(item);
            for (final ForwardSpec other : forwards)
            {
                if (other.address().equals(forward.address()) && other.hostPort() == forward.hostPort())
                {
                    throw item.wrong("host", "a port that no other forward has");
                }
            }
            forwards.add(forward);
        }
        return List.copyOf(forwards);
    }

    private static ForwardSpec forward(final Section item)
    {
        final String expectedHost = "a TCP port from 1 to 65535, or ADDRESS:PORT such as \"127.0.0.1:7000\"";
        final String expectedGuest = "a vsock port from 1 to 4294967294";
        final String host = item.text("host", expectedHost);
        final String guest = item.text("guest", expectedGuest);
        final ForwardSpec forward;
        try
        {
            // Each with a partner that cannot be wrong, so that the message names the one that is.
            forward = ForwardSpec.of(host, "1", host);
        }
        catch (final ConfigurationException e)
        {
            throw item.wrong("host", expectedHost);
        }
        final long guestPort;
        try
        {
            guestPort = ForwardSpec.of("1", guest, guest).guestPort();
        }
        catch (final ConfigurationException e)
        {
            throw item.wrong("guest", expectedGuest);
        }
        String address = forward.address();
        if (item.has("address"))
        {
            if (host.contains(":"))
            {
                throw item.wrong("address", "no address here when host has one");
            }
            address = item.text("address", "the address to listen on, such as 127.0.0.1");
        }
        return new ForwardSpec(address, forward.hostPort(), guestPort);
    }

    private static Map<String, Node> nodes(final Section root, final Section netdev)
    {
        final String expected = "exactly two nodes such as a: { address: \"127.0.0.1:40100\", data: PATH }";
        final Section section = root.section("nodes", expected);
        if (section.keys().size() != NODES)
        {
            throw root.wrong("nodes", expected);
        }
        final Map<String, Node> nodes = new TreeMap<>();
        for (final String nodeName : section.keys())
        {
            if (!NAME.matcher(nodeName).matches())
            {
                throw section.wrong(nodeName, "a name of " + EXPECTED_NAME);
            }
            final Section node = section.section(nodeName, "{ address: HOST:PORT, data: PATH }");
            node.allow("address", "data", "listen", "tap", "stream", "cpus");
            final InetSocketAddress address = address(node);
            final Path data = node.path("data", "the path of a directory for the journal of this node");
            for (final Node other : nodes.values())
            {
                if (other.address().equals(address))
                {
                    throw node.wrong("address", "another than that of node " + other.name());
                }
                if (other.data().equals(data) && isSameHost(other.address(), address))
                {
                    throw node.wrong("data", "another directory than that of node " + other.name());
                }
            }
            final String listen = node.has("listen") ?
                node.text("listen", "the address that the forwards listen on, such as 127.0.0.1") : null;
            nodes.put(nodeName, new Node(
                nodeName, address, data, listen, netdevOf(node, netdev), node.has("cpus") ? cpus(node) : null));
        }
        checkReachable(section, nodes);
        return Collections.unmodifiableMap(nodes);
    }

    /** From a loopback address nothing gets to another host, and nothing from there to it. */
    private static void checkReachable(final Section section, final Map<String, Node> nodes)
    {
        final List<Node> onLoopback = nodes.values().stream().filter(it -> isLoopback(it.address())).toList();
        if (onLoopback.size() == 1)
        {
            final Node deaf = onLoopback.getFirst();
            final Node other = nodes.values().stream().filter(it -> it != deaf).findFirst().orElseThrow();
            throw section.section(deaf.name(), "{ address: HOST:PORT, data: PATH }").wrong("address",
                "an address at which node " + other.name() + " at " + other.address().getHostString() +
                    " is heard, not one of the loopback interface");
        }
    }

    private static boolean isLoopback(final InetSocketAddress address)
    {
        final String host = address.getHostString();
        return host.equals("localhost") || host.startsWith("127.") || host.equals("::1") || host.equals("[::1]");
    }

    private static BitSet cpus(final Section node)
    {
        try
        {
            return Processors.parse(node.text("cpus", EXPECTED_CPUS));
        }
        catch (final IllegalArgumentException e)
        {
            throw node.wrong("cpus", EXPECTED_CPUS);
        }
    }

    /** Nodes of different hosts may well have a path in common. */
    private static boolean isSameHost(final InetSocketAddress a, final InetSocketAddress b)
    {
        return a.getHostString().equals(b.getHostString());
    }

    private static InetSocketAddress address(final Section node)
    {
        final String text = node.text("address", EXPECTED_ADDRESS);
        try
        {
            return HostPort.parse(text);
        }
        catch (final IllegalArgumentException e)
        {
            throw node.wrong("address", EXPECTED_ADDRESS);
        }
    }
}
