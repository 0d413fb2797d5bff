package dev.understudy.node;

import dev.understudy.failover.role.PairMember;
import dev.understudy.failover.role.Role;
import dev.understudy.guest.RunState;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.journal.JournalException;
import dev.understudy.transport.PairProtocol;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.agrona.concurrent.Agent;

/**
 * One node of a pair: has link, replica, world and the {@link PairMember} do their work by turns.
 * <p>
 * It has no thread, clock, socket or file of its own: whoever made its {@link NodeContext} calls {@link #doWork} again and
 * again, on one thread, the agent thread. The hart has its own work; the two meet in the inbox, the outbox, the journal and
 * published fields. One duty cycle sees one time.
 */
public final class NodeAgent implements Agent
{
    /** The longest sleep of the agent: heartbeats are more frequent. */
    private static final long MAX_SLEEP_NS = 100_000_000;

    /** Time that a node that leaves gives the backup to take its last entries. */
    private static final long LEAVE_TIMEOUT_NS = 1_000_000_000;

    /** Time that a node that halts or leaves gives its last words. */
    private static final long LAST_WORDS_NS = 20_000_000;

    private static final long STATUS_INTERVAL_NS = 20_000_000;

    private final NodeSettings settings;
    private final NodeContext context;
    private final OutputGate gate;
    private final NodeJournal journal;
    private final LocalReplica replica;
    private final PairProtocol protocol;
    private final PeerProxy peer;
    private final PairMember member;
    private final DiskWatch disks;

    /** The time of this duty cycle. */
    private long nowNs;
    private long nextStatusNs;
    private long leaveUntilNs;
    private long lastWordsUntilNs;
    private int traffic;
    private boolean isDeparting;
    private boolean hasLeft;
    private boolean hasPublishedEnd;
    private volatile boolean leaving;
    private volatile NodeState state;
    private volatile TranslationStatistics translations = TranslationStatistics.NONE;

    /** How the guest ended, or null. */
    private RunState end;

    /**
     * Opens the journal, and begins nothing.
     *
     * @throws JournalException    when the journal is damaged, or its guest has ended and is not to begin anew
     * @throws WrongGuestException when the journal is another guest's
     */
    public NodeAgent(final NodeSettings settings, final NodeContext context)
    {
        this.settings = settings;
        this.context = context;
        nowNs = context.clock().nanoTime();
        nextStatusNs = nowNs;
        journal = new NodeJournal(context.journals(), context.notices());
        checkJournal();
        gate = new OutputGate(context.clock(), settings.pair().maxPauseNs());
        replica = new LocalReplica(settings, context, journal, gate);
        final PeerMessages messages = new PeerMessages(settings.pair().node(), () -> nowNs, context, replica);
        protocol = new PairProtocol(
            context.link(),
            settings.pair().node(),
            settings.incarnation(),
            context.clock(),
            settings.pair().heartbeatTimeoutMs(),
            messages);
        peer = new PeerProxy(context.link(), protocol, replica, context.placement());
        member = new PairMember(
            settings.pair(),
            replica,
            peer,
            context.arbiter(),
            context.arbiterView(),
            context.calendar(),
            context.random(),
            nowNs);
        disks = new DiskWatch(settings.pair().timeoutNs(), context, journal, replica, member);
        messages.to(member);
        publishState();
    }

    private void checkJournal()
    {
        if (journal.hasEnded() && !settings.restartsEnded())
        {
            throw new JournalException("the guest of journal " + journal.name() + " has ended (" +
                journal.outcome() + "): start both nodes with --restart-ended to begin it anew");
        }
        // Who begins anew may change what the guest is.
        if (journal.genesis() != null && !journal.hasEnded())
        {
            context.guest().checkAgainst(journal.genesis());
        }
    }

    @Override
    public String roleName()
    {
        return settings.pair().node();
    }

    /** Takes the journal up. */
    @Override
    public void onStart()
    {
        // Not before: a start that was refused leaves nothing in the journal.
        journal.start();
        replica.follow();
    }

    /** One duty cycle; returns the work done. Nothing more is to do when the node {@link #isDone}. */
    @Override
    public int doWork()
    {
        nowNs = context.clock().nanoTime();
        traffic = 0;
        final int received = protocol.doWork();
        return saysLastWords() ? received : received + workByTurns();
    }

    /** Whether the node has ended: its last words go out, and nothing else. */
    private boolean saysLastWords()
    {
        if (hasEnded() && !hasPublishedEnd)
        {
            hasPublishedEnd = true;
            lastWordsUntilNs = nowNs + (member.role() == Role.HALTED ? LAST_WORDS_NS : 0);
            publishState();
        }
        return hasPublishedEnd;
    }

    private int workByTurns()
    {
        final int linkWork = member.poll(nowNs);
        gate.looked(nowNs);
        traffic = replica.stream() + (replica.hasNewEntries() ? 1 : 0);
        finishBatch();
        watchGuestAndDisk();
        if (!hasEnded())
        {
            traffic += replica.releaseOutputs();
        }
        traffic += workWorld() + replica.runGuest(nowNs) + replica.stream();
        context.link().flush();
        if (nowNs - nextStatusNs >= 0)
        {
            nextStatusNs = nowNs + STATUS_INTERVAL_NS;
            replica.controlLag(member.isSolo());
            if (!hasEnded())
            {
                disks.poll(nowNs);
            }
            publishState();
        }
        if (context.placement().poll(nowNs, member.role() == Role.PRIMARY))
        {
            peer.placement(member.generation());
        }
        if (leaving)
        {
            depart();
        }
        saysLastWords();
        return linkWork + traffic;
    }

    private int workWorld()
    {
        try
        {
            // Not while outputs must not leave: then nothing may.
            return context.world().doWork(nowNs, replica.isLive(), gate.isOpen());
        }
        catch (final IOException e)
        {
            throw new UncheckedIOException(e);
        }
    }

    /** How much of the last duty cycle's work came from the world or the journal. */
    public int traffic()
    {
        return traffic;
    }

    /**
     * How long all work can wait when the last duty cycle had none, unless the bell rings or a message comes, in
     * nanoseconds. The guest is left to others meanwhile.
     *
     * @param atNs of the node's clock
     */
    public long idleNs(final long atNs)
    {
        final long untilNs = Math.min(MAX_SLEEP_NS, context.link().maxSleepMs(atNs) * 1_000_000);
        return hasEnded() ? 0 : Math.min(untilNs, member.idleNs(atNs));
    }

    /** The agent goes to sleep, and leaves the guest to others. */
    public void leaveGuest()
    {
        replica.leaveGuest();
    }

    /** Has {@link #doWork} hand over to the peer; the node is done soon. Callable from any thread. */
    public void leave()
    {
        leaving = true;
        context.bell().ring();
    }

    /** Whether the guest has ended, the node has halted or left, and its last words are out. */
    public boolean isDone()
    {
        return hasPublishedEnd && nowNs - lastWordsUntilNs >= 0;
    }

    /** Why the node halted, or null. */
    public String haltReason()
    {
        return member.haltReason();
    }

    /** How the guest ended, or null. */
    public RunState end()
    {
        return end;
    }

    /** Whether entries can go both ways. */
    public boolean isConnected()
    {
        return protocol.isConnected();
    }

    /** The peer's process with this incarnation has ended: that is known, and not only suspected. */
    public void onPeerEnded(final long incarnation)
    {
        member.onPeerEnded(nowNs, incarnation);
    }

    /** What the node has published of itself. Callable from any thread. */
    public NodeState state()
    {
        return state;
    }

    /** What the engine had translated when the state was published. Callable from any thread. */
    public TranslationStatistics translations()
    {
        return translations;
    }

    /** Ends all connections, and has the guest stop where it is; nobody waits for it. */
    @Override
    public void onClose()
    {
        context.world().close();
        replica.stop();
        replica.stopStreaming();
    }

    /** Lets go of drives and journal: after {@link #onClose}, when the hart has stopped. */
    public void release()
    {
        replica.release();
        journal.close();
    }

    private boolean hasEnded()
    {
        return end != null || hasLeft || member.haltReason() != null;
    }

    /** Leaves in order: what the guest did is with the backup before it is told to take over. */
    private void depart()
    {
        if (hasEnded())
        {
            return;
        }
        if (member.role() == Role.PRIMARY)
        {
            if (!isDeparting)
            {
                isDeparting = true;
                leaveUntilNs = nowNs + LEAVE_TIMEOUT_NS;
                replica.holdGuest();
            }
            if (nowNs - leaveUntilNs < 0 && !member.isSolo() && !replica.isHandedOver())
            {
                return;
            }
        }
        context.notices().accept("leaves");
        member.leave("it was stopped");
        hasLeft = true;
    }

    /** Tells primary and hart of the entries that came in this cycle, all at once. */
    private void finishBatch()
    {
        if (replica.hasNewEntries() && member.session() != 0)
        {
            peer.acknowledge(member.generation(), member.session());
        }
        final long protectedFrom = replica.takeProtectionBegun();
        if (protectedFrom >= 0)
        {
            member.protectedFrom(protectedFrom);
        }
        context.link().flush();
        // Last: the primary's outputs wait for the acknowledgement, and nobody waits for the replay.
        replica.announceEntries();
    }

    private void watchGuestAndDisk()
    {
        final String diskFailure = context.journals().failure();
        if (diskFailure != null && !hasEnded())
        {
            member.halt(diskFailure);
        }
        if (!replica.isGuestFinished() || hasEnded())
        {
            return;
        }
        final String failure = replica.failure();
        if (failure != null)
        {
            member.halt(failure);
            return;
        }
        end = replica.end();
        if (end != null)
        {
            context.notices().accept(replica.describe(end));
        }
    }

    private void publishState()
    {
        final boolean isPrimary = member.role() == Role.PRIMARY;
        final long lagEvents = isPrimary ? 0 : replica.lagEvents();
        state = new NodeState(
            nowNs,
            member.role(),
            member.generation(),
            member.backup(),
            member.isSolo(),
            replica.position(),
            replica.journalSequence(),
            lagEvents,
            lagEvents == 0 ? 0 : replica.lagMs(),
            member.hearsPeer(nowNs),
            context.world().connections(),
            context.world().lostFrames() + replica.lostFrames(),
            context.world().lostConsoleBytes(),
            replica.digestsCompared(),
            member.lastFailover(),
            member.haltReason(),
            member.trouble().isEmpty() ? null : member.trouble());
        translations = replica.translations();
    }
}
