package dev.understudy.simulation;

import dev.understudy.failover.role.AgreedSettings;
import dev.understudy.failover.role.BackupSession;
import dev.understudy.failover.role.Role;
import dev.understudy.node.NodeState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A pair, its world and its faults, all made from one seed, on one thread and in a time of its own.
 * <p>
 * Everything that a node does is done by the node itself; what it meets is simulated. After a while nothing fails any more:
 * then the pair has to serve again, protected, and to have all that it acknowledged.
 */
public final class Simulation
{
    /** Heartbeats of the simulated pair, and the silence after which a peer is suspected, in milliseconds. */
    static final int INTERVAL_MS = 20;
    static final int TIMEOUT_MS = 100;

    /** Half of a timeout: the longest that a primary may stand still without asking. */
    static final long MAX_PAUSE_NS = TIMEOUT_MS * 1_000_000L / 2;

    private static final long MS = 1_000_000;
    private static final long FAULTS_END_NS = 3_500 * MS;
    private static final long LOOK_NS = 20 * MS;

    /** Time that a pair gets to be whole again when nothing fails any more: every timeout there is, twice over. */
    private static final long RECOVERY_NS = 12_000 * MS;
    private static final int CLIENTS = 3;

    private final Scheduler scheduler = new Scheduler();
    private final Trace trace = new Trace(scheduler);
    private final long seed;
    private final Randoms randoms;
    private final byte[] kernel;
    private final History history = new History();
    private final Witness witness = new Witness(this);
    private final SimulatedArbiter arbiter = new SimulatedArbiter(this);
    private final List<SimulatedNode> nodes;
    private final Network network;
    private final List<Client> clients = new ArrayList<>();
    private final AgreedSettings agreed = new AgreedSettings(Map.of("guest", "kv"));
    private int depth;
    private int preempted;
    private boolean isRepaired;

    private Simulation(final long seed, final byte[] kernel)
    {
        this.seed = seed;
        this.kernel = kernel;
        randoms = new Randoms(seed);
        final SimulatedNode a = new SimulatedNode(this, "a");
        final SimulatedNode b = new SimulatedNode(this, "b");
        a.pairWith(b);
        b.pairWith(a);
        nodes = List.of(a, b);
        network = new Network(this, a, b);
        final List<String> shared = List.of("x", "y");
        for (int i = 0; i < CLIENTS; i++)
        {
            final List<String> keys = new ArrayList<>(shared);
            keys.add("own" + i);
            clients.add(new Client(this, i, keys));
        }
    }

    /**
     * Runs the schedule of a seed. Never throws for what goes wrong in it.
     *
     * @param kernel the key-value guest, {@code guests/kv/kv.elf}
     */
    public static SimulationResult run(final long seed, final byte[] kernel)
    {
        final Simulation simulation = new Simulation(seed, kernel);
        simulation.run();
        return simulation.result();
    }

    private void run()
    {
        final var starts = randoms.of("starts");
        nodes.forEach(node -> node.startAfter(starts.nextLong(200 * MS)));
        clients.forEach(Client::start);
        new FaultSchedule(this).begin(FAULTS_END_NS);
        scheduler.runUntil(FAULTS_END_NS);
        repair();
        final long untilNs = scheduler.nowNs() + RECOVERY_NS;
        boolean hasAsked = false;
        while (!scheduler.isStopped() && scheduler.nowNs() < untilNs && !(hasAsked && isWhole()))
        {
            scheduler.runUntil(scheduler.nowNs() + LOOK_NS);
            if (!hasAsked && isProtected() && witness.digests() > 0)
            {
                hasAsked = true;
                clients.forEach(Client::readAll);
            }
        }
        if (!isWhole())
        {
            witness.fail("the pair is not whole again " + RECOVERY_NS / MS + " ms after the last fault: a is " +
                describe(nodes.getFirst()) + ", b is " + describe(nodes.getLast()) + ", " +
                clients.stream().filter(Client::isDone).count() + " of " + CLIENTS + " clients have read everything", null);
        }
        witness.judge();
        scheduler.stop();
    }

    private void repair()
    {
        isRepaired = true;
        trace.say("simulation", "nothing fails any more");
        for (final SimulatedNode node : nodes)
        {
            network.from(node).end();
            arbiter.trouble(node).end();
            if (node.process() == null)
            {
                node.startAfter(MS);
            }
            else
            {
                node.process().spare();
            }
        }
    }

    private boolean isWhole()
    {
        return isProtected() && clients.stream().allMatch(Client::isDone);
    }

    /** Whether there is a primary with a backup that holds everything. */
    boolean isProtected()
    {
        for (final SimulatedNode node : nodes)
        {
            final NodeState state = state(node);
            final NodeState other = state(node.peer());
            if (state != null && other != null && state.role() == Role.PRIMARY && !state.solo() &&
                state.backup() == BackupSession.CONFIRMED && other.role() == Role.BACKUP)
            {
                return true;
            }
        }
        return false;
    }

    private static NodeState state(final SimulatedNode node)
    {
        return node.process() == null ? null : node.process().state();
    }

    private static String describe(final SimulatedNode node)
    {
        final NodeState state = state(node);
        return state == null ? "down" : state.role() + " in generation " + state.generation() +
            (state.role() == Role.PRIMARY ? state.solo() ? " alone" : " protected" : "") +
            (state.trouble() == null ? "" : " (" + state.trouble() + ")");
    }

    private SimulationResult result()
    {
        return new SimulationResult(seed, witness.violation(), witness.cause(), scheduler.nowNs(), scheduler.count(),
            history.answered(), arbiter.current().generation(), trace.lines(), trace.hash() * 31 + scheduler.hash());
    }

    /** Has others run up to a time, in the middle of what one does. */
    void others(final long untilNs)
    {
        depth++;
        try
        {
            scheduler.runUntil(untilNs);
        }
        finally
        {
            depth--;
        }
    }

    /** The same, while a thread waits for a processor. */
    void preempt(final long untilNs)
    {
        preempted++;
        try
        {
            others(untilNs);
        }
        finally
        {
            preempted--;
        }
    }

    /** How many threads wait for a processor in the middle of what they do. */
    int preempted()
    {
        return preempted;
    }

    /** How many stand still in the middle of what they do. */
    int depth()
    {
        return depth;
    }

    /** Whether nothing fails any more. */
    boolean isRepaired()
    {
        return isRepaired;
    }

    Scheduler scheduler()
    {
        return scheduler;
    }

    Trace trace()
    {
        return trace;
    }

    Randoms randoms()
    {
        return randoms;
    }

    byte[] kernel()
    {
        return kernel;
    }

    History history()
    {
        return history;
    }

    Witness witness()
    {
        return witness;
    }

    SimulatedArbiter arbiter()
    {
        return arbiter;
    }

    List<SimulatedNode> nodes()
    {
        return nodes;
    }

    Network network()
    {
        return network;
    }

    AgreedSettings agreed()
    {
        return agreed;
    }
}
