package dev.understudy.hypervisor.status;

import java.util.Locale;

/**
 * Writes a node's status for Prometheus, in its text format.
 * <p>
 * Source: Prometheus, exposition formats, text format 0.0.4.
 */
final class NodeMetrics
{
    /** What the text is, in the words of HTTP. */
    static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final double MS_PER_SECOND = 1_000;

    private final StringBuilder text = new StringBuilder();

    private NodeMetrics()
    {
    }

    static String of(final NodeStatus status)
    {
        final NodeMetrics metrics = new NodeMetrics();
        metrics.text.append("# HELP understudy_role The role that the node has now.\n# TYPE understudy_role gauge\n")
            .append("understudy_role{role=\"").append(escape(status.role())).append("\"} 1\n");
        metrics.add("status_age_seconds", "gauge", "Time since all this was so; two seconds and more: the node hangs.",
            status.ageMs() / MS_PER_SECOND);
        metrics.add("generation", "gauge", "Generation that the node lives in.", status.generation());
        metrics.add("solo", "gauge", "1 for a primary without a live backup.", status.solo() ? 1 : 0);
        metrics.add("peer_heard", "gauge", "1 while the peer is heard.", status.hearsPeer() ? 1 : 0);
        metrics.add("guest_instructions", "gauge", "Position of the guest.", status.position());
        metrics.add("journal_sequence", "gauge", "Last entry of the journal.", status.journalSequence());
        metrics.add("lag_events", "gauge", "Journal entries that the replay is behind.", status.lagEvents());
        metrics.add("lag_seconds", "gauge", "Guest time that the replay is behind.", status.lagMs() / MS_PER_SECOND);
        metrics.add("connections", "gauge", "TCP connections of the guest's clients.", status.connections());
        metrics.add("network_lost_frames_total", "counter", "Frames of the guest's network that there was no room for.",
            status.lostFrames());
        metrics.add("console_lost_bytes_total", "counter", "Bytes of the guest's console that nobody read.",
            status.lostConsoleBytes());
        metrics.add("messages_lost_bytes_total", "counter", "Bytes of the node's messages that nobody read.",
            status.lostNoticeBytes());
        metrics.add("digests_compared_total", "counter", "Digests that were equal to the primary's.",
            status.digestsCompared());
        metrics.add("arbiter_usable", "gauge", "0 while something is wrong with the arbiter as the node sees it.",
            status.trouble() == null ? 1 : 0);
        metrics.add("halted", "gauge", "1 when the node has halted.", status.haltReason() == null ? 0 : 1);
        if (status.lastFailover() != null)
        {
            metrics.add("last_failover_timestamp_seconds", "gauge", "When the node went live, since 1970.",
                status.lastFailover().atEpochMs() / MS_PER_SECOND);
            metrics.add("last_failover_silence_seconds", "gauge", "How long the peer had been silent then.",
                status.lastFailover().silenceMs() / MS_PER_SECOND);
        }
        return metrics.text.toString();
    }

    private void add(final String name, final String type, final String help, final long value)
    {
        header(name, type, help).append(value).append('\n');
    }

    private void add(final String name, final String type, final String help, final double value)
    {
        header(name, type, help).append(String.format(Locale.ROOT, "%.3f", value)).append('\n');
    }

    private StringBuilder header(final String name, final String type, final String help)
    {
        return text.append("# HELP understudy_").append(name).append(' ').append(help)
            .append("\n# TYPE understudy_").append(name).append(' ').append(type)
            .append("\nunderstudy_").append(name).append(' ');
    }

    private static String escape(final String label)
    {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
