package dev.understudy.hypervisor.pair;

import dev.understudy.hypervisor.config.ConfigurationException;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.linux.Processors;
import java.io.IOException;
import java.util.BitSet;
import java.util.function.Consumer;

/**
 * The processors that agent and hart of a node run on.
 * <p>
 * Two nodes on one machine keep apart: each takes half of the processors. Their threads look on for work that comes within
 * microseconds, and a scheduler leaves two of them on one processor for long while another one is idle: then each waits for
 * the other, as on two hosts it would not. The JVM's compilers run where they like, and so does who waits for a TAP
 * interface or a drive.
 */
final class NodeProcessors
{
    /** Null for all. */
    private final BitSet processors;

    private NodeProcessors(final BitSet processors)
    {
        this.processors = processors;
    }

    /**
     * What the configuration says; else half of the machine for a node that shares it with its peer, unless whoever
     * started it has chosen some already; else all.
     *
     * @throws ConfigurationException when none of the configured ones is there
     */
    static NodeProcessors of(
        final PairConfiguration configuration, final PairConfiguration.Node node, final boolean sharesMachine)
    {
        try
        {
            final BitSet online = Processors.online();
            if (node.cpus() != null)
            {
                if (!node.cpus().intersects(online))
                {
                    throw new ConfigurationException("nodes." + node.name() + ".cpus: expected processors of this machine, " +
                        online + "; got " + node.cpus());
                }
                return new NodeProcessors(node.cpus());
            }
            final BitSet chosen = Processors.allowed();
            chosen.and(online);
            if (sharesMachine && chosen.equals(online) && online.cardinality() > 1)
            {
                final boolean isFirst = node.name().compareTo(configuration.peerOf(node.name()).name()) < 0;
                return new NodeProcessors(half(online, isFirst));
            }
        }
        catch (final IOException e)
        {
            // No Linux with /proc and /sys: it does without.
        }
        return new NodeProcessors(null);
    }

    /** The lower half of some processors, or the rest. */
    static BitSet half(final BitSet all, final boolean isLower)
    {
        final int middle = all.stream().skip(all.cardinality() / 2).findFirst().orElseThrow();
        final BitSet half = (BitSet)all.clone();
        half.clear(isLower ? middle : 0, isLower ? all.length() : middle);
        return half;
    }

    /** Takes them for the calling thread, and those that it starts from now on. */
    void take(final Consumer<String> notices)
    {
        if (processors != null && !Processors.bind(processors))
        {
            notices.accept("the system does not let it choose its processors");
        }
    }
}
