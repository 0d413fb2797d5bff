package dev.understudy.failover.role;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.failover.arbiter.Term;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Two members on a simulated link, clock and arbiter, all from one seed. */
class PairMemberTest
{
    private static final long MS = 1_000_000;

    /** Entries of 50 ms: well above a round trip, well below the heartbeat timeout. */
    private static final int RECENT_ENTRIES = 50;

    @Test
    void oneOfTwoFreshNodesBecomesPrimaryAndTheOtherItsBackup()
    {
        final World world = new World(1);
        world.run(3_000);
        assertThat(world.primaries()).isEqualTo(1);
        assertThat(world.a.member.role() == Role.PRIMARY ? world.b.member.role() : world.a.member.role())
            .isEqualTo(Role.BACKUP);
        assertThat(world.arbiter.terms).hasSize(1);
    }

    @Test
    void backupGoesLiveWhenThePrimaryFallsSilent()
    {
        final World world = new World(2);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        primary.dead = true;
        world.run(1_000);
        assertThat(backup.member.role()).isEqualTo(Role.PRIMARY);
        assertThat(backup.member.generation()).isEqualTo(2);
        assertThat(backup.wentLive).isEqualTo(GenerationStart.PROMOTED);
    }

    @Test
    void backupGoesLiveAtOnceWhenThePrimarysProcessHasEnded()
    {
        final World world = new World(2);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        primary.dead = true;
        world.run(10);
        backup.member.onPeerEnded(world.nowNs, primary.incarnation);
        world.run(40);
        assertThat(backup.member.role()).isEqualTo(Role.PRIMARY);
        assertThat(backup.member.lastFailover().reason()).contains("process has ended");
    }

    @Test
    void endOfAnEarlierProcessOrAConnectionThatBrokeIsNoFailover()
    {
        final World world = new World(2);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        backup.member.onPeerEnded(world.nowNs, primary.incarnation + 1);
        world.run(150);
        backup.member.onPeerEnded(world.nowNs, primary.incarnation);
        primary.member.onPeerEnded(world.nowNs, backup.incarnation);
        world.run(1_000);
        assertThat(world.arbiter.terms).hasSize(1);
        assertThat(backup.member.role()).isEqualTo(Role.BACKUP);
    }

    @Test
    void pausedPrimaryHaltsBeforeItReleasesAnything()
    {
        final World world = new World(3);
        world.run(3_000);
        final Host primary = world.primary();
        primary.paused = true;
        world.run(2_000);
        primary.paused = false;
        primary.releasesWhileDeposed = 0;
        world.run(2_000);
        assertThat(primary.member.role()).isEqualTo(Role.HALTED);
        assertThat(primary.haltReason).contains("generation 2");
        assertThat(primary.releasesWhileDeposed).isZero();
    }

    @Test
    void primaryWithoutBackupGoesOnAloneOnlyInANewGeneration()
    {
        final World world = new World(4);
        world.run(3_000);
        final Host primary = world.primary();
        world.other(primary).dead = true;
        world.run(1_000);
        assertThat(primary.member.role()).isEqualTo(Role.PRIMARY);
        assertThat(primary.member.isSolo()).isTrue();
        assertThat(primary.member.generation()).isEqualTo(2);
        assertThat(primary.allowed).isTrue();
    }

    @Test
    void cutLinkLeavesExactlyOneReplicaThatReleasesOutputs()
    {
        final World world = new World(5);
        world.run(3_000);
        world.cut = true;
        world.run(3_000);
        assertThat(world.primaries()).isEqualTo(1);
        assertThat(world.arbiter.terms).hasSize(2);
    }

    @Test
    void backupThatSpeaksAndAcknowledgesNothingIsGivenUp()
    {
        final World world = new World(7);
        world.run(3_000);
        final Host primary = world.primary();
        world.swallows = true;
        world.run(1_300);
        assertThat(world.arbiter.newest().reason()).contains("acknowledged nothing", "the path swallows");
        world.run(5_000);
        assertThat(primary.releases()).isTrue();
        assertThat(primary.member.isSolo()).isTrue();
        assertThat(world.arbiter.terms).hasSize(2);

        world.swallows = false;
        world.run(5_000);
        assertThat(primary.member.isSolo()).isFalse();
    }

    @Test
    void unreachableArbiterMeansNoPromotionAndNoOutputWithoutTheBackup()
    {
        final World world = new World(6);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        world.arbiter.reachable = false;
        world.cut = true;
        world.run(2_000);
        assertThat(backup.member.role()).isEqualTo(Role.CANDIDATE);
        assertThat(primary.allowed).isFalse();
        world.arbiter.reachable = true;
        world.run(2_000);
        assertThat(world.primaries()).isEqualTo(1);
    }

    @Property(tries = 1000)
    void noOutputLeavesThatANewPrimaryDoesNotKnowOfUnderAnyFaults(@ForAll final long seed)
    {
        final World world = new World(seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 40; i++)
        {
            switch (random.nextInt(9))
            {
                case 6 -> world.swallows = !world.swallows;
                case 5 ->
                {
                    world.a.member.onPeerEnded(world.nowNs, world.b.incarnation);
                    world.b.member.onPeerEnded(world.nowNs, world.a.incarnation);
                }
                case 0 -> world.cut = !world.cut;
                case 1 -> world.lossPercent = random.nextInt(40);
                case 2 -> world.a.paused = !world.a.paused;
                case 3 -> world.b.paused = !world.b.paused;
                case 4 -> world.arbiter.reachable = random.nextInt(3) > 0;
                default ->
                {
                }
            }
            world.run(random.nextInt(600));
        }
        assertThat(world.conflicts).as("seed %d", seed).isZero();
    }

    /** Both hosts, and what is between them. */
    private static final class World
    {
        private final Random random;
        private final SimulatedArbiter arbiter = new SimulatedArbiter();
        private final Deque<Runnable> wire = new ArrayDeque<>();
        private final Host a = new Host(this, "a", "b");
        private final Host b = new Host(this, "b", "a");
        private long nowNs;
        private boolean cut;

        /** Whether the path swallows what is long: entries, but no other message. */
        private boolean swallows;
        private int lossPercent;
        private int conflicts;

        World(final long seed)
        {
            random = new Random(seed);
            a.start(11);
            b.start(22);
        }

        void run(final int ms)
        {
            for (int i = 0; i < ms; i++)
            {
                nowNs += MS;
                final List<Runnable> arriving = new ArrayList<>(wire);
                wire.clear();
                arriving.forEach(Runnable::run);
                final boolean aFirst = random.nextBoolean();
                (aFirst ? a : b).step();
                (aFirst ? b : a).step();
                if (a.hasReleasedWhatIsLostTo(b) || b.hasReleasedWhatIsLostTo(a))
                {
                    conflicts++;
                }
            }
        }

        void send(final Host to, final Runnable delivery)
        {
            if (!cut && random.nextInt(100) >= lossPercent)
            {
                wire.add(() ->
                {
                    if (!to.dead && to.member.role() != Role.HALTED)
                    {
                        to.mail.add(delivery);
                    }
                });
            }
        }

        int primaries()
        {
            return (a.releases() ? 1 : 0) + (b.releases() ? 1 : 0);
        }

        Host primary()
        {
            return a.member.role() == Role.PRIMARY ? a : b;
        }

        Host other(final Host host)
        {
            return host == a ? b : a;
        }
    }

    /** A node whose journal is a counter and whose stream is perfect once a session runs. */
    private static final class Host implements Replica, PairLink
    {
        private final World world;
        private final String name;
        private final String peerName;
        private final Deque<Runnable> mail = new ArrayDeque<>();
        private PairMember member;
        private long incarnation;
        private boolean dead;
        private boolean paused;
        private boolean allowed;
        private boolean live;
        private int releasesWhileDeposed;
        private String haltReason;
        private GenerationStart wentLive;
        private long sequence = -1;
        private JournalTerm term = JournalTerm.NONE;
        private long acknowledged = -1;
        private long protectedFrom = Long.MAX_VALUE;
        private boolean streaming;

        /** The highest entry that an output depends on which has left. */
        private long released = -1;
        private long promotedAt;

        Host(final World world, final String name, final String peerName)
        {
            this.world = world;
            this.name = name;
            this.peerName = peerName;
        }

        void start(final long number)
        {
            incarnation = number;
            member = new PairMember(new PairSettings(name, peerName, 20, 200), this, this,
                new SimulatedQuestions(world.arbiter), number * 1000, world.nowNs);
        }

        /** Whether outputs leave: at once, or as the backup's acknowledgements come in. */
        boolean releases()
        {
            return live && !dead && !paused && allowed && member.role() == Role.PRIMARY &&
                (protectedFrom == Long.MAX_VALUE || acknowledged >= sequence - RECENT_ENTRIES);
        }

        /** Whether an output left here that depends on an entry which the other did not have when it took over. */
        boolean hasReleasedWhatIsLostTo(final Host successor)
        {
            return successor.live && member.role() != Role.JOINING && member.role() != Role.BACKUP &&
                member.generation() < successor.member.generation() && released > successor.promotedAt;
        }

        private void release()
        {
            if (allowed && member.role() == Role.PRIMARY)
            {
                final long upTo = protectedFrom == Long.MAX_VALUE ? sequence :
                    Math.max(protectedFrom - 1, Math.min(acknowledged, sequence));
                released = Math.max(released, upTo);
            }
        }

        void step()
        {
            if (dead || paused || member.role() == Role.HALTED)
            {
                return;
            }
            member.poll(world.nowNs);
            while (!mail.isEmpty() && member.role() != Role.HALTED)
            {
                mail.poll().run();
            }
            if (live)
            {
                sequence++;
                if (streaming)
                {
                    stream();
                }
                release();
                if (releases() && world.arbiter.newest().generation() > member.generation())
                {
                    releasesWhileDeposed++;
                }
            }
        }

        private void stream()
        {
            final Host peer = world.other(this);
            final long upTo = sequence;
            final JournalTerm itsTerm = term;
            if (world.swallows)
            {
                return;
            }
            world.send(peer, () ->
            {
                if (peer.member.acceptsEntries() && peer.member.session() != 0)
                {
                    peer.sequence = upTo;
                    peer.term = itsTerm;
                    peer.acknowledge(peer.member.generation(), peer.member.session());
                }
            });
        }

        @Override
        public long journalSequence()
        {
            return sequence;
        }

        @Override
        public long chainHigh()
        {
            return 0;
        }

        @Override
        public long chainLow()
        {
            return 0;
        }

        @Override
        public JournalTerm term()
        {
            return term;
        }

        @Override
        public long position()
        {
            return sequence;
        }

        @Override
        public long replayedSequence()
        {
            return sequence;
        }

        @Override
        public long releasedOutputs()
        {
            return 0;
        }

        @Override
        public void receiveFrom(final long fromSequence)
        {
            released = -1;
            if (fromSequence == 0)
            {
                sequence = -1;
                term = JournalTerm.NONE;
            }
        }

        @Override
        public void createJournal()
        {
            sequence = Math.max(sequence, 0);
        }

        @Override
        public void goLive(final long generation, final GenerationStart cause)
        {
            live = true;
            wentLive = cause;
            promotedAt = sequence;
            released = -1;
            term = term.begun(generation, name);
            protectedFrom = Long.MAX_VALUE;
            sequence++;
        }

        @Override
        public void runSolo(final long generation)
        {
            term = term.begun(generation, name);
            protectedFrom = Long.MAX_VALUE;
            sequence++;
        }

        @Override
        public boolean holds(final long ofSequence, final long chainHigh, final long chainLow)
        {
            return false;
        }

        @Override
        public void streamFrom(final long fromSequence, final long session)
        {
            streaming = true;
        }

        @Override
        public void stopStreaming()
        {
            streaming = false;
            acknowledged = -1;
        }

        @Override
        public boolean isCaughtUp()
        {
            return streaming && acknowledged >= sequence - 50;
        }

        @Override
        public void protect(final long generation, final String backup)
        {
            sequence++;
            term = term.joined(backup);
            protectedFrom = sequence;
            member.protectedFrom(sequence);
        }

        @Override
        public void acknowledged(final long journalSequence, final long replayed, final long replayedTimeNs)
        {
            acknowledged = Math.max(acknowledged, journalSequence);
        }

        @Override
        public void allowOutputs(final boolean isAllowed)
        {
            allowed = isAllowed;
        }

        @Override
        public void halt(final String reason)
        {
            haltReason = reason;
            live = false;
        }

        @Override
        public void notice(final String text)
        {
        }

        @Override
        public void heartbeat(final Role role, final long generation, final boolean solo)
        {
            final Host peer = world.other(this);
            world.send(peer, () -> peer.member.onHeartbeat(world.nowNs, incarnation, role, generation));
        }

        @Override
        public void join(
            final long generation, final long haveSequence, final long chainHigh, final long chainLow)
        {
            final Host peer = world.other(this);
            world.send(peer, () -> peer.member.onJoin(world.nowNs, incarnation, haveSequence, chainHigh, chainLow));
        }

        @Override
        public void joinReply(final long generation, final long fromSequence, final long session)
        {
            final Host peer = world.other(this);
            world.send(peer, () -> peer.member.onJoinReply(world.nowNs, incarnation, fromSequence, session));
        }

        @Override
        public void acknowledge(final long generation, final long session)
        {
            final Host peer = world.other(this);
            final long has = sequence;
            world.send(peer, () -> peer.member.onAcknowledge(world.nowNs, incarnation, session, has, has, 0));
        }

        @Override
        public boolean carriesFullDatagrams()
        {
            return !world.swallows;
        }

        @Override
        public String trouble()
        {
            return world.swallows ? "the path swallows" : null;
        }

        @Override
        public void goodbye(final long generation, final String text)
        {
            final Host peer = world.other(this);
            world.send(peer, () -> peer.member.onGoodbye(world.nowNs, incarnation, text));
        }
    }

    private static final class SimulatedArbiter
    {
        private final List<Term> terms = new ArrayList<>();
        private boolean reachable = true;

        Term newest()
        {
            return terms.isEmpty() ? Term.NONE : terms.getLast();
        }
    }

    /** Answers at the next poll. */
    private record SimulatedQuestions(SimulatedArbiter arbiter, Deque<Runnable> answers) implements Questions
    {
        SimulatedQuestions(final SimulatedArbiter arbiter)
        {
            this(arbiter, new ArrayDeque<>());
        }

        @Override
        public boolean isAsking()
        {
            return !answers.isEmpty();
        }

        @Override
        public void current(final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
        {
            final Term newest = arbiter.newest();
            answers.add(arbiter.reachable ? () -> onTerm.accept(newest) : () -> onUnavailable.accept("gone"));
        }

        @Override
        public void claim(
            final long generation,
            final String node,
            final String reason,
            final Consumer<Boolean> onDecided,
            final Consumer<String> onUnavailable)
        {
            if (!arbiter.reachable)
            {
                answers.add(() -> onUnavailable.accept("gone"));
                return;
            }
            final boolean isWon = arbiter.newest().generation() + 1 == generation;
            if (isWon)
            {
                arbiter.terms.add(new Term(generation, node, reason, 0));
            }
            answers.add(() -> onDecided.accept(isWon));
        }

        @Override
        public boolean poll()
        {
            final Runnable answer = answers.poll();
            if (answer != null)
            {
                answer.run();
            }
            return answer != null;
        }
    }
}
