package dev.understudy.failover.role;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.Term;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
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
    void backupThatHoldsTheEndOfTheGuestClaimsNothing()
    {
        final World world = new World(2);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        backup.ended = true;
        primary.dead = true;
        backup.member.onPeerEnded(world.nowNs, primary.incarnation);
        world.run(1_000);
        assertThat(world.arbiter.terms).hasSize(1);
        assertThat(backup.member.role()).isEqualTo(Role.BACKUP);
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

    @Test
    void claimWhoseAnswerWasLostIsNoDefeatAndNoSecondClaim()
    {
        final World world = new World(7);
        world.run(3_000);
        final Host primary = world.primary();
        world.other(primary).dead = true;
        world.arbiter.losesAnswers = true;
        world.run(2_000);
        assertThat(primary.member.role()).isEqualTo(Role.PRIMARY);
        assertThat(primary.allowed).isFalse();
        assertThat(primary.member.trouble()).startsWith("waits for the arbiter: ");
        world.arbiter.losesAnswers = false;
        world.run(500);
        assertThat(primary.allowed).isTrue();
        assertThat(primary.member.generation()).isEqualTo(2);
        assertThat(world.arbiter.terms).hasSize(2);
    }

    @Test
    void startingNodeBurnsNoGenerationsAtAnArbiterThatLosesItsAnswers()
    {
        final World world = new World(8);
        world.b.dead = true;
        world.arbiter.losesAnswers = true;
        world.run(10_000);
        assertThat(world.arbiter.terms).hasSize(1);
        assertThat(world.a.member.role()).isEqualTo(Role.CANDIDATE);
        world.arbiter.losesAnswers = false;
        world.run(500);
        assertThat(world.a.member.generation()).isEqualTo(1);
        assertThat(world.a.releases()).isTrue();
    }

    @Test
    void primaryThatSleptIsNotDeposedByItsOwnClaim()
    {
        final World world = new World(9);
        world.run(3_000);
        final Host primary = world.primary();
        world.other(primary).dead = true;
        world.arbiter.losesAnswers = true;
        world.run(1_000);
        primary.paused = true;
        world.run(1_000);
        primary.paused = false;
        world.arbiter.losesAnswers = false;
        world.run(1_000);
        assertThat(primary.haltReason).isNull();
        assertThat(primary.member.generation()).isEqualTo(2);
        assertThat(primary.releases()).isTrue();
    }

    @Test
    void lastNodeWaitsForAnArbiterThatWasRestoredFromAnOlderCopy()
    {
        final World world = new World(10);
        world.run(3_000);
        final List<Term> older = List.copyOf(world.arbiter.terms);
        final Host backup = world.other(world.primary());
        backup.paused = true;
        world.run(1_000);
        backup.paused = false;
        world.run(3_000);
        assertThat(world.primary().member.generation()).isEqualTo(2);
        assertThat(world.primary().member.isSolo()).isFalse();
        assertLastNodeWaitsWith(older, world);
    }

    @Test
    void lastNodeWaitsForAnArbiterThatIsEmpty()
    {
        final World world = new World(11);
        world.run(3_000);
        assertLastNodeWaitsWith(List.of(), world);
    }

    private static void assertLastNodeWaitsWith(final List<Term> wrongTerms, final World world)
    {
        final List<Term> terms = List.copyOf(world.arbiter.terms);
        final Host primary = world.primary();
        world.arbiter.restore(wrongTerms);
        world.other(primary).dead = true;
        world.run(5_000);
        assertThat(primary.haltReason).isNull();
        assertThat(primary.allowed).isFalse();
        assertThat(primary.member.trouble()).startsWith("waits for the arbiter: the arbiter has ")
            .contains("bring the newest copy back");
        assertThat(primary.notices).filteredOn(it -> it.contains("bring the newest copy back")).hasSize(1);
        assertThat(world.arbiter.terms).hasSameSizeAs(wrongTerms);

        world.arbiter.restore(terms);
        world.run(1_000);
        assertThat(primary.member.generation()).isEqualTo(terms.size() + 1);
        assertThat(primary.releases()).isTrue();
    }

    @Test
    void backupDoesNotTakeOverWithAnArbiterThatIsEmpty()
    {
        final World world = new World(12);
        world.run(3_000);
        final List<Term> terms = List.copyOf(world.arbiter.terms);
        final Host backup = world.other(world.primary());
        world.primary().dead = true;
        world.arbiter.restore(List.of());
        world.run(3_000);
        assertThat(backup.member.role()).isEqualTo(Role.CANDIDATE);
        assertThat(world.arbiter.terms).isEmpty();
        world.arbiter.restore(terms);
        world.run(1_000);
        assertThat(backup.member.role()).isEqualTo(Role.PRIMARY);
    }

    @Test
    void primaryThatSleptWaitsForAnArbiterThatHasNotItsTerm()
    {
        final World world = new World(13);
        world.run(3_000);
        final Host primary = world.primary();
        final List<Term> terms = List.copyOf(world.arbiter.terms);
        world.arbiter.restore(List.of());
        primary.paused = true;
        world.run(150);
        primary.paused = false;
        world.run(1_000);
        assertThat(primary.allowed).isFalse();
        assertThat(primary.haltReason).isNull();
        world.arbiter.restore(terms);
        world.run(1_000);
        assertThat(primary.allowed).isTrue();
    }

    @Test
    void nobodyIsProtectedByABackupThatHasAnotherArbiter()
    {
        final World world = new World(14);
        world.b.start(22, new SimulatedArbiter());
        world.b.paused = true;
        world.run(2_000);
        world.b.paused = false;
        world.run(5_000);
        assertThat(world.a.member.role()).isEqualTo(Role.PRIMARY);
        assertThat(world.b.member.role()).isEqualTo(Role.JOINING);
        assertThat(world.a.member.isSolo()).isTrue();
        assertThat(world.b.notices).filteredOn(it -> it.startsWith("the arbiter of this node has no generation, and not " +
            "generation 1 of a (claim ")).hasSize(1);
        assertThat(world.a.notices).filteredOn(it -> it.startsWith("backup b says: the arbiter of this node has no " +
            "generation")).hasSize(1);
        assertThat(world.b.member.trouble()).contains("name one directory that both nodes see as arbiter.directory");

        world.b.useArbiter(world.arbiter);
        world.run(2_000);
        assertThat(world.b.member.role()).isEqualTo(Role.BACKUP);
        assertThat(world.b.member.trouble()).isEmpty();
        assertThat(world.a.member.isSolo()).isFalse();
    }

    @Test
    void anotherArbiterWithATermOfTheSameNumberAndNodeIsNotTheSame()
    {
        final World world = new World(15);
        final SimulatedArbiter other = new SimulatedArbiter();
        other.terms.add(new Term(1, "a", new UUID(1, 1), "", 0));
        world.b.start(22, other);
        world.b.paused = true;
        world.run(2_000);
        world.b.paused = false;
        world.run(5_000);
        assertThat(world.b.member.role()).isEqualTo(Role.JOINING);
        assertThat(world.b.member.trouble())
            .contains("generation 1 of a (claim 00000000), and not generation 1 of a (claim ");
    }

    @Test
    void nobodyIsProtectedByABackupThatMayNotWrite()
    {
        final World world = new World(16);
        final SimulatedArbiter readOnly = new SimulatedArbiter(world.arbiter.terms);
        readOnly.writable = false;
        world.b.start(22, readOnly);
        world.run(5_000);
        assertThat(world.b.member.role()).isEqualTo(Role.JOINING);
        assertThat(world.b.member.trouble()).isEqualTo("the arbiter cannot be reached: read-only");
        readOnly.writable = true;
        world.run(2_000);
        assertThat(world.b.member.role()).isEqualTo(Role.BACKUP);
    }

    @Test
    void arbiterThatGoesAwayIsNoticedByBothWhileTheyGoOn()
    {
        final World world = new World(17);
        world.run(3_000);
        world.arbiter.reachable = false;
        world.run(6_000);
        for (final Host host : List.of(world.a, world.b))
        {
            assertThat(host.member.trouble()).isEqualTo("the arbiter cannot be reached: gone");
            assertThat(host.notices).filteredOn(it -> it.equals("the arbiter cannot be reached: gone")).hasSize(1);
        }
        assertThat(world.primary().releases()).isTrue();
        assertThat(world.arbiter.terms).hasSize(1);
        world.arbiter.reachable = true;
        world.run(1_000);
        assertThat(world.a.member.trouble() + world.b.member.trouble()).isEmpty();
    }

    @Test
    void ofTwoPrimariesThatHaveArbitersOfTheirOwnOneHalts()
    {
        final World world = new World(18);
        world.b.start(22, new SimulatedArbiter());
        world.cut = true;
        world.run(2_000);
        assertThat(world.primaries()).isEqualTo(2);
        world.cut = false;
        world.run(1_000);
        assertThat(world.primaries()).isEqualTo(1);
        assertThat(world.b.haltReason)
            .startsWith("a is primary of generation 1 as well: each node has an arbiter of its own");
    }

    @Test
    void arbiterThatHangsIsNamedAfterASecondAndOnce()
    {
        final World world = new World(19);
        world.run(3_000);
        final Host primary = world.primary();
        world.arbiter.hangs = true;
        world.other(primary).dead = true;
        world.run(1_100);
        assertThat(primary.notices).noneMatch(it -> it.contains("has not answered"));
        assertThat(primary.member.trouble()).isEqualTo("waits for the arbiter");
        world.run(30_000);
        assertThat(primary.notices).filteredOn(it -> it.startsWith("the arbiter has not answered for 1000 ms") &&
            it.endsWith("; outputs are held meanwhile")).hasSize(1);
        assertThat(primary.member.trouble()).startsWith("waits for the arbiter: the arbiter has not answered for 1000 ms");
        world.arbiter.hangs = false;
        world.run(100);
        assertThat(primary.releases()).isTrue();
        assertThat(primary.member.trouble()).isEmpty();
    }

    @Test
    void arbiterThatHangsIsNamedByANodeThatStartsAndByABackup()
    {
        final World world = new World(20);
        world.arbiter.hangs = true;
        world.run(2_000);
        assertThat(world.a.notices).hasSize(1).allMatch(it -> it.startsWith("the arbiter has not answered for 1000 ms"));
        world.arbiter.hangs = false;
        world.run(3_000);
        assertThat(world.primaries()).isEqualTo(1);
        world.arbiter.hangs = true;
        world.run(7_000);
        assertThat(world.other(world.primary()).member.trouble()).startsWith("the arbiter has not answered for 1000 ms");
    }

    @Test
    void nodesThatAreConfiguredDifferentlyAreNoPair()
    {
        final World world = new World(21);
        world.b.agreed = new AgreedSettings(Map.of("forwards", "7000:22", "name", "guest"));
        world.b.start(22);
        world.b.paused = true;
        world.run(2_000);
        world.b.paused = false;
        world.run(1_000);
        assertThat(world.b.haltReason).isEqualTo("a refuses this node as its backup: " +
            "forwards is 7000:6379 on node a and 7000:22 on node b: give both the same");
        assertThat(world.a.notices).contains(
            "refuses b as its backup: forwards is 7000:6379 on node a and 7000:22 on node b: give both the same");
        assertThat(world.a.releases()).isTrue();
        assertThat(world.arbiter.terms).hasSize(1);
    }

    @Test
    void whyABackupLeftIsPassedOnWhileItCatchesUp()
    {
        final World world = new World(22);
        world.b.start(22, new SimulatedArbiter());
        world.b.paused = true;
        world.run(2_000);
        world.b.paused = false;
        world.run(1_000);
        world.b.member.halt("the guest is another one");
        world.run(100);
        assertThat(world.a.notices).contains("b left: the guest is another one");
    }

    @Test
    void joiningThatIsGivenUpOrNotAnsweredIsSaid()
    {
        final World world = new World(23);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        backup.start(33);
        world.arbiter.hangs = true;
        world.run(10_000);
        assertThat(backup.notices).filteredOn(it -> it.startsWith(primary.name + " is heard, and has not answered this " +
            "node, which asks to join, for 2000 ms: it says: waits for the arbiter")).hasSize(1);
        primary.dead = true;
        world.run(1_000);
        assertThat(backup.notices).contains("gives up joining: " + primary.name + " was not heard for 200 ms");
    }

    @Test
    void backupThatIsRestartedWithinTheTimeoutJoinsAnew()
    {
        final World world = new World(24);
        world.run(3_000);
        final Host primary = world.primary();
        world.other(primary).start(33);
        world.run(3_000);
        assertThat(primary.member.isSolo()).isFalse();
        assertThat(primary.member.generation()).isEqualTo(2);
        assertThat(primary.releases()).isTrue();
        assertThat(primary.notices)
            .anyMatch(it -> it.endsWith("joins anew: it was restarted; goes on alone in generation 2"));
    }

    @Test
    void nodeThatHasNothingWhichAShortenedJournalGoesOnFromIsRefused()
    {
        final World world = new World(24);
        world.b.paused = true;
        world.run(2_000);
        world.a.first = 5;
        world.b.paused = false;
        world.run(1_000);
        assertThat(world.b.haltReason).isEqualTo("a refuses this node as its backup: it has nothing that the journal here " +
            "goes on from, and this one begins with entry 5");
        assertThat(world.a.releases()).isTrue();
    }

    /** It would replay its whole journal first, and a backup is there that need not. */
    @Test
    void backupGoesLiveWhenThePrimaryIsRestartedWithinTheTimeout()
    {
        final World world = new World(26);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        primary.start(33);
        world.run(300);
        assertThat(backup.member.role()).isEqualTo(Role.PRIMARY);
        assertThat(backup.member.generation()).isEqualTo(2);
        assertThat(backup.notices).anyMatch(it -> it.startsWith(
            primary.name + "'s process was replaced by another one; claims generation 2"));
        world.run(3_000);
        assertThat(primary.member.role()).isEqualTo(Role.BACKUP);
    }

    /** Nobody waits for a guest to stop: heartbeats go on meanwhile. */
    @Test
    void backupWhoseGuestStillStopsJoinsWhenItHas()
    {
        final World world = new World(8);
        world.run(3_000);
        final Host primary = world.primary();
        final Host backup = world.other(primary);
        backup.stillStops = 6;
        backup.member.onBrokenStream("entry 7 is missing");
        world.run(200);
        assertThat(backup.stillStops).isPositive();
        assertThat(backup.member.role()).isEqualTo(Role.JOINING);
        world.run(2_000);
        assertThat(backup.stillStops).isZero();
        assertThat(backup.member.role()).isEqualTo(Role.BACKUP);
        assertThat(primary.member.isSolo()).isFalse();
    }

    @Test
    void backupWhoseStreamBrokeSaysWhyItJoinsAnew()
    {
        final World world = new World(25);
        world.run(3_000);
        final Host primary = world.primary();
        world.other(primary).member.onBrokenStream("entry 7 is missing");
        world.run(3_000);
        assertThat(primary.member.isSolo()).isFalse();
        assertThat(primary.notices).anyMatch(it -> it.contains("joins anew: entry 7 is missing; goes on alone in"));
    }

    @Property(tries = 1000)
    void noOutputLeavesThatANewPrimaryDoesNotKnowOfUnderAnyFaults(@ForAll final long seed)
    {
        final World world = new World(seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 40; i++)
        {
            switch (random.nextInt(12))
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
                case 7 -> world.arbiter.losesAnswers = random.nextInt(2) > 0;
                case 8 -> world.arbiter.hangs = random.nextInt(3) == 0;
                case 9 -> world.arbiter.writable = random.nextInt(3) > 0;
                default ->
                {
                }
            }
            world.run(random.nextInt(600));
        }
        assertThat(world.conflicts).as("seed %d", seed).isZero();
        assertThat(world.falselyHalted()).as("seed %d", seed).isNull();
        world.heal();
        world.run(5_000);
        assertThat(world.primaries()).as("seed %d: %s, %s", seed, world.a.notices, world.b.notices).isEqualTo(1);
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

        /** Why a node halted although nobody else has a newer term. */
        String falselyHalted()
        {
            for (final Host host : List.of(a, b))
            {
                if (host.haltReason != null &&
                    (arbiter.newest().generation() <= host.member.generation() ||
                        host.name.equals(arbiter.newest().node())) &&
                    other(host).member.generation() <= host.member.generation())
                {
                    return host.name + ": " + host.haltReason;
                }
            }
            return null;
        }

        void heal()
        {
            cut = false;
            lossPercent = 0;
            a.paused = false;
            b.paused = false;
            arbiter.reachable = true;
            arbiter.losesAnswers = false;
            arbiter.hangs = false;
            arbiter.writable = true;
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

        /** Number of the first entry of its journal. */
        private long first;

        /** Whether its journal ends with the end of the guest. */
        private boolean ended;

        /** How often it is asked to receive a journal before the guest that used the last one has stopped. */
        private int stillStops;
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
        private final List<String> notices = new ArrayList<>();
        private AgreedSettings agreed = new AgreedSettings(Map.of("forwards", "7000:6379", "name", "guest"));
        private SimulatedQuestions questions;
        private SimulatedQuestions views;

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
            start(number, world.arbiter);
        }

        void start(final long number, final SimulatedArbiter arbiter)
        {
            incarnation = number;
            live = false;
            allowed = false;
            streaming = false;
            mail.clear();
            questions = new SimulatedQuestions(arbiter);
            views = new SimulatedQuestions(arbiter);
            member = new PairMember(new PairSettings(name, peerName, 20, 200, agreed), this, this, questions, views,
                () -> Instant.EPOCH, new Random(number * 1000), world.nowNs);
        }

        void useArbiter(final SimulatedArbiter arbiter)
        {
            questions.arbiter = arbiter;
            views.arbiter = arbiter;
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
        public long firstSequence()
        {
            return first;
        }

        @Override
        public boolean hasEnded()
        {
            return ended;
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
        public boolean receiveFrom(final long fromSequence)
        {
            if (stillStops > 0)
            {
                stillStops--;
                return false;
            }
            released = -1;
            if (fromSequence == 0)
            {
                sequence = -1;
                term = JournalTerm.NONE;
            }
            return true;
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
            notices.add(text);
        }

        @Override
        public void heartbeat(
            final Role role, final long generation, final boolean solo, final UUID claim, final String trouble)
        {
            final Host peer = world.other(this);
            final long speaker = incarnation;
            world.send(peer, () -> peer.member.onHeartbeat(world.nowNs, speaker, role, generation, claim, trouble));
        }

        @Override
        public void join(
            final long generation,
            final long haveSequence,
            final long chainHigh,
            final long chainLow,
            final AgreedSettings settings,
            final String reason)
        {
            final Host peer = world.other(this);
            final long speaker = incarnation;
            world.send(peer, () -> peer.member.onJoin(
                world.nowNs, speaker, haveSequence, chainHigh, chainLow, settings.encode(), reason));
        }

        @Override
        public void refuse(final long generation, final String text)
        {
            final Host peer = world.other(this);
            final long speaker = incarnation;
            world.send(peer, () -> peer.member.onRefusal(world.nowNs, speaker, text));
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
            world.send(peer, () -> peer.member.onGoodbye(incarnation, text));
        }
    }

    /** What grants the terms, and how it fails. */
    private static final class SimulatedArbiter
    {
        private final List<Term> terms;
        private boolean reachable = true;
        private boolean writable = true;

        /** Does what it is asked, and says that it cannot: its disk fails after the write. */
        private boolean losesAnswers;
        private boolean hangs;

        SimulatedArbiter()
        {
            this(new ArrayList<>());
        }

        SimulatedArbiter(final List<Term> terms)
        {
            this.terms = terms;
        }

        Term newest()
        {
            return terms.isEmpty() ? Term.NONE : terms.getLast();
        }

        Term claim(final Claim claim)
        {
            if (newest().isSameAs(claim.after()))
            {
                terms.add(new Term(claim.generation(), claim.node(), claim.id(), claim.reason(), 0));
            }
            return newest();
        }

        void restore(final List<Term> copy)
        {
            terms.clear();
            terms.addAll(copy);
        }
    }

    /** Answers at the next poll. */
    private static final class SimulatedQuestions implements Questions
    {
        private final Deque<Runnable> answers = new ArrayDeque<>();
        private SimulatedArbiter arbiter;

        SimulatedQuestions(final SimulatedArbiter arbiter)
        {
            this.arbiter = arbiter;
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
        public void claim(final Claim claim, final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
        {
            if (!arbiter.reachable || !arbiter.writable)
            {
                answers.add(() -> onUnavailable.accept(arbiter.reachable ? "read-only" : "gone"));
                return;
            }
            final Term term = arbiter.claim(claim);
            answers.add(arbiter.losesAnswers ? () -> onUnavailable.accept("lost") : () -> onTerm.accept(term));
        }

        @Override
        public void check(final Term expected, final Consumer<Term> onTerm, final Consumer<String> onUnavailable)
        {
            final Term newest = arbiter.newest();
            if (arbiter.reachable && newest.isSameAs(expected) && (!arbiter.writable || arbiter.losesAnswers))
            {
                answers.add(() -> onUnavailable.accept(arbiter.writable ? "lost" : "read-only"));
                return;
            }
            current(onTerm, onUnavailable);
        }

        @Override
        public boolean poll()
        {
            final Runnable answer = arbiter.hangs ? null : answers.poll();
            if (answer != null)
            {
                answer.run();
            }
            return answer != null;
        }
    }
}
