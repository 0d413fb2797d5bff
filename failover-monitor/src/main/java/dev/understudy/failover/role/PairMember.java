package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Claim;
import dev.understudy.failover.arbiter.Term;
import java.time.InstantSource;
import java.util.Locale;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Decides what this node is to its pair: the state machine of {@link Role}.
 * <p>
 * A replica goes live, and a primary goes solo, only with a generation of its own from the arbiter; and it asks for one
 * only when its journal is known to hold every entry that a released output depends on: when it began the newest
 * generation itself, or joined it as the backup. Silence of the peer is only the occasion to ask. Outputs are held
 * whenever the right to release them is in doubt: while a claim is under way, and after this process itself stood still
 * until the arbiter has confirmed its generation. That a claim was not granted does not say that the peer's was: a primary
 * halts only for a newer term. An arbiter that is silent, or has not what this node had from it, has it wait.
 * <p>
 * Clocks and randomness are passed in. Owned by the agent thread. Source: Scales et al. 2010, section 2.3 (Detecting and
 * Responding to Failure).
 */
public final class PairMember
{
    private final PairSettings settings;
    private final Replica replica;
    private final PairLink link;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final Notices notices;
    private final Inquiry arbiter;
    private final ArbiterView view;
    private final Peer peer;
    private final BackupCare backup;

    private Role role = Role.STARTING;
    private String haltReason;

    /** The term that this replica lives in: its own as a primary, the primary's as its backup. */
    private Term term = Term.NONE;

    private long nowNs;
    private long startedNs;
    private long lastPollNs;
    private long lastHeartbeatNs;

    /** As a backup, or one that joins: the present exchange of the journal, numbered by the primary; 0 without one. */
    private long session;

    /** As a backup: the primary's process, whose journal this replica follows. */
    private long primary;
    private Joining joining = new Joining(0, "");

    /** What was asked of the arbiter and is not decided: by a candidate, or a primary without its backup; else null. */
    private Claim claim;
    private GenerationStart claimCause;
    private boolean isVerifying;
    private FailoverRecord lastFailover;
    private long silenceMs;

    /**
     * @param arbiter     for what roles depend on
     * @param arbiterView for looks at the same arbiter, which may be slow
     * @param clock       tells people when something happened
     * @param random      for the ids of claims, and for the number of the first exchange of the journal, so that entries
     *                    which the peer's last process sent cannot be taken for this one's
     */
    public PairMember(
        final PairSettings settings,
        final Replica replica,
        final PairLink link,
        final Questions arbiter,
        final Questions arbiterView,
        final InstantSource clock,
        final RandomGenerator random,
        final long nowNs)
    {
        this.settings = settings;
        this.replica = replica;
        this.link = link;
        this.clock = clock;
        this.random = random;
        this.arbiter = new Inquiry(arbiter, PairSettings.ARBITER_RETRY_MS, nowNs);
        view = new ArbiterView(settings.node(), arbiterView, this::onNewerTerm, nowNs);
        peer = new Peer(settings);
        notices = new Notices(replica::notice, settings.startNs());
        // Random, so that entries which this node's last process sent cannot be taken for this one's.
        backup = new BackupCare(settings, replica, link, notices, peer, random.nextLong() | 1, this::loseBackup);
        this.nowNs = nowNs;
        startedNs = nowNs;
        lastPollNs = nowNs;
        lastHeartbeatNs = nowNs - settings.intervalNs();
    }

    public Role role()
    {
        return role;
    }

    /** Generation that this replica lives in, as far as it knows. */
    public long generation()
    {
        return term.generation();
    }

    /** Whether this is a primary without a live backup that holds everything. */
    public boolean isSolo()
    {
        return role == Role.PRIMARY && backup.stage() != BackupSession.CONFIRMED;
    }

    /** How far this primary is with its backup. */
    public BackupSession backup()
    {
        return backup.stage();
    }

    /** Why this replica halted, or null. */
    public String haltReason()
    {
        return haltReason;
    }

    /** The last time that this node went live, or null. */
    public FailoverRecord lastFailover()
    {
        return lastFailover;
    }

    /** Whether the peer was heard within the timeout. */
    public boolean hearsPeer(final long atNs)
    {
        return peer.isHeard(atNs);
    }

    /** What is wrong with the arbiter as this node sees it, or that it waits for it, in a sentence; empty for nothing. */
    public String trouble()
    {
        if (role == Role.HALTED)
        {
            return "";
        }
        final String problem = arbiter.problem() == null ? view.problem() : arbiter.problem();
        if (role == Role.CANDIDATE || holdsOutputs())
        {
            return "waits for the arbiter" + (problem == null ? "" : ": " + problem);
        }
        return problem == null ? "" : problem;
    }

    /** Whether entries that arrive are wanted: not while this replica may be about to replace who sends them. */
    public boolean acceptsEntries()
    {
        return role == Role.JOINING || role == Role.BACKUP;
    }

    /** When {@link #poll} next has something to do without a message, in nanoseconds from now. */
    public long idleNs(final long atNs)
    {
        final long untilHeartbeatNs = Math.max(0, lastHeartbeatNs + settings.intervalNs() - atNs);
        final long untilSuspectNs = peer.untilSuspectNs(atNs);
        return untilSuspectNs == 0 ? untilHeartbeatNs : Math.min(untilHeartbeatNs, untilSuspectNs);
    }

    /** One duty cycle; returns the work done. */
    public int poll(final long newNowNs)
    {
        if (role == Role.HALTED)
        {
            return 0;
        }
        nowNs = newNowNs;
        int work = arbiter.poll(nowNs) + pollView();
        noticeOwnPause();
        final boolean isPeerLost = peer.isLost(nowNs);
        switch (role)
        {
            case STARTING -> pollStarting();
            case JOINING -> pollJoining(isPeerLost);
            case BACKUP -> pollBackup(isPeerLost);
            case CANDIDATE -> pollClaim();
            case PRIMARY -> pollPrimary(isPeerLost);
            case HALTED ->
            {
            }
        }
        if (role != Role.HALTED && nowNs - lastHeartbeatNs >= settings.intervalNs())
        {
            lastHeartbeatNs = nowNs;
            heartbeat();
            complain();
            work++;
        }
        return work;
    }

    private void heartbeat()
    {
        link.heartbeat(role, term.generation(), isSolo(),
            role == Role.PRIMARY ? term.claim() : view.seen().claim(), trouble());
        if (acceptsEntries() && session != 0)
        {
            link.acknowledge(term.generation(), session);
        }
    }

    private void complain()
    {
        if (arbiter.problem() != null)
        {
            notices.complain(nowNs, arbiter.problem() + (holdsOutputs() ? "; outputs are held meanwhile" : ""));
        }
        else if (view.problem() != null)
        {
            notices.complain(nowNs, view.problem());
        }
    }

    /** Looks at the arbiter from here, while this node depends on a term that the arbiter granted. */
    private int pollView()
    {
        final boolean follows = acceptsEntries() && peer.role() == Role.PRIMARY;
        view.expect(role == Role.PRIMARY ? term : follows ? peer.term() : Term.NONE);
        return view.poll(nowNs);
    }

    private void onNewerTerm(final Term newest)
    {
        if (role == Role.PRIMARY && (claim == null || !newest.isOf(claim)))
        {
            haltDeposed(newest.generation(), newest.node());
        }
    }

    /** Leaves in order: the peer need not wait for the silence. What it does from then on is not heard any more. */
    public void leave(final String text)
    {
        if (role != Role.HALTED)
        {
            role = Role.HALTED;
            replica.allowOutputs(false);
            link.goodbye(term.generation(), text);
        }
    }

    /** Ends this replica. */
    public void halt(final String reason)
    {
        if (role != Role.HALTED)
        {
            role = Role.HALTED;
            haltReason = reason;
            replica.allowOutputs(false);
            link.goodbye(term.generation(), reason);
            replica.halt(reason);
        }
    }

    /**
     * The peer lives.
     *
     * @param itsClaim of the term that the peer has as a primary, or sees at the arbiter; null for none
     * @param trouble  what it says is wrong with the arbiter; empty for nothing
     */
    public void onHeartbeat(
        final long atNs,
        final long incarnation,
        final Role itsRole,
        final long itsGeneration,
        final UUID itsClaim,
        final String trouble)
    {
        heard(atNs, incarnation);
        peer.onHeartbeat(itsRole, itsGeneration, itsClaim, trouble);
        if (role == Role.PRIMARY && itsRole == Role.PRIMARY)
        {
            onOtherPrimary(itsGeneration);
        }
        else if (role == Role.BACKUP && itsRole == Role.PRIMARY && itsGeneration > term.generation())
        {
            rejoin("the primary went on alone in generation " + itsGeneration);
        }
        else if (role == Role.CANDIDATE && itsRole == Role.PRIMARY && itsGeneration >= claim.generation())
        {
            onClaimLost(peer.term());
        }
        else if (role == Role.PRIMARY && (itsRole == Role.JOINING || itsRole == Role.BACKUP) && !trouble.isEmpty())
        {
            notices.complain(atNs, "backup " + settings.peer() + " says: " + trouble);
        }
    }

    private void onOtherPrimary(final long itsGeneration)
    {
        if (itsGeneration > term.generation())
        {
            haltDeposed(itsGeneration, settings.peer());
        }
        else if (itsGeneration == term.generation() && settings.node().compareTo(settings.peer()) > 0)
        {
            halt(String.format(Locale.ROOT,
                "%s is primary of generation %d as well: each node has an arbiter of its own; name one directory that " +
                "both nodes see as arbiter.directory", settings.peer(), itsGeneration));
        }
    }

    /**
     * A peer that joins, for the first time or once more, asks for the journal.
     *
     * @param itsSettings as {@link AgreedSettings#encode} has them
     * @param reason      why it asks once more; empty at first
     */
    public void onJoin(
        final long atNs,
        final long incarnation,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String itsSettings,
        final String reason)
    {
        heard(atNs, incarnation);
        if (role != Role.PRIMARY)
        {
            return;
        }
        if (!backup.refusesDifferent(atNs, term.generation(), itsSettings) && !holdsOutputs())
        {
            backup.onJoin(atNs, term.generation(), incarnation, haveSequence, chainHigh, chainLow, reason);
        }
    }

    /** The primary does not take this node as its backup. */
    public void onRefusal(final long atNs, final long incarnation, final String text)
    {
        heard(atNs, incarnation);
        if (role == Role.JOINING)
        {
            halt(settings.peer() + " refuses this node as its backup: " + text);
        }
    }

    /** The primary will send its journal from an entry on, as soon as this replica has acknowledged the session. */
    public void onJoinReply(
        final long atNs, final long incarnation, final long fromSequence, final long newSession)
    {
        heard(atNs, incarnation);
        if (role == Role.JOINING && newSession != session)
        {
            if (!replica.receiveFrom(fromSequence))
            {
                // It asks to join once more, and by then it may be.
                return;
            }
            session = newSession;
            joining.beginSession(atNs);
        }
        if (role == Role.JOINING)
        {
            link.acknowledge(term.generation(), session);
        }
    }

    /** The entries that arrive do not follow those that the journal has: this replica must join again. */
    public void onBrokenStream(final String problem)
    {
        if (acceptsEntries())
        {
            rejoin(problem);
        }
    }

    /** The session whose entries are wanted; 0: none. */
    public long session()
    {
        return acceptsEntries() ? session : 0;
    }

    public void onAcknowledge(
        final long atNs,
        final long incarnation,
        final long ofSession,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        heard(atNs, incarnation);
        if (role == Role.PRIMARY)
        {
            backup.onAcknowledge(atNs, incarnation, ofSession, journalSequence, replayedSequence, replayedTimeNs);
        }
    }

    public void onGoodbye(final long incarnation, final String text)
    {
        if (peer.onGoodbye(incarnation, text) && role == Role.PRIMARY && claim == null && !backup.stage().protects())
        {
            notices.say(settings.peer() + " left: " + text);
            backup.end();
        }
    }

    /** A process of the peer's node seems to have ended; which says nothing of one that took its place. */
    public void onPeerEnded(final long atNs, final long incarnation)
    {
        peer.onEnded(atNs, incarnation);
    }

    /** The hart thread has written the entry from which on outputs wait for the backup. */
    public void protectedFrom(final long sequence)
    {
        backup.protectedFrom(sequence);
    }

    private void heard(final long atNs, final long incarnation)
    {
        if (peer.onHeard(atNs, incarnation) && role == Role.JOINING)
        {
            session = 0;
        }
    }

    private boolean isBackupOf(final long ofGeneration)
    {
        final JournalTerm journal = replica.term();
        return journal.generation() == ofGeneration && settings.node().equals(journal.backup());
    }

    /** A process that stood still does not know what happened meanwhile: it asks before it releases anything. */
    private void noticeOwnPause()
    {
        final boolean paused = nowNs - lastPollNs > settings.maxPauseNs();
        lastPollNs = nowNs;
        if (paused && role == Role.PRIMARY && !isVerifying)
        {
            isVerifying = true;
            updateOutputs();
        }
        if (paused && role == Role.STARTING)
        {
            // It has not listened meanwhile.
            startedNs = nowNs;
        }
        if (isVerifying && role == Role.PRIMARY && arbiter.isFree())
        {
            arbiter.current(this::onVerified);
        }
    }

    private void onVerified(final Term newest)
    {
        if (role != Role.PRIMARY)
        {
            return;
        }
        if (claim != null && newest.isOf(claim))
        {
            // Its answer was lost, and the claim made again will find it; but outputs need not wait for the peer's.
            isVerifying = false;
            updateOutputs();
        }
        else if (newest.generation() > term.generation())
        {
            haltDeposed(newest.generation(), newest.node());
        }
        else if (newest.isSameAs(term))
        {
            isVerifying = false;
            updateOutputs();
        }
        else
        {
            arbiter.retry(ArbiterView.absence(settings.node(), term, newest));
        }
    }

    private void pollStarting()
    {
        if (peer.role() == Role.PRIMARY && peer.isHeard(nowNs))
        {
            beginJoining("");
            return;
        }
        if (nowNs - startedNs >= settings.startNs() && arbiter.isFree())
        {
            arbiter.current(this::claimIfEntitled);
        }
    }

    private void claimIfEntitled(final Term newest)
    {
        if (role != Role.STARTING)
        {
            return;
        }
        final String reason = Entitlement.whyNot(settings, replica, newest);
        if (reason != null)
        {
            arbiter.pause(settings.startNs());
            notices.complain(nowNs, reason);
            return;
        }
        if (newest.generation() == 0)
        {
            replica.createJournal();
        }
        becomeCandidate(newest, "no live primary was heard", GenerationStart.STARTED);
    }

    private void pollJoining(final boolean isPeerLost)
    {
        if (isPeerLost)
        {
            notices.complain(nowNs, "gives up joining: " + (peer.hasLeft() || peer.hasEnded() ? peer.loss(nowNs) :
                settings.peer() + " was not heard for " + settings.heartbeatTimeoutMs() + " ms"));
            restart();
            return;
        }
        if (session != 0 && isBackupOf(peer.generation()))
        {
            role = Role.BACKUP;
            term = peer.term();
            primary = peer.incarnation();
            notices.say("backup of " + settings.peer() + " in generation " + term.generation());
            return;
        }
        if (session != 0)
        {
            // One in which nothing comes any more was given up by the primary: another one is asked for.
            if (!joining.hasProgress(nowNs, replica.journalSequence(), settings))
            {
                rejoin("nothing came from the primary for " + settings.joiningTimeoutMs() + " ms");
            }
            return;
        }
        if (joining.isTimeToAsk(nowNs))
        {
            link.join(term.generation(), replica.journalSequence(), replica.chainHigh(), replica.chainLow(),
                settings.agreed(), joining.reason());
        }
        if (joining.isUnanswered(nowNs, settings))
        {
            notices.complain(nowNs, settings.peer() + " is heard, and has not answered this node, which asks to join, " +
                "for " + settings.joiningTimeoutMs() + " ms: " + (peer.trouble().isEmpty() ?
                "see whether UDP passes from here to its address" : "it says: " + peer.trouble()));
        }
    }

    private void pollBackup(final boolean isPeerLost)
    {
        if (replica.hasEnded())
        {
            // The primary goes when its guest has ended, and so does this node when its replay has come there.
            return;
        }
        if (peer.incarnation() != primary)
        {
            // That it was away for less than a timeout does not bring the guest back.
            becomeCandidate(term, settings.peer() + "'s process was replaced by another one", GenerationStart.PROMOTED);
        }
        else if (isPeerLost)
        {
            silenceMs = peer.silenceMs(nowNs);
            becomeCandidate(term, peer.loss(nowNs),
                peer.hasLeft() ? GenerationStart.SWITCHOVER : GenerationStart.PROMOTED);
        }
    }

    private void becomeCandidate(final Term newest, final String reason, final GenerationStart cause)
    {
        role = Role.CANDIDATE;
        claimCause = cause;
        beginClaim(newest, reason);
        notices.say(reason + "; claims generation " + claim.generation());
        pollClaim();
    }

    private void beginClaim(final Term newest, final String reason)
    {
        claim = new Claim(newest, settings.node(), new UUID(random.nextLong(), random.nextLong()), reason);
        arbiter.hasten();
    }

    /** Makes the claim, and the same again when its answer was lost: it is granted once. */
    private void pollClaim()
    {
        if (arbiter.isFree())
        {
            final Claim asked = claim;
            arbiter.claim(asked, newest -> onClaimAnswered(asked, newest));
        }
    }

    private void onClaimAnswered(final Claim asked, final Term newest)
    {
        if (role == Role.HALTED || asked != claim)
        {
            return;
        }
        if (newest.isOf(claim))
        {
            if (role == Role.PRIMARY)
            {
                goOnAlone(newest);
            }
            else
            {
                goLive(newest);
            }
        }
        else if (newest.generation() > claim.after().generation())
        {
            onClaimLost(newest);
        }
        else if (newest.isSameAs(claim.after()))
        {
            arbiter.retry("the arbiter has not decided who has generation " + claim.generation());
        }
        else
        {
            arbiter.retry(ArbiterView.absence(settings.node(), claim.after(), newest));
        }
    }

    private void onClaimLost(final Term newest)
    {
        if (role == Role.PRIMARY)
        {
            haltDeposed(newest.generation(), newest.node());
            return;
        }
        notices.say("generation " + newest.generation() + " went to " + newest.node());
        claim = null;
        restart();
    }

    private void goLive(final Term newest)
    {
        final long previous = term.generation();
        lastFailover = new FailoverRecord(newest.generation(),
            claimCause == GenerationStart.STARTED ? null : settings.peer(),
            settings.node(), clock.millis(), claim.reason(), silenceMs);
        role = Role.PRIMARY;
        term = newest;
        claim = null;
        backup.end();
        notices.say("primary of generation " + term.generation() + (previous == 0 ? "" : " after " + previous));
        replica.goLive(term.generation(), claimCause);
        updateOutputs();
    }

    private void pollPrimary(final boolean isPeerLost)
    {
        if (isVerifying)
        {
            return;
        }
        if (claim != null)
        {
            pollClaim();
            return;
        }
        backup.poll(nowNs, term, isPeerLost);
    }

    /** Ends the promise to the backup: asks for a generation in which outputs need none, and holds them until then. */
    private void loseBackup(final String reason)
    {
        beginClaim(term, reason);
        backup.end();
        updateOutputs();
        pollClaim();
    }

    private void goOnAlone(final Term newest)
    {
        final String reason = claim.reason();
        term = newest;
        claim = null;
        notices.say(reason + "; goes on alone in generation " + term.generation());
        replica.runSolo(term.generation());
        updateOutputs();
    }

    /** Whether this primary waits for what only the arbiter can say. */
    private boolean holdsOutputs()
    {
        return role == Role.PRIMARY && (isVerifying || claim != null);
    }

    private void updateOutputs()
    {
        replica.allowOutputs(role == Role.PRIMARY && !holdsOutputs());
    }

    private void haltDeposed(final long byGeneration, final String node)
    {
        halt(String.format(Locale.ROOT,
            "generation %d was granted to %s; this node was primary of generation %d and stops before another output",
            byGeneration, node.equals(settings.node()) ? "another process of this node" : node, term.generation()));
    }

    private void rejoin(final String reason)
    {
        notices.complain(nowNs, reason + "; joins again");
        beginJoining(reason);
    }

    private void beginJoining(final String reason)
    {
        role = Role.JOINING;
        session = 0;
        joining = new Joining(nowNs, reason);
    }

    private void restart()
    {
        role = Role.STARTING;
        startedNs = nowNs;
        arbiter.hasten();
        peer.forgetRole();
    }
}
