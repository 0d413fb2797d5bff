package dev.understudy.simulation;

import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.EventType;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.Journal;
import dev.understudy.journal.JournalBase;
import dev.understudy.journal.JournalCursor;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.MemoryJournal;
import dev.understudy.node.Journals;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/** A host of the pair: its disk, and the process that runs there, which an operator starts again when it has ended. */
final class SimulatedNode
{
    private static final long MIN_DOWN_NS = 10_000_000;
    private static final long MAX_DOWN_NS = 1_200_000_000;

    /** When nothing fails any more, the operator is at hand. */
    private static final long REPAIRED_NS = 30_000_000;

    private static final long MIN_SYNC_NS = 5_000_000;
    private static final long MAX_SYNC_NS = 300_000_000;

    private final Simulation simulation;
    private final String name;
    private final SplittableRandom random;
    private SimulatedNode peer;
    private SimulatedProcess process;
    private int processes;
    private MemoryJournal journal;
    private int putAside;

    /** Newest generation when entries were lost with the power; {@link Long#MAX_VALUE} when none were. */
    private long lostFromGeneration = Long.MAX_VALUE;

    /** By number of an entry, its chain as this node's disk had it last. */
    private long[] chains = new long[1024];
    private long held = -1;

    /** Role entries of the present journal: their numbers, and their generations, negative where a backup joined. */
    private final RoleEntries roles = new RoleEntries();

    SimulatedNode(final Simulation simulation, final String name)
    {
        this.simulation = simulation;
        this.name = name;
        random = simulation.randoms().of("node " + name);
    }

    void pairWith(final SimulatedNode other)
    {
        peer = other;
    }

    String name()
    {
        return name;
    }

    SimulatedNode peer()
    {
        return peer;
    }

    /** The process that runs; null while none does. */
    SimulatedProcess process()
    {
        return process;
    }

    /** The operator starts the node, unless it runs. */
    void startAfter(final long delayNs)
    {
        simulation.scheduler().after(delayNs, () ->
        {
            if (process == null)
            {
                process = new SimulatedProcess(simulation, this, ++processes);
                simulation.trace().say(name, "process " + processes + " starts");
                simulation.network().open(this, process.link());
                process.start();
                syncAfter(process);
            }
        });
    }

    /** The kernel writes back now and then. */
    private void syncAfter(final SimulatedProcess its)
    {
        simulation.scheduler().after(Randoms.spread(random, MIN_SYNC_NS, MAX_SYNC_NS), () ->
        {
            if (process == its)
            {
                if (journal != null && !its.isStopped())
                {
                    journal.sync();
                }
                syncAfter(its);
            }
        });
    }

    /** The process ends by itself. */
    void exited(final SimulatedProcess its, final String how)
    {
        if (process == its)
        {
            bury(how);
            startAfter(downNs());
        }
    }

    private long downNs()
    {
        return simulation.isRepaired() ? REPAIRED_NS : Randoms.spread(random, MIN_DOWN_NS, MAX_DOWN_NS);
    }

    /** The process is killed; the operator starts another one. */
    void kill()
    {
        if (process != null)
        {
            bury("is killed");
            startAfter(downNs());
        }
    }

    /** The host loses its power, and what was not synced. */
    void losePower()
    {
        if (process != null)
        {
            process.world().silence();
            bury("loses its power");
            if (journal != null)
            {
                final int lost = journal.losePower();
                simulation.trace().say(name, "has lost " + lost + " entries");
                lostFromGeneration = lost == 0 ? Long.MAX_VALUE : simulation.arbiter().current().generation();
            }
            startAfter(downNs());
        }
    }

    /** Whether this node's journal entitles it to a generation although it has lost entries. */
    boolean hasLostEntries()
    {
        return simulation.arbiter().current().generation() <= lostFromGeneration && lostFromGeneration != Long.MAX_VALUE;
    }

    private void bury(final String how)
    {
        simulation.trace().say(name, how);
        final SimulatedProcess dead = process;
        process = null;
        dead.die();
        simulation.network().close(this);
        final SimulatedProcess other = peer.process;
        // Its kernel closes the connection; a firewall between may swallow that.
        if (other != null && random.nextBoolean())
        {
            simulation.scheduler().after(random.nextLong(50_000, 2_000_000), () ->
            {
                if (!other.isDead())
                {
                    other.onPeerEnded(dead.incarnation());
                }
            });
        }
    }

    // The disk.

    /** The journal; null without one. */
    MemoryJournal journal()
    {
        return journal;
    }

    /** Number of the last entry; -1 without one. */
    long lastSequence()
    {
        return journal == null ? -1 : journal.lastSequence();
    }

    /** Whether this node's disk has, or had before it lost its power, an entry that ends a history. */
    boolean hasHeld(final long sequence, final long chain)
    {
        return sequence <= held && chains[(int)sequence] == chain;
    }

    /** Whether this node's disk has an entry that ends a history. */
    boolean holds(final long sequence, final long chain)
    {
        return journal != null && sequence < journal.size() && chains[(int)sequence] == chain;
    }

    /** The hash over an entry of this node and all before it. */
    long chain(final long sequence)
    {
        return chains[(int)sequence];
    }

    /** What the role entries of the journal say. */
    RoleEntries roles()
    {
        return roles;
    }

    /** The disk, as a process sees it. */
    Journals journals(final SimulatedProcess its)
    {
        return new Disk(its);
    }

    private void wrote(final JournalEntry entry)
    {
        final int sequence = (int)entry.sequence();
        if (sequence >= chains.length)
        {
            chains = Arrays.copyOf(chains, 2 * sequence);
        }
        chains[sequence] = entry.chainHigh();
        held = Math.max(held, sequence);
        note(entry);
    }

    private void note(final JournalEntry entry)
    {
        if (entry.type() == EventType.GENERATION)
        {
            roles.generation(entry.sequence(), entry.generation());
        }
        else if (entry.type() == EventType.BACKUP_JOINED)
        {
            roles.backupJoined(entry.sequence(), entry.generation());
        }
    }

    private final class Disk implements Journals
    {
        private final SimulatedProcess its;

        Disk(final SimulatedProcess its)
        {
            this.its = its;
        }

        @Override
        public String name()
        {
            return SimulatedNode.this.name;
        }

        @Override
        public Journal open(final Consumer<JournalEntry> entries)
        {
            its.meet(Point.JOURNAL);
            if (journal == null)
            {
                return null;
            }
            roles.clear();
            journal = journal.reopened(entry ->
            {
                note(entry);
                entries.accept(entry);
            });
            return new Handle(its);
        }

        @Override
        public Journal create(final Genesis genesis)
        {
            final Journal begun = createEmpty(JournalBase.WHOLE);
            begun.append(new EntryEncoder().genesis(genesis));
            return begun;
        }

        @Override
        public Journal createEmpty(final JournalBase base)
        {
            its.meet(Point.JOURNAL);
            roles.clear();
            journal = new MemoryJournal(name(), base);
            its.meet(Point.JOURNAL);
            return new Handle(its);
        }

        @Override
        public String putAside(final boolean isKept)
        {
            its.meet(Point.JOURNAL);
            journal = null;
            putAside++;
            return isKept ? "aside-" + putAside : null;
        }

        @Override
        public String keepEnded(final long generation)
        {
            throw new IllegalStateException("the guest has not ended");
        }

        @Override
        public long syncUnderWay()
        {
            return -1;
        }

        @Override
        public String failure()
        {
            return null;
        }
    }

    /** The journal as a process has it open. */
    private final class Handle implements Journal
    {
        private final SimulatedProcess its;
        private final MemoryJournal opened;
        private final JournalEntry entry = new JournalEntry();

        Handle(final SimulatedProcess its)
        {
            this.its = its;
            opened = journal;
        }

        @Override
        public void start()
        {
            its.meet(Point.JOURNAL);
            opened.start();
        }

        @Override
        public long append(final EntryEncoder event)
        {
            its.meet(Point.JOURNAL);
            final long sequence = opened.append(event);
            wrote(event.entry());
            its.meet(Point.JOURNAL);
            return sequence;
        }

        @Override
        public void append(final DirectBuffer source, final int offset, final int length)
        {
            its.meet(Point.JOURNAL);
            opened.append(source, offset, length);
            entry.wrap(source, offset, length);
            wrote(entry);
            its.meet(Point.JOURNAL);
        }

        @Override
        public JournalCursor reader()
        {
            its.meet(Point.JOURNAL);
            return opened.reader();
        }

        @Override
        public void sync()
        {
            opened.sync();
        }

        @Override
        public JournalBase base()
        {
            return opened.base();
        }

        @Override
        public void removeBefore(final long sequence)
        {
            its.meet(Point.JOURNAL);
            opened.removeBefore(sequence);
            its.meet(Point.JOURNAL);
        }

        @Override
        public long lastSequence()
        {
            return opened.lastSequence();
        }

        @Override
        public long underWay()
        {
            return opened.underWay();
        }

        @Override
        public long lastPosition()
        {
            return opened.lastPosition();
        }

        @Override
        public long lastTimeNs()
        {
            return opened.lastTimeNs();
        }

        @Override
        public long chainHigh()
        {
            return opened.chainHigh();
        }

        @Override
        public long chainLow()
        {
            return opened.chainLow();
        }

        @Override
        public Genesis genesis()
        {
            return opened.genesis();
        }

        @Override
        public void close()
        {
            opened.close();
        }
    }
}
