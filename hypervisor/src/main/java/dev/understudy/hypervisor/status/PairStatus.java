package dev.understudy.hypervisor.status;

import dev.understudy.failover.role.FailoverRecord;
import dev.understudy.hypervisor.config.PairConfiguration;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What both nodes of a pair say of themselves, and what follows from it. */
public record PairStatus(Map<String, NodeStatus> nodes)
{
    private static final String PRIMARY = "primary";
    private static final String BACKUP = "backup";

    /**
     * Asks both nodes at the same time.
     *
     * @param timeout after which a node counts as unreachable
     */
    public static PairStatus ask(final PairConfiguration configuration, final Duration timeout)
    {
        final Map<String, Future<NodeStatus>> answers = new LinkedHashMap<>();
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor())
        {
            configuration.nodes().forEach(
                (name, node) -> answers.put(name, executor.submit(() -> fetch(node.address(), timeout))));
        }
        final Map<String, NodeStatus> nodes = new LinkedHashMap<>();
        answers.forEach((name, answer) -> nodes.put(name, answer.resultNow()));
        return new PairStatus(nodes);
    }

    /** Asks one node. */
    public static NodeStatus fetch(final InetSocketAddress address, final Duration timeout)
    {
        return StatusClient.fetch(address, timeout).orElseGet(NodeStatus::unreachable);
    }

    /** Whether one node is primary and the other its live backup, and either could go on without the other. */
    public boolean isProtected()
    {
        if (nodes.values().stream().anyMatch(NodeStatus::isStale))
        {
            return false;
        }
        final long primaries = nodes.values().stream().filter(it -> it.role().equals(PRIMARY) && !it.solo()).count();
        final long backups = nodes.values().stream().filter(it -> it.role().equals(BACKUP)).count();
        return primaries == 1 && backups == 1 && nodes.values().stream().allMatch(it -> it.trouble() == null) &&
            nodes.values().stream().map(NodeStatus::generation).distinct().count() == 1;
    }

    /** The newest generation that a node knows. */
    public long generation()
    {
        return nodes.values().stream().mapToLong(NodeStatus::generation).max().orElse(0);
    }

    /** The last failover that a node knows, or null. */
    public FailoverRecord lastFailover()
    {
        return nodes.values().stream().map(NodeStatus::lastFailover).filter(Objects::nonNull)
            .max(Comparator.comparingLong(FailoverRecord::generation)).orElse(null);
    }

    /** Name of the primary, or null; one that says nothing new is none. */
    public String primary()
    {
        return nodes.entrySet().stream()
            .filter(it -> it.getValue().role().equals(PRIMARY) && !it.getValue().isStale()).map(Map.Entry::getKey)
            .findFirst().orElse(null);
    }

    /** For machines: {@code {"protected", "generation", "nodes", "lastFailover"}}. */
    public Map<String, Object> toMap()
    {
        final Map<String, Object> object = new LinkedHashMap<>();
        object.put("protected", isProtected());
        object.put("generation", generation());
        object.put("nodes", nodes);
        object.put("lastFailover", lastFailover());
        return object;
    }

    private static String remark(final NodeStatus node)
    {
        final List<String> remarks = new ArrayList<>();
        if (node.isStale())
        {
            remarks.add(String.format(Locale.ROOT, "stale for %.1f s", node.ageMs() / 1_000.0));
        }
        if (node.haltReason() != null)
        {
            remarks.add(node.haltReason());
        }
        else if (node.trouble() != null)
        {
            remarks.add(node.trouble());
        }
        else if (node.solo())
        {
            remarks.add(node.isJoined() ? "runs alone, a backup joins" : "runs alone");
        }
        if (node.lostFrames() > 0)
        {
            remarks.add(node.lostFrames() + " frames lost");
        }
        if (node.lostConsoleBytes() > 0)
        {
            remarks.add(node.lostConsoleBytes() + " bytes of its console lost");
        }
        if (node.lostNoticeBytes() > 0)
        {
            remarks.add(node.lostNoticeBytes() + " bytes of its messages lost");
        }
        return String.join(", ", remarks);
    }

    /** For people. */
    public String toText()
    {
        final StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%-8s %-12s %10s %18s %10s %8s%n",
            "node", "role", "generation", "position", "lag events", "lag ms"));
        nodes.forEach((name, node) -> text.append(String.format(Locale.ROOT,
            "%-8s %-12s %10d %,18d %10d %8d  %s%n",
            name, node.role(), node.generation(), node.position(), node.lagEvents(), node.lagMs(),
            remark(node))));
        final FailoverRecord failover = lastFailover();
        if (failover != null && failover.from() != null)
        {
            text.append(String.format(Locale.ROOT, "last failover: generation %d, from %s to %s at %s: %s%n",
                failover.generation(), failover.from(), failover.to(),
                Instant.ofEpochMilli(failover.atEpochMs()).atOffset(ZoneOffset.UTC), failover.reason()));
        }
        return text.append(isProtected() ? "protected" : "NOT protected").append(System.lineSeparator()).toString();
    }
}
