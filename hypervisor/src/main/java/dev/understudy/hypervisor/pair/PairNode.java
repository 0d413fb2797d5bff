package dev.understudy.hypervisor.pair;

import dev.understudy.failover.arbiter.Arbiter;
import dev.understudy.failover.arbiter.DirectoryArbiter;
import dev.understudy.failover.role.AgreedSettings;
import dev.understudy.failover.role.ArbiterClient;
import dev.understudy.failover.role.PairMember;
import dev.understudy.failover.role.PairSettings;
import dev.understudy.failover.role.Role;
import dev.understudy.guest.RunState;
import dev.understudy.guest.hart.TranslationStatistics;
import dev.understudy.hypervisor.config.DriveSpec;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.drive.DriveException;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.image.ImageException;
import dev.understudy.hypervisor.live.HostOutput;
import dev.understudy.hypervisor.live.Inbox;
import dev.understudy.hypervisor.live.SelectorDoorbell;
import dev.understudy.hypervisor.net.NameLookup;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.StatusServer;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalFullException;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalSyncer;
import dev.understudy.journal.Outcome;
import dev.understudy.transport.LinkDirectory;
import dev.understudy.transport.PairEndpoints;
import dev.understudy.transport.PairHandler;
import dev.understudy.transport.PairTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.agrona.DirectBuffer;

/**
 * One node of a pair: the agent thread, which has link, replica, outside world and the {@link PairMember} do their work
 * by turns.
 * <p>
 * {@link #run} is the agent thread. The hart has its own thread, the arbiter and the status have theirs; they meet in
 * the inbox, the outbox, the journal and published fields.
 */
public final class PairNode implements PairHandler
{
    /** The longest sleep of the agent: heartbeats are more frequent. */
    private static final long MAX_SLEEP_MS = 100;

    /** Time that a node that leaves gives the backup to take its last entries. */
    private static final long LEAVE_TIMEOUT_NS = 1_000_000_000;

    /** Time that a node that halts or leaves gives its last words. */
    private static final long LAST_WORDS_NS = 20_000_000;

    private static final long STATUS_INTERVAL_NS = 20_000_000;

    /** Timeouts of the heartbeat that a request of a drive or a sync of the journal is given. */
    private static final int SLOW_DISK_TIMEOUTS = 10;

    private final PairConfiguration.Node node;
    private final Consumer<String> notices;
    private final LongSupplier lostNoticeBytes;

    private final Selector selector;
    private final SelectorDoorbell bell;
    private final JournalStore journal;
    private final JournalSyncer syncer;
    private final NodeProcessors processors;
    private final PairTransport transport;
    private final OutsideWorld world;
    private final LocalReplica replica;
    private final PeerProxy peer;
    private final ArbiterClient arbiter;
    private final ArbiterClient arbiterView;
    private final PairMember member;
    private final LinkDirectory linkDirectory;
    private final PeerAddress peerAddress;
    private final InetSocketAddress address;
    private final Lifeline lifeline;
    private final long incarnation;

    private final long heartbeatTimeoutNs;
    private final WorkWatch syncWatch;

    private long nextStatusNs;
    private boolean saidHung;
    private volatile NodeStatus status = NodeStatus.unreachable();
    private volatile long publishedNs = System.nanoTime();
    private volatile TranslationStatistics translations = TranslationStatistics.NONE;
    private volatile boolean leaving;
    private volatile String diskFailure;

    /** How the guest ended, or null. */
    private RunState end;

    /**
     * @param console takes what the guest prints
     * @param notices takes what the operator should know, a line each; must not wait for who reads it
     * @param lostNoticeBytes says how much of that nobody could read
     */
    public PairNode(
        final PairConfiguration configuration,
        final String nodeName,
        final HostOutput console,
        final Consumer<String> notices,
        final LongSupplier lostNoticeBytes)
        throws IOException
    {
        this.notices = notices;
        this.lostNoticeBytes = lostNoticeBytes;
        node = configuration.node(nodeName);
        final String peerName = configuration.peerOf(nodeName).name();
        final GuestImage image = GuestImage.read(
            configuration.kernel(),
            configuration.initrd(),
            configuration.append(),
            configuration.memoryBytes(),
            configuration.drives().stream().map(PairNode::file).toList(),
            configuration.mac());
        // Here, since later it would keep the agent thread from its heartbeats for seconds.
        image.drives().forEach(DriveFile::sha256);
        linkDirectory = LinkDirectory.create(configuration.name() + nodeName);
        address = NameLookup.require(node.address(), notices);
        peerAddress = new PeerAddress(peerName, configuration.node(peerName).address(), notices);
        final PairEndpoints endpoints = new PairEndpoints(
            nodeName,
            address,
            peerAddress.first(),
            linkDirectory.path(),
            configuration.mtu());
        processors = NodeProcessors.of(configuration, node, endpoints.isWithinHost());
        final Netdev netdev = node.netdev() == null ? Netdev.none() : Netdev.open(node.netdev(), notices);
        journal = new JournalStore(
            node.data(), JournalOptions.defaults().bounded(configuration.journalMaxBytes(), notices), notices);
        checkJournal(journal, image);
        selector = Selector.open();
        bell = new SelectorDoorbell(selector);
        syncer = configuration.journalSyncMs() == 0 ? null :
            new JournalSyncer(journal.directory(), configuration.journalSyncMs(), failure ->
            {
                diskFailure = failure;
                bell.ring();
            });
        heartbeatTimeoutNs = configuration.heartbeatTimeoutMs() * 1_000_000L;
        syncWatch = new WorkWatch(() -> syncer == null ? -1 : syncer.underWay());
        final SecureRandom random = new SecureRandom();
        incarnation = random.nextLong() | 1;
        transport = new PairTransport(
            endpoints,
            incarnation,
            selector,
            Math.max(1, configuration.heartbeatIntervalMs()),
            configuration.heartbeatTimeoutMs(),
            this,
            problem -> notices.accept("link: " + problem.getMessage()));
        final OutputGate gate = new OutputGate();
        final Inbox inbox = new Inbox();
        world = new OutsideWorld(
            selector,
            configuration.forwardsOf(node).stream().map(it -> it.on(NameLookup.require(
                InetSocketAddress.createUnresolved(it.address(), it.hostPort()), notices).getAddress().getHostAddress()))
                .toList(),
            configuration.mac(),
            netdev,
            console,
            gate,
            inbox,
            notices);
        replica = new LocalReplica(
            configuration, node, image, processors, journal, transport, world, gate, inbox, bell, InstantSource.system(),
            notices);
        peer = new PeerProxy(transport, replica, processors);
        final Arbiter directory = new DirectoryArbiter(configuration.arbiterDirectory());
        arbiter = new ArbiterClient(directory, "arbiter", bell::ring);
        arbiterView = new ArbiterClient(directory, "arbiter-view", bell::ring);
        member = new PairMember(
            new PairSettings(
                nodeName,
                peerName,
                configuration.heartbeatIntervalMs(),
                configuration.heartbeatTimeoutMs(),
                new AgreedSettings(configuration.agreed())),
            replica,
            peer,
            arbiter,
            arbiterView,
            InstantSource.system(),
            random,
            System.nanoTime());
        lifeline = new Lifeline(selector, ended -> member.onPeerEnded(System.nanoTime(), ended));
        if (!endpoints.peer().isUnresolved())
        {
            lifeline.to(endpoints.peer(), System.nanoTime());
        }
    }

    private static DriveFile file(final DriveSpec drive)
    {
        return DriveFile.of(drive.file(), drive.isReadOnly(), true, drive.serial());
    }

    private static void checkJournal(final JournalStore journal, final GuestImage image)
    {
        if (journal.genesis() == null)
        {
            return;
        }
        image.checkAgainst(journal.genesis());
        if (journal.outcome() != null && journal.outcome() != Outcome.STOPPED)
        {
            throw new JournalException("the guest of journal " + journal.directory() + " has ended (" +
                journal.outcome() + "): move the data directories of both nodes away to start it anew");
        }
    }

    /** Runs until the guest ends, the node halts or {@link #leave()} is called; returns the exit status. */
    public int run() throws IOException
    {
        try (StatusServer server = new StatusServer(address, this::status, () -> "", incarnation))
        {
            // Before the hart thread starts: it goes where this one is.
            processors.take(notices);
            // Not before: a start that was refused leaves nothing in the journal.
            journal.start();
            replica.follow();
            while (!hasEnded() && !leaving)
            {
                cycle();
            }
            if (!hasEnded())
            {
                depart();
            }
            if (member.role() == Role.HALTED)
            {
                flushLastWords();
            }
            publishStatus();
        }
        finally
        {
            shutDown();
        }
        return member.haltReason() != null || end != null && end.isFailure() ? 1 : 0;
    }

    /** Has {@link #run} hand over to the peer and return. Callable from any thread. */
    public void leave()
    {
        leaving = true;
        bell.ring();
    }

    private boolean hasEnded()
    {
        return end != null || member.haltReason() != null;
    }

    private void cycle() throws IOException
    {
        final long nowNs = System.nanoTime();
        if (dutyCycle(nowNs) == 0 && !hasEnded())
        {
            sleep(nowNs);
        }
    }

    private int dutyCycle(final long nowNs) throws IOException
    {
        bell.beginLook();
        int linkWork = transport.doWork() + member.poll(nowNs);
        int traffic = replica.stream() + (replica.hasNewEntries() ? 1 : 0);
        finishBatch();
        watchGuestAndDisk();
        if (!hasEnded())
        {
            traffic += replica.releaseOutputs();
        }
        traffic += world.doWork(nowNs, replica.isLive());
        traffic += replica.runGuest(nowNs) + replica.stream();
        transport.flush();
        if (traffic > 0)
        {
            bell.hasTraffic(nowNs);
        }
        linkWork += lifeline.poll(nowNs);
        selector.selectedKeys().clear();
        if (nowNs - nextStatusNs >= 0)
        {
            nextStatusNs = nowNs + STATUS_INTERVAL_NS;
            followPeer(nowNs);
            replica.controlLag(member.isSolo());
            watchDisks(nowNs);
            publishStatus();
        }
        if (processors.poll(nowNs, member.role() == Role.PRIMARY))
        {
            peer.placement(member.generation());
        }
        return linkWork + traffic;
    }

    /** Turns to the peer's address when it becomes known, or another one, while there is no way to it and back. */
    private void followPeer(final long nowNs)
    {
        final InetSocketAddress found = peerAddress.poll(nowNs, transport.isJournalConnected());
        if (found != null)
        {
            transport.connect(found);
            lifeline.to(found, nowNs);
        }
    }

    private void sleep(final long nowNs) throws IOException
    {
        final long untilHeartbeatMs = member.idleNs(nowNs) / 1_000_000 + 1;
        if (!bell.isLingering(nowNs))
        {
            replica.leaveGuest();
        }
        bell.sleep(nowNs, Math.min(Math.min(MAX_SLEEP_MS, untilHeartbeatMs), transport.maxSleepMs(nowNs)));
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
        transport.flush();
        // Last: the primary's outputs wait for the acknowledgement, and nobody waits for the replay.
        replica.announceEntries();
    }

    private void watchGuestAndDisk()
    {
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
            notices.accept(replica.describe(end));
        }
    }

    /**
     * The agent does not wait for a disk that its guest waits for, and so nobody would miss this node: it halts, if there is
     * one to go on. A disk may well be slow to carry out a request or a sync, so that gets more time, and most of it on a
     * backup: of two nodes with slow disks one has to stay.
     */
    private void watchDisks(final long nowNs)
    {
        final boolean isBackup = member.role() == Role.BACKUP;
        final long slowNs = heartbeatTimeoutNs * (isBackup ? 2 : 1) * SLOW_DISK_TIMEOUTS;
        String hung = replica.hungDisk(nowNs, heartbeatTimeoutNs, slowNs);
        if (syncWatch.lastsNs(nowNs) >= slowNs)
        {
            hung = "a sync of journal " + journal.directory() + " has not come back for " + slowNs / 1_000_000 + " ms";
        }
        if (hung == null || hasEnded())
        {
            saidHung &= hung != null;
        }
        else if (isBackup || member.role() == Role.PRIMARY && !member.isSolo())
        {
            member.halt(hung + ": it hangs, and the other node goes on");
        }
        else if (!saidHung)
        {
            saidHung = true;
            notices.accept(hung + "; waits for it, since there is no other node to go on");
        }
    }

    private void publishStatus()
    {
        final boolean isPrimary = member.role() == Role.PRIMARY;
        final long lagEvents = isPrimary ? 0 : replica.lagEvents();
        status = new NodeStatus(
            member.role().name().toLowerCase(Locale.ROOT),
            member.generation(),
            member.isSolo(),
            replica.position(),
            replica.journalSequence(),
            lagEvents,
            lagEvents == 0 ? 0 : replica.lagMs(),
            member.hearsPeer(System.nanoTime()),
            world.connections(),
            world.lostFrames(),
            world.lostConsoleBytes(),
            lostNoticeBytes.getAsLong(),
            replica.digestsCompared(),
            member.lastFailover(),
            member.haltReason(),
            member.trouble().isEmpty() ? null : member.trouble(),
            ProcessHandle.current().pid(),
            0);
        publishedNs = System.nanoTime();
        translations = replica.translations();
    }

    /** What the node has published of itself, and how long ago. Callable from any thread. */
    public NodeStatus status()
    {
        // In this order: one that is published meanwhile seems too old, not too young.
        final long atNs = publishedNs;
        return status.aged((System.nanoTime() - atNs) / 1_000_000);
    }

    /** What the engine had translated when the status was published. Callable from any thread. */
    public TranslationStatistics translations()
    {
        return translations;
    }

    /** Leaves in order: what the guest did is with the backup before it is told to take over. */
    private void depart() throws IOException
    {
        if (member.role() == Role.PRIMARY)
        {
            replica.holdGuest();
            final long untilNs = System.nanoTime() + LEAVE_TIMEOUT_NS;
            while (System.nanoTime() - untilNs < 0 && !hasEnded() && !member.isSolo() && !replica.isHandedOver())
            {
                cycle();
            }
        }
        notices.accept("leaves");
        member.leave("it was stopped");
    }

    private void flushLastWords()
    {
        final long untilNs = System.nanoTime() + LAST_WORDS_NS;
        while (System.nanoTime() - untilNs < 0)
        {
            transport.doWork();
        }
    }

    private void shutDown()
    {
        world.close();
        replica.close();
        arbiter.close();
        arbiterView.close();
        lifeline.close();
        transport.close();
        linkDirectory.close();
        if (syncer != null)
        {
            syncer.close();
        }
        journal.close();
    }

    // What the peer says.

    @Override
    public void onEntry(final long session, final DirectBuffer entry, final int offset, final int length)
    {
        if (session == 0 || session != member.session())
        {
            return;
        }
        try
        {
            replica.receive(entry, offset, length);
        }
        catch (final JournalFullException e)
        {
            member.halt(e.getMessage());
        }
        catch (final JournalException e)
        {
            member.onBrokenStream(e.getMessage());
        }
        catch (final DriveException e)
        {
            member.halt(e.getMessage());
        }
        catch (final ImageException e)
        {
            member.halt("the primary's guest is not the one configured here: " + e.getMessage());
        }
    }

    @Override
    public void onHeartbeat(
        final long peerIncarnation,
        final long generation,
        final String name,
        final int role,
        final boolean solo,
        final long sequence,
        final long position,
        final long releasedOutputs,
        final long claimHigh,
        final long claimLow,
        final String trouble)
    {
        if (name.equals(node.name()))
        {
            member.halt("another process calls itself node " + name + ": each node of a pair has its own name");
            return;
        }
        if (role < Role.values().length)
        {
            final UUID claim = claimHigh == 0 && claimLow == 0 ? null : new UUID(claimHigh, claimLow);
            member.onHeartbeat(
                System.nanoTime(), peerIncarnation, Role.values()[role], generation, claim, trouble);
        }
    }

    @Override
    public void onJoin(
        final long peerIncarnation,
        final long generation,
        final String name,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String settings,
        final String reason)
    {
        member.onJoin(
            System.nanoTime(), peerIncarnation, haveSequence, chainHigh, chainLow, settings, reason);
    }

    @Override
    public void onRefusal(final long peerIncarnation, final long generation, final String reason)
    {
        member.onRefusal(System.nanoTime(), peerIncarnation, reason);
    }

    @Override
    public void onJoinReply(
        final long peerIncarnation, final long generation, final long fromSequence, final long session)
    {
        member.onJoinReply(System.nanoTime(), peerIncarnation, fromSequence, session);
    }

    @Override
    public void onAcknowledge(
        final long peerIncarnation,
        final long session,
        final long sequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        member.onAcknowledge(
            System.nanoTime(), peerIncarnation, session, sequence, replayedSequence, replayedTimeNs);
    }

    @Override
    public void onGoodbye(final long peerIncarnation, final long generation, final String reason)
    {
        member.onGoodbye(peerIncarnation, reason);
    }

    @Override
    public void onPlacement(final long peerIncarnation, final boolean upperHalf, final int busyPercent)
    {
        processors.onPeer(upperHalf, busyPercent, member.role() == Role.PRIMARY);
    }

    @Override
    public void onUnknownMessage(final String what)
    {
        notices.accept("link: " + what);
    }
}
