package dev.understudy.failover.role;

import dev.understudy.failover.arbiter.Term;
import dev.understudy.failover.detector.HeartbeatDetector;
import java.util.Locale;

/**
 * Decides what this node is to its pair: the state machine of {@link Role}.
 * <p>
 * A replica goes live, and a primary goes solo, only with a generation of its own from the arbiter; and it asks for one
 * only when its journal is known to hold every entry that a released output depends on: when it began the newest
 * generation itself, or joined it as the backup. Silence of the peer is only the occasion to ask. Outputs are held
 * whenever the right to release them is in doubt: while a claim is under way, and after this process itself stood still
 * until the arbiter has confirmed its generation.
 * <p>
 * Clocks are passed in. Owned by the agent thread. Source: Scales et al. 2010, section 2.3 (Detecting and Responding
 * to Failure).
 */
public final class PairMember
{
    private final PairSettings settings;
    private final Replica replica;
    private final PairLink link;
    private final Questions arbiter;
    private final HeartbeatDetector detector;
    private final AcknowledgementWatch watch;

    private Role role = Role.STARTING;
    private long generation;
    private String haltReason;

    private long startedNs;
    private long lastPollNs;
    private long lastHeartbeatNs;
    private long nextAttemptNs;
    private String lastNotice;

    private long peerIncarnation;
    private Role peerRole;
    private long peerGeneration;
    private boolean peerSaidGoodbye;
    private String peerGoodbye;

    /** As a primary: incarnation of the peer that the journal goes to, 0 without one. */
    private long backupIncarnation;

    /** The present exchange of the journal, numbered by the primary; 0 without one. */
    private long session;
    private long nextSession;
    private long sessionFrom;
    private boolean isStreaming;
    private long progressSequence;
    private long progressNs;
    private boolean isProtecting;
    private boolean isConfirmed;
    private long protectedFrom;

    private long claimGeneration;
    private String claimReason;
    private GenerationStart claimCause;
    private boolean isVerifying;

    /** Why this primary asks for a generation without a backup; null when it does not. */
    private String soloReason;
    private FailoverRecord lastFailover;
    private long silenceMs;

    /**
     * @param firstSession number of the first exchange of the journal; random, so that entries which the peer's last
     *                     process sent cannot be taken for this one's
     */
    public PairMember(
        final PairSettings settings,
        final Replica replica,
        final PairLink link,
        final Questions arbiter,
        final long firstSession,
        final long nowNs)
    {
        this.settings = settings;
        this.replica = replica;
        this.link = link;
        this.arbiter = arbiter;
        nextSession = firstSession;
        detector = new HeartbeatDetector(settings.heartbeatIntervalMs(), settings.heartbeatTimeoutMs());
        watch = new AcknowledgementWatch(settings.progressTimeoutMs() * 1_000_000L);
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
        return generation;
    }

    /** Whether this is a primary without a live backup that holds everything. */
    public boolean isSolo()
    {
        return role == Role.PRIMARY && !isConfirmed;
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
    public boolean hearsPeer(final long nowNs)
    {
        return peerRole != null && !detector.suspect(nowNs);
    }

    /** Whether entries that arrive are wanted: not while this replica may be about to replace who sends them. */
    public boolean acceptsEntries()
    {
        return role == Role.JOINING || role == Role.BACKUP;
    }

    /** When {@link #poll} next has something to do without a message, in nanoseconds from now. */
    public long idleNs(final long nowNs)
    {
        final long untilHeartbeatNs = Math.max(0, lastHeartbeatNs + settings.intervalNs() - nowNs);
        final long untilSuspectNs = detector.untilSuspectNs(nowNs);
        return untilSuspectNs == 0 ? untilHeartbeatNs : Math.min(untilHeartbeatNs, untilSuspectNs);
    }

    /** One duty cycle; returns the work done. */
    public int poll(final long nowNs)
    {
        if (role == Role.HALTED)
        {
            return 0;
        }
        int work = arbiter.poll() ? 1 : 0;
        noticeOwnPause(nowNs);
        final boolean suspects = detector.suspect(nowNs) || peerSaidGoodbye;
        switch (role)
        {
            case STARTING -> pollStarting(nowNs);
            case JOINING -> pollJoining(nowNs, suspects);
            case BACKUP -> pollBackup(nowNs, suspects);
            case CANDIDATE -> pollCandidate(nowNs);
            case PRIMARY -> pollPrimary(nowNs, suspects);
            case HALTED ->
            {
            }
        }
        if (nowNs - lastHeartbeatNs >= settings.intervalNs())
        {
            lastHeartbeatNs = nowNs;
            link.heartbeat(role, generation, isSolo());
            if (acceptsEntries() && session != 0)
            {
                link.acknowledge(generation, session);
            }
            work++;
        }
        return work;
    }

    /** Leaves in order: the peer need not wait for the silence. What it does from then on is not heard any more. */
    public void leave(final String text)
    {
        if (role != Role.HALTED)
        {
            role = Role.HALTED;
            replica.allowOutputs(false);
            link.goodbye(generation, text);
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
            link.goodbye(generation, reason);
            replica.halt(reason);
        }
    }

    public void onHeartbeat(
        final long nowNs, final long incarnation, final Role role, final long peersGeneration)
    {
        heard(nowNs, incarnation);
        peerRole = role;
        peerGeneration = peersGeneration;
        if (this.role == Role.PRIMARY && role == Role.PRIMARY && peersGeneration > generation)
        {
            haltDeposed(peersGeneration, settings.peer());
        }
        else if (this.role == Role.BACKUP && role == Role.PRIMARY && peersGeneration > generation)
        {
            rejoin(nowNs, "the primary went on alone in generation " + peersGeneration);
        }
    }

    /** A restarted peer asks for the journal. */
    public void onJoin(
        final long nowNs,
        final long incarnation,
        final long haveSequence,
        final long chainHigh,
        final long chainLow)
    {
        heard(nowNs, incarnation);
        if (role != Role.PRIMARY || soloReason != null || isVerifying)
        {
            return;
        }
        if (isProtecting)
        {
            // The backup that outputs were promised to is gone; going on without it needs a generation first.
            loseBackup(nowNs, "backup " + settings.peer() + " started anew");
            return;
        }
        if (incarnation != backupIncarnation || isStreaming)
        {
            replica.stopStreaming();
            isStreaming = false;
            backupIncarnation = incarnation;
            session = nextSession++;
            final boolean isPrefix = haveSequence >= 0 && haveSequence <= replica.journalSequence() &&
                replica.holds(haveSequence, chainHigh, chainLow);
            sessionFrom = isPrefix ? haveSequence + 1 : 0;
            if (link.trouble() == null)
            {
                notice("backup " + settings.peer() + " joins from entry " + sessionFrom);
            }
        }
        link.joinReply(generation, sessionFrom, session);
    }

    /** The primary will send its journal from an entry on, as soon as this replica has acknowledged the session. */
    public void onJoinReply(
        final long nowNs, final long incarnation, final long fromSequence, final long newSession)
    {
        heard(nowNs, incarnation);
        if (role == Role.JOINING && newSession != session)
        {
            replica.receiveFrom(fromSequence);
            session = newSession;
        }
        if (role == Role.JOINING)
        {
            link.acknowledge(generation, session);
        }
    }

    /** The entries that arrive do not follow those that the journal has: this replica must join again. */
    public void onBrokenStream(final long nowNs, final String problem)
    {
        if (acceptsEntries())
        {
            rejoin(nowNs, problem);
        }
    }

    /** The session whose entries are wanted; 0: none. */
    public long session()
    {
        return acceptsEntries() ? session : 0;
    }

    public void onAcknowledge(
        final long nowNs,
        final long incarnation,
        final long ofSession,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        heard(nowNs, incarnation);
        if (role == Role.PRIMARY && incarnation == backupIncarnation && ofSession == session)
        {
            if (!isStreaming)
            {
                isStreaming = true;
                watch.begin(nowNs);
                replica.streamFrom(sessionFrom, session);
            }
            watch.onAcknowledge(nowNs, journalSequence);
            replica.acknowledged(journalSequence, replayedSequence, replayedTimeNs);
            if (isProtecting && !isConfirmed && journalSequence >= protectedFrom)
            {
                isConfirmed = true;
                notice("protected: backup " + settings.peer() + " holds the journal");
            }
        }
    }

    public void onGoodbye(final long nowNs, final long incarnation, final String text)
    {
        if (incarnation == peerIncarnation)
        {
            peerSaidGoodbye = true;
            peerGoodbye = text;
        }
    }

    /** A process of the peer's node seems to have ended; which says nothing of one that took its place. */
    public void onPeerEnded(final long nowNs, final long incarnation)
    {
        if (incarnation == peerIncarnation)
        {
            detector.onEnded(nowNs);
        }
    }

    /** The hart thread has written the entry from which on outputs wait for the backup. */
    public void protectedFrom(final long sequence)
    {
        protectedFrom = sequence;
    }

    private void heard(final long nowNs, final long incarnation)
    {
        if (incarnation != peerIncarnation)
        {
            peerIncarnation = incarnation;
            peerSaidGoodbye = false;
            detector.onNewProcess();
            if (role == Role.JOINING)
            {
                session = 0;
            }
        }
        if (!peerSaidGoodbye)
        {
            detector.onHeard(nowNs);
        }
    }

    private boolean isBackupOf(final long ofGeneration)
    {
        final JournalTerm term = replica.term();
        return term.generation() == ofGeneration && settings.node().equals(term.backup());
    }

    /** A process that stood still does not know what happened meanwhile: it asks before it releases anything. */
    private void noticeOwnPause(final long nowNs)
    {
        final boolean paused = nowNs - lastPollNs > settings.timeoutNs() / 2;
        lastPollNs = nowNs;
        if (paused && role == Role.PRIMARY && !isVerifying)
        {
            isVerifying = true;
            updateOutputs();
        }
        if (isVerifying && role == Role.PRIMARY && !arbiter.isAsking() && nowNs >= nextAttemptNs)
        {
            arbiter.current(this::onVerified, problem -> retryLater(nowNs, problem));
        }
    }

    private void onVerified(final Term term)
    {
        isVerifying = false;
        if (role != Role.PRIMARY)
        {
            return;
        }
        if (term.generation() > generation)
        {
            haltDeposed(term.generation(), term.node());
        }
        else
        {
            updateOutputs();
        }
    }

    private void pollStarting(final long nowNs)
    {
        if (peerRole == Role.PRIMARY && hearsPeer(nowNs))
        {
            beginJoining(nowNs);
            return;
        }
        if (nowNs - startedNs >= settings.startNs() && !arbiter.isAsking() && nowNs >= nextAttemptNs)
        {
            arbiter.current(term -> claimIfEntitled(nowNs, term), problem -> retryLater(nowNs, problem));
        }
    }

    private void claimIfEntitled(final long nowNs, final Term newest)
    {
        if (role != Role.STARTING)
        {
            return;
        }
        final String reason = whyNotEntitled(newest);
        if (reason != null)
        {
            nextAttemptNs = nowNs + settings.startNs();
            notice(reason);
            return;
        }
        if (newest.generation() == 0)
        {
            replica.createJournal();
        }
        becomeCandidate(nowNs, newest.generation(), "no live primary was heard", GenerationStart.STARTED);
    }

    /** Null when this node's journal holds all that was acknowledged up to the newest generation. */
    private String whyNotEntitled(final Term newest)
    {
        final JournalTerm own = replica.term();
        if (newest.generation() == 0)
        {
            return own.generation() == 0 ? null : String.format(Locale.ROOT,
                "the arbiter knows no generation, the journal of this node is of " +
                "generation %d: the arbiter's directory was emptied or is another one", own.generation());
        }
        if (own.generation() > newest.generation())
        {
            return String.format(Locale.ROOT,
                "the arbiter knows generation %d, the journal of this node is of generation %d: " +
                "the arbiter's directory is another one",
                newest.generation(), own.generation());
        }
        final boolean isOwner = settings.node().equals(newest.node());
        if (isOwner && replica.journalSequence() >= 0)
        {
            return null;
        }
        if (own.generation() == newest.generation() && settings.node().equals(own.backup()))
        {
            return null;
        }
        if (isOwner)
        {
            return String.format(Locale.ROOT,
                "waits for %s: this node ran generation %d, and its journal is gone; restore its data directory, or " +
                "start %s, if that was its backup", settings.peer(), newest.generation(), settings.peer());
        }
        return String.format(Locale.ROOT,
            "waits for %s, which ran generation %d alone; the journal of this node ends in generation %d",
            newest.node(), newest.generation(), own.generation());
    }

    private void pollJoining(final long nowNs, final boolean suspects)
    {
        if (suspects)
        {
            restart(nowNs);
            return;
        }
        if (isBackupOf(replica.term().generation()) && replica.term().generation() == peerGeneration)
        {
            role = Role.BACKUP;
            generation = peerGeneration;
            notice("backup of " + settings.peer() + " in generation " + generation);
            return;
        }
        noticeProgress(nowNs);
        if (session == 0 && nowNs >= nextAttemptNs)
        {
            nextAttemptNs = nowNs + PairSettings.JOIN_RETRY_MS * 1_000_000L;
            link.join(generation, replica.journalSequence(), replica.chainHigh(), replica.chainLow());
        }
    }

    /** A session in which nothing comes any more was given up by the primary: another one is asked for. */
    private void noticeProgress(final long nowNs)
    {
        final long sequence = replica.journalSequence();
        if (sequence != progressSequence || session == 0)
        {
            progressSequence = sequence;
            progressNs = nowNs;
        }
        else if (nowNs - progressNs > settings.joiningTimeoutMs() * 1_000_000L)
        {
            rejoin(nowNs, "nothing came from the primary for " + settings.joiningTimeoutMs() + " ms");
        }
    }

    private void pollBackup(final long nowNs, final boolean suspects)
    {
        if (suspects)
        {
            silenceMs = detector.silenceMs(nowNs);
            becomeCandidate(nowNs, generation,
                settings.peer() + whatHappened(nowNs),
                peerSaidGoodbye ? GenerationStart.SWITCHOVER : GenerationStart.PROMOTED);
        }
    }

    private String whatHappened(final long nowNs)
    {
        if (peerSaidGoodbye)
        {
            return " left: " + peerGoodbye;
        }
        final String silence = " was silent for " + detector.silenceMs(nowNs) + " ms";
        return detector.isEnded() ? "'s process has ended and" + silence : silence;
    }

    private void becomeCandidate(
        final long nowNs, final long newestGeneration, final String reason, final GenerationStart cause)
    {
        role = Role.CANDIDATE;
        claimGeneration = newestGeneration + 1;
        claimReason = reason;
        claimCause = cause;
        nextAttemptNs = nowNs;
        notice(reason + "; claims generation " + claimGeneration);
        pollCandidate(nowNs);
    }

    private void pollCandidate(final long nowNs)
    {
        if (!arbiter.isAsking() && nowNs >= nextAttemptNs)
        {
            arbiter.claim(claimGeneration, settings.node(), claimReason,
                isWon -> onClaimDecided(nowNs, isWon), problem -> retryLater(nowNs, problem));
        }
    }

    private void onClaimDecided(final long nowNs, final boolean isWon)
    {
        if (role != Role.CANDIDATE)
        {
            return;
        }
        if (!isWon)
        {
            notice("generation " + claimGeneration + " went to " + settings.peer());
            restart(nowNs);
            return;
        }
        final long previous = generation;
        generation = claimGeneration;
        role = Role.PRIMARY;
        isProtecting = false;
        isConfirmed = false;
        endSession();
        lastFailover = new FailoverRecord(generation, claimCause == GenerationStart.STARTED ? null : settings.peer(),
            settings.node(), System.currentTimeMillis(), claimReason, silenceMs);
        notice("primary of generation " + generation + (previous == 0 ? "" : " after " + previous));
        replica.goLive(generation, claimCause);
        updateOutputs();
    }

    private void pollPrimary(final long nowNs, final boolean suspects)
    {
        if (isVerifying)
        {
            return;
        }
        if (soloReason != null)
        {
            pollSoloClaim(nowNs);
            return;
        }
        if (suspects)
        {
            if (isProtecting)
            {
                loseBackup(nowNs, "backup " + settings.peer() + whatHappened(nowNs));
            }
            else if (backupIncarnation != 0 && detector.silenceMs(nowNs) > settings.joiningTimeoutMs())
            {
                notice("backup " + settings.peer() + " went away while it caught up");
                endSession();
            }
            return;
        }
        if (isStreaming && watch.isStalled(nowNs, replica.journalSequence()))
        {
            onNoProgress(nowNs);
            return;
        }
        if (!isStreaming || isProtecting || !replica.isCaughtUp())
        {
            return;
        }
        if (!link.carriesFullDatagrams())
        {
            noticeTrouble();
        }
        else
        {
            isProtecting = true;
            isConfirmed = false;
            protectedFrom = Long.MAX_VALUE;
            replica.protect(generation, settings.peer());
        }
    }

    /** Heartbeats say that the backup lives; that it takes nothing is worse than if it did not. */
    private void onNoProgress(final long nowNs)
    {
        if (isProtecting)
        {
            loseBackup(nowNs, "backup " + settings.peer() + " is heard, and acknowledged nothing for " +
                settings.progressTimeoutMs() + " ms" + (link.trouble() == null ? "" : ": " + link.trouble()));
        }
        else
        {
            noticeTrouble();
        }
    }

    private void noticeTrouble()
    {
        if (link.trouble() != null)
        {
            notice("backup " + settings.peer() + " cannot protect: " + link.trouble());
        }
    }

    /** Ends the promise to the backup: asks for a generation in which outputs need none, and holds them until then. */
    private void loseBackup(final long nowNs, final String reason)
    {
        soloReason = reason;
        isConfirmed = false;
        nextAttemptNs = nowNs;
        endSession();
        updateOutputs();
        pollSoloClaim(nowNs);
    }

    private void pollSoloClaim(final long nowNs)
    {
        if (arbiter.isAsking() || nowNs < nextAttemptNs)
        {
            return;
        }
        final long wanted = generation + 1;
        arbiter.claim(wanted, settings.node(), soloReason, isWon ->
        {
            if (!isWon)
            {
                haltDeposed(wanted, settings.peer());
                return;
            }
            generation = wanted;
            isProtecting = false;
            notice(soloReason + "; goes on alone in generation " + wanted);
            soloReason = null;
            replica.runSolo(wanted);
            updateOutputs();
        }, problem -> retryLater(nowNs, problem));
    }

    private void updateOutputs()
    {
        replica.allowOutputs(role == Role.PRIMARY && !isVerifying && soloReason == null);
    }

    private void endSession()
    {
        backupIncarnation = 0;
        isStreaming = false;
        replica.stopStreaming();
    }

    private void haltDeposed(final long byGeneration, final String node)
    {
        halt(String.format(Locale.ROOT,
            "generation %d was granted to %s; this node was primary of generation %d and stops before another output",
            byGeneration, node, generation));
    }

    private void rejoin(final long nowNs, final String reason)
    {
        notice(reason + "; joins again");
        beginJoining(nowNs);
    }

    private void beginJoining(final long nowNs)
    {
        role = Role.JOINING;
        session = 0;
        nextAttemptNs = nowNs;
    }

    private void restart(final long nowNs)
    {
        role = Role.STARTING;
        startedNs = nowNs;
        nextAttemptNs = nowNs;
        peerRole = null;
    }

    private void retryLater(final long nowNs, final String problem)
    {
        nextAttemptNs = nowNs + PairSettings.ARBITER_RETRY_MS * 1_000_000L;
        notice("the arbiter cannot be reached: " + problem);
    }

    /** Says a thing once, not at each attempt. */
    private void notice(final String text)
    {
        if (!text.equals(lastNotice))
        {
            lastNotice = text;
            replica.notice(text);
        }
    }
}
