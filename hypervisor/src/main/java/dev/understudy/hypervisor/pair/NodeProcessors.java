package dev.understudy.hypervisor.pair;

import dev.understudy.hypervisor.config.ConfigurationException;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.linux.ProcessorTime;
import dev.understudy.hypervisor.linux.Processors;
import dev.understudy.node.Placement;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.agrona.CloseHelper;

/**
 * The processors that agent and hart of a node run on.
 * <p>
 * Two nodes on one machine keep apart: each takes half of the processors. Their threads look on for work that comes within
 * microseconds, and a scheduler leaves two of them on one processor for long while another one is idle: then each waits for
 * the other, as on two hosts it would not. The JVM's compilers run where they like, and so does who waits for a TAP
 * interface or a drive.
 * <p>
 * Others run on the machine too. When they have the primary wait for its half while the backup's has room, the two nodes
 * change halves: the primary goes, says so, and the backup follows. {@link #join} is callable from any thread, all else is
 * the agent thread's.
 */
final class NodeProcessors implements Placement
{
    /** Time over which waiting is measured, and that a primary stays in a half at least. */
    private static final long INTERVAL_NS = 5_000_000;

    /** A primary moves when one of its threads waits for so much of the time, in percent, */
    private static final int WAITS = 25;

    /** not because of the node's other threads, which take less of their half than this, */
    private static final int LEFT_TO_OTHERS = 67;

    /** and when the backup takes less of its own. */
    private static final int ROOM = 60;

    /** Null for those of the whole machine. */
    private final BitSet configured;

    /** What is divided between the two nodes, or null. */
    private final BitSet divided;

    private final List<Account> accounts = new CopyOnWriteArrayList<>();
    private volatile boolean isUpper;
    private long measuredNs = System.nanoTime();
    private int busyPercent;
    private int peerBusyPercent;

    private NodeProcessors(final BitSet configured, final BitSet divided, final boolean isUpper)
    {
        this.configured = configured;
        this.divided = divided;
        this.isUpper = isUpper;
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
                return new NodeProcessors(node.cpus(), null, false);
            }
            final BitSet chosen = Processors.allowed();
            chosen.and(online);
            if (sharesMachine && chosen.equals(online) && online.cardinality() > 1)
            {
                return halfOf(online, node.name().compareTo(configuration.peerOf(node.name()).name()) > 0);
            }
        }
        catch (final IOException e)
        {
            // No Linux with /proc and /sys: it does without.
        }
        return new NodeProcessors(null, null, false);
    }

    /** One half of some processors, to begin with. */
    static NodeProcessors halfOf(final BitSet divided, final boolean isUpper)
    {
        return new NodeProcessors(null, divided, isUpper);
    }

    /** The lower half of some processors, or the rest. */
    static BitSet half(final BitSet all, final boolean isLower)
    {
        final int middle = all.stream().skip(all.cardinality() / 2).findFirst().orElseThrow();
        final BitSet half = (BitSet)all.clone();
        half.clear(isLower ? middle : 0, isLower ? all.length() : middle);
        return half;
    }

    /** Takes them for the calling thread, the agent, and those that it starts from now on. */
    void take(final Consumer<String> notices)
    {
        final BitSet processors = divided == null ? configured : half(divided, !isUpper);
        if (processors != null && !Processors.bind(processors))
        {
            notices.accept("the system does not let it choose its processors");
        }
        join();
    }

    /** The calling thread, which is bound as the agent is, goes with it from now on. */
    void join()
    {
        if (isShared())
        {
            try
            {
                accounts.add(new Account(ProcessorTime.ofThisThread()));
                // The agent may have moved since it started this thread.
                Processors.bind(half(divided, !isUpper));
            }
            catch (final IOException e)
            {
                // A kernel without this account: the thread stays where it is, and so does the node.
            }
        }
    }

    @Override
    public boolean isShared()
    {
        return divided != null;
    }

    @Override
    public boolean isUpper()
    {
        return isUpper;
    }

    @Override
    public int busyPercent()
    {
        return busyPercent;
    }

    /**
     * Measures what the node's threads got of their half, every few milliseconds; to be called in each duty cycle.
     *
     * @param leads whether this node decides for both: it is the primary
     * @return whether it went to the other half, so that the peer should hear of it
     */
    @Override
    public boolean poll(final long nowNs, final boolean leads)
    {
        final long elapsedNs = nowNs - measuredNs;
        if (!isShared() || elapsedNs < INTERVAL_NS)
        {
            return false;
        }
        measuredNs = nowNs;
        long ranNs = 0;
        long waitedNs = 0;
        for (final Account account : accounts)
        {
            if (account.measure())
            {
                ranNs += account.ranNs;
                waitedNs = Math.max(waitedNs, account.waitedNs);
            }
            else
            {
                accounts.remove(account);
            }
        }
        busyPercent = (int)Math.min(100, ranNs * 100 / (elapsedNs * half(divided, !isUpper).cardinality()));
        if (leads && shouldMove(busyPercent, (int)(waitedNs * 100 / elapsedNs), peerBusyPercent))
        {
            move(!isUpper);
            return true;
        }
        return false;
    }

    @Override
    public void onPeer(final boolean peerIsUpper, final int percent, final boolean leads)
    {
        peerBusyPercent = percent;
        if (isShared() && !leads && peerIsUpper == isUpper)
        {
            move(!peerIsUpper);
        }
    }

    /** Whether a primary is better off in the backup's half; all in percent of the time. */
    static boolean shouldMove(final int busy, final int waits, final int backupBusy)
    {
        return waits >= WAITS && busy < LEFT_TO_OTHERS && backupBusy < ROOM;
    }

    private void move(final boolean upper)
    {
        isUpper = upper;
        final BitSet half = half(divided, !upper);
        accounts.forEach(it -> Processors.bind(it.time.thread(), half));
    }

    /** What one thread got of its processors between two measurements. */
    private static final class Account
    {
        private final ProcessorTime time;
        private long ranNs;
        private long waitedNs;

        private Account(final ProcessorTime time)
        {
            this.time = time;
        }

        /** Returns whether the thread still lives. */
        private boolean measure()
        {
            final long ranBeforeNs = time.ranNs();
            final long waitedBeforeNs = time.waitedNs();
            try
            {
                time.read();
            }
            catch (final IOException e)
            {
                CloseHelper.quietClose(time);
                return false;
            }
            ranNs = time.ranNs() - ranBeforeNs;
            waitedNs = time.waitedNs() - waitedBeforeNs;
            return true;
        }
    }
}
