package dev.understudy.hypervisor.config;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

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
 * @param forwards            TCP ports that the live node carries to the guest
 * @param arbiterDirectory    what both nodes see
 * @param heartbeatIntervalMs between two heartbeats
 * @param heartbeatTimeoutMs  silence after which a node is suspected
 * @param softLagMs           lag above which the primary slows its guest
 * @param hardLagMs           lag at which the primary stops its guest
 * @param journalMaxBytes     the most disk that a node's journal may take
 * @param digestMs            between two digests of the machine
 * @param nodes               the two nodes by name
 */
public record PairConfiguration(
    String name,
    Path kernel,
    Path initrd,
    String append,
    long memoryBytes,
    List<ForwardSpec> forwards,
    Path arbiterDirectory,
    int heartbeatIntervalMs,
    int heartbeatTimeoutMs,
    int softLagMs,
    int hardLagMs,
    long journalMaxBytes,
    int digestMs,
    Map<String, Node> nodes)
{
    /**
     * One node.
     *
     * @param address UDP address for the link to its peer; TCP port of the same number for its status
     * @param data    where its journal lies
     * @param listen  address that its forwards listen on; null: what they say
     */
    public record Node(String name, InetSocketAddress address, Path data, String listen)
    {
    }

    private static final long MIN_MEMORY_BYTES = 4L << 20;
    private static final long MAX_MEMORY_BYTES = 2047L << 20;
    private static final int MAX_TIME_MS = 60_000;

    /** Reads and checks a file. */
    public static PairConfiguration load(final Path file)
    {
        final Section root = Section.read(file);
        root.allow(Set.of("name", "kernel", "initrd", "append", "memory", "forwards", "arbiter", "heartbeat", "lag",
            "journal", "digest", "nodes"));

        final String name = root.text("name");
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}"))
        {
            throw root.wrong("name", "letters, digits, dots, dashes and underscores, at most 64");
        }
        final long memory = root.bytes("memory", 64L << 20, MIN_MEMORY_BYTES, MAX_MEMORY_BYTES);
        if (memory % 4096 != 0)
        {
            throw root.wrong("memory", "whole pages of 4K");
        }

        final Section heartbeat = root.section("heartbeat");
        heartbeat.allow(Set.of("intervalMs", "timeoutMs"));
        final int intervalMs = heartbeat.number("intervalMs", 20, 1, MAX_TIME_MS);
        final int timeoutMs = heartbeat.number("timeoutMs", 200, 2, MAX_TIME_MS);
        if (timeoutMs < 2 * intervalMs)
        {
            throw heartbeat.wrong("timeoutMs", "at least twice intervalMs, which is " + intervalMs);
        }

        final Section lag = root.optionalSection("lag");
        lag.allow(Set.of("softMs", "hardMs"));
        final int softMs = lag.number("softMs", 200, 1, MAX_TIME_MS);
        final int hardMs = lag.number("hardMs", Math.max(1000, softMs), 1, MAX_TIME_MS);
        if (hardMs < softMs)
        {
            throw lag.wrong("hardMs", "at least softMs, which is " + softMs);
        }

        final Section journal = root.optionalSection("journal");
        journal.allow(Set.of("maxBytes"));
        final Section digest = root.optionalSection("digest");
        digest.allow(Set.of("everyMs"));
        final Section arbiter = root.section("arbiter");
        arbiter.allow(Set.of("directory"));

        return new PairConfiguration(
            name,
            existing(root, "kernel"),
            root.has("initrd") ? existing(root, "initrd") : null,
            root.has("append") ? root.text("append") : "",
            memory,
            forwards(root),
            root.path("directory", arbiter),
            intervalMs,
            timeoutMs,
            softMs,
            hardMs,
            journal.bytes("maxBytes", 8L << 30, 16L << 20, Long.MAX_VALUE),
            digest.number("everyMs", 200, 1, MAX_TIME_MS),
            nodes(root));
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

    private static Path existing(final Section root, final String key)
    {
        final Path path = root.path(key, root);
        if (!Files.isRegularFile(path))
        {
            throw root.wrong(key, "a file that exists");
        }
        return path;
    }

    private static List<ForwardSpec> forwards(final Section root)
    {
        final List<ForwardSpec> forwards = new ArrayList<>();
        for (final Section item : root.optionalList("forwards"))
        {
            item.allow(Set.of("host", "guest", "address"));
            final String host = item.text("host");
            final String guest = item.text("guest");
            try
            {
                final ForwardSpec forward = ForwardSpec.of(host, guest, host + ":" + guest);
                forwards.add(item.has("address") ? forward.on(item.text("address")) : forward);
            }
            catch (final ConfigurationException e)
            {
                throw item.wrong("host", "a TCP port from 1 to 65535, or ADDRESS:PORT, and with it guest: a vsock port");
            }
        }
        return forwards;
    }

    private static Map<String, Node> nodes(final Section root)
    {
        final Section section = root.section("nodes");
        final Map<String, Node> nodes = new TreeMap<>();
        for (final String nodeName : section.keys())
        {
            final Section node = section.section(nodeName);
            node.allow(Set.of("address", "data", "listen"));
            nodes.put(nodeName, new Node(
                nodeName,
                address(node),
                root.path("data", node),
                node.has("listen") ? node.text("listen") : null));
        }
        if (nodes.size() != 2)
        {
            throw root.wrong("nodes", "exactly two nodes");
        }
        return nodes;
    }

    private static InetSocketAddress address(final Section node)
    {
        final String text = node.text("address");
        final int colon = text.lastIndexOf(':');
        if (colon > 0 && text.substring(colon + 1).matches("\\d{1,5}"))
        {
            final int port = Integer.parseInt(text.substring(colon + 1));
            if (port >= 1 && port <= 65_535)
            {
                return new InetSocketAddress(text.substring(0, colon), port);
            }
        }
        throw node.wrong("address", "HOST:PORT such as \"127.0.0.1:40100\"");
    }
}
