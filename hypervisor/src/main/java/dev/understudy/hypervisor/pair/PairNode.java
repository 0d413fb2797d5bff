package dev.understudy.hypervisor.pair;

import dev.understudy.failover.arbiter.DirectoryArbiter;
import dev.understudy.failover.role.ArbiterClient;
import dev.understudy.failover.role.GenerationStart;
import dev.understudy.failover.role.JournalTerm;
import dev.understudy.failover.role.PairLink;
import dev.understudy.failover.role.PairMember;
import dev.understudy.failover.role.PairSettings;
import dev.understudy.failover.role.Replica;
import dev.understudy.failover.role.Role;
import dev.understudy.guest.Machine;
import dev.understudy.guest.MachineConfiguration;
import dev.understudy.guest.RunState;
import dev.understudy.guest.hart.TranslationStatistics;
import dev.understudy.guest.virtio.VirtioBalloon;
import dev.understudy.hypervisor.config.DriveSpec;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.drive.DriveException;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.image.ImageException;
import dev.understudy.hypervisor.linux.SparseArray;
import dev.understudy.hypervisor.live.ConsoleWriter;
import dev.understudy.hypervisor.live.GuestEnd;
import dev.understudy.hypervisor.live.GuestThread;
import dev.understudy.hypervisor.live.Inbox;
import dev.understudy.hypervisor.live.Outbox;
import dev.understudy.hypervisor.live.SelectorDoorbell;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.net.SelfAnnouncement;
import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.StatusServer;
import dev.understudy.hypervisor.vsock.VsockForwarder;
import dev.understudy.journal.GenerationCause;
import dev.understudy.journal.JournalException;
import dev.understudy.journal.JournalFullException;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalSyncer;
import dev.understudy.journal.Outcome;
import dev.understudy.transport.PairEndpoints;
import dev.understudy.transport.PairHandler;
import dev.understudy.transport.PairTransport;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Selector;
import java.security.SecureRandom;
import java.util.Locale;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * One replica of a pair: the agent thread that joins link, journal, guest, forwards and the decisions of the
 * {@link PairMember}.
 * <p>
 * {@link #run} is the agent thread. The hart has its own thread, the arbiter and the status have theirs; they meet in
 * the inbox, the outbox, the journal and published fields.
 */
public final class PairNode implements Replica, PairLink, PairHandler
{
    /** The longest sleep of the agent: heartbeats are more frequent. */
    private static final long MAX_SLEEP_MS = 100;

    /** Entries that may lie between what the backup has and the end of the journal when protection begins. */
    private static final long CAUGHT_UP_ENTRIES = 256;

    /** Time that a node that leaves gives its last words, and the backup to take its last entries. */
    private static final long LEAVE_TIMEOUT_NS = 1_000_000_000;

    private static final long LISTEN_RETRY_NS = 10_000_000;
    private static final long STATUS_INTERVAL_NS = 20_000_000;
    private static final long JOIN_TIMEOUT_MS = 5_000;

    /** The host's vsock ports of a generation begin at its number times this, so that none is used twice. */
    private static final long PORTS_OF_GENERATION = 1 << 20;
    private static final long FIRST_HOST_PORT = 1024;

    private final PairConfiguration configuration;
    private final PairConfiguration.Node node;
    private final PairConfiguration.Node peer;
    private final GuestImage image;
    private final ConsoleWriter console;
    private final Consumer<String> notices;
    private final long incarnation = new SecureRandom().nextLong() | 1;

    private final Selector selector;
    private final SelectorDoorbell bell;
    private final JournalStore journal;
    private final JournalSyncer syncer;
    private final NodeProcessors processors;
    private final PairTransport transport;
    private final ArbiterClient arbiter;
    private final PairMember member;
    private final Netdev netdev;
    private final OutputGate gate = new OutputGate();
    private final LagControl lagControl;
    private final Inbox inbox = new Inbox();
    private final Releases releases = new Releases();

    private Drives drives = Drives.none();
    private Outbox outbox;
    private GuestThread guest;
    private VsockForwarder forwarder;

    /** Null without a network device, and before this node is live. */
    private SelfAnnouncement announcement;
    private JournalStreamer streamer;
    private boolean listening;
    private long nextListenNs;
    private boolean hasNewEntries;
    private long backupReplayedSequence = -1;
    private long backupReplayedTimeNs;
    private boolean announcesProtection;
    private volatile long protectionSequence = -1;

    private long nextStatusNs;
    private volatile NodeStatus status = NodeStatus.unreachable();
    private volatile TranslationStatistics translations = TranslationStatistics.NONE;
    private volatile boolean leaving;
    private volatile String diskFailure;
    private String haltReason;
    private int exitStatus;
    private boolean ended;

    /**
     * @param console takes what the guest prints
     * @param notices takes what the operator should know, a line each
     */
    public PairNode(
        final PairConfiguration configuration,
        final String nodeName,
        final OutputStream console,
        final Consumer<String> notices)
        throws IOException
    {
        this.configuration = configuration;
        this.console = new ConsoleWriter(console);
        this.notices = notices;
        lagControl = new LagControl(configuration.softLagMs(), configuration.hardLagMs());
        node = configuration.node(nodeName);
        peer = configuration.peerOf(nodeName);
        image = GuestImage.read(
            configuration.kernel(),
            configuration.initrd(),
            configuration.append(),
            configuration.memoryBytes(),
            configuration.drives().stream().map(PairNode::file).toList(),
            configuration.mac());
        // Here, since later it would keep the agent thread from its heartbeats for seconds.
        image.drives().forEach(DriveFile::sha256);
        final PairEndpoints endpoints = new PairEndpoints(
            nodeName, node.address(), peer.address(), PairTransport.directoryFor(configuration.name() + nodeName));
        processors = NodeProcessors.of(configuration, node, endpoints.isWithinHost());
        netdev = node.netdev() == null ? Netdev.none() : Netdev.open(node.netdev(), notices);
        journal = new JournalStore(
            node.data(), JournalOptions.defaults().bounded(configuration.journalMaxBytes(), notices), notices);
        checkJournal();
        selector = Selector.open();
        bell = new SelectorDoorbell(selector);
        syncer = configuration.journalSyncMs() == 0 ? null :
            new JournalSyncer(journal.directory(), configuration.journalSyncMs(), failure ->
            {
                diskFailure = failure;
                bell.ring();
            });
        transport = new PairTransport(
            endpoints,
            incarnation,
            selector,
            Math.max(1, configuration.heartbeatIntervalMs()),
            configuration.heartbeatTimeoutMs(),
            this,
            problem -> notices.accept("link: " + problem.getMessage()));
        arbiter = new ArbiterClient(new DirectoryArbiter(configuration.arbiterDirectory()), bell::ring);
        member = new PairMember(
            new PairSettings(
                nodeName, peer.name(), configuration.heartbeatIntervalMs(), configuration.heartbeatTimeoutMs()),
            this,
            this,
            arbiter,
            incarnation,
            System.nanoTime());
    }

    private static DriveFile file(final DriveSpec drive)
    {
        return DriveFile.of(drive.file(), drive.isReadOnly(), true, drive.serial());
    }

    private void checkJournal()
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
        try (StatusServer server = new StatusServer(node.address(), () -> status))
        {
            // Before the hart thread starts: it goes where this one is.
            processors.take(notices);
            if (journal.genesis() != null)
            {
                follow();
            }
            while (!ended)
            {
                if (leaving)
                {
                    depart();
                    break;
                }
                final long nowNs = System.nanoTime();
                if (dutyCycle(nowNs) == 0)
                {
                    sleep(nowNs);
                }
            }
            publishStatus();
        }
        finally
        {
            shutDown();
        }
        return exitStatus;
    }

    /** Has {@link #run} hand over to the peer and return. Callable from any thread. */
    public void leave()
    {
        leaving = true;
        bell.ring();
    }

    /** Why the node halted, or null. */
    public String haltReason()
    {
        return haltReason;
    }

    private int dutyCycle(final long nowNs) throws IOException
    {
        bell.beginLook();
        final int linkWork = transport.doWork() + member.poll(nowNs);
        int traffic = stream() + (hasNewEntries ? 1 : 0);
        finishBatch();
        watchGuestAndDisk();
        if (outbox != null && !ended)
        {
            traffic += outbox.release(releases);
            console.flush();
        }
        if (forwarder != null)
        {
            listenIfLive(nowNs);
            traffic += forwarder.doWork() + netdev.doWork(nowNs);
            announceIfLive(nowNs);
        }
        if (guest != null)
        {
            traffic += guest.runHere(nowNs) + stream();
            transport.flush();
        }
        if (traffic > 0)
        {
            bell.hasTraffic(nowNs);
        }
        selector.selectedKeys().clear();
        if (nowNs - nextStatusNs >= 0)
        {
            nextStatusNs = nowNs + STATUS_INTERVAL_NS;
            controlLag();
            publishStatus();
        }
        if (processors.poll(nowNs, member.role() == Role.PRIMARY))
        {
            sayPlacement();
        }
        return linkWork + traffic;
    }

    private int stream()
    {
        return streamer == null ? 0 : streamer.doWork();
    }

    private void sleep(final long nowNs) throws IOException
    {
        final long untilHeartbeatMs = member.idleNs(nowNs) / 1_000_000 + 1;
        if (guest != null && !bell.isLingering(nowNs))
        {
            guest.leave();
        }
        bell.sleep(nowNs, Math.min(Math.min(MAX_SLEEP_MS, untilHeartbeatMs), transport.maxSleepMs(nowNs)));
    }

    /** Tells primary and hart of the entries that came in this cycle, all at once. */
    private void finishBatch()
    {
        if (hasNewEntries && member.session() != 0)
        {
            acknowledge(member.session());
        }
        if (announcesProtection && protectionSequence >= 0)
        {
            announcesProtection = false;
            member.protectedFrom(protectionSequence);
        }
        transport.flush();
        // Last: the primary's outputs wait for the acknowledgement, and nobody waits for the replay.
        if (hasNewEntries && guest != null)
        {
            guest.announceEntries();
        }
        hasNewEntries = false;
    }

    private void watchGuestAndDisk()
    {
        if (diskFailure != null && !ended)
        {
            member.halt(diskFailure);
        }
        if (guest == null || !guest.isFinished() || ended)
        {
            return;
        }
        if (guest.failure() != null)
        {
            member.halt(describe(guest.failure()));
        }
        else if (guest.endState() != null && (!guest.isLive() || isEndHeld()))
        {
            endWithGuest(guest.endState());
        }
    }

    /** Whether what the guest did last has left, and the backup knows that it ended. */
    private boolean isEndHeld()
    {
        return outbox.isEmpty() &&
            (gate.protectedFrom() == Long.MAX_VALUE || gate.acknowledged() >= guest.loggedSequence());
    }

    private void endWithGuest(final RunState state)
    {
        notices.accept(GuestEnd.describe(state, guest.crash()));
        exitStatus = state.isFailure() ? 1 : 0;
        ended = true;
    }

    private static String describe(final Throwable failure)
    {
        return GuestEnd.isExplained(failure) ? failure.getMessage() : "the hart thread failed: " + failure;
    }

    private void listenIfLive(final long nowNs)
    {
        if (!listening && guest.isLive() && nowNs - nextListenNs >= 0)
        {
            nextListenNs = nowNs + LISTEN_RETRY_NS;
            listening = forwarder.tryListen();
        }
    }

    /** The network sends the guest's frames here from now on. Not while outputs must not leave: then nothing may. */
    private void announceIfLive(final long nowNs)
    {
        if (announcement != null && guest.isLive() && gate.isOpen())
        {
            announcement.poll(nowNs);
        }
    }

    /** Starts to replay the journal; the guest is what its first entry says. */
    private void follow()
    {
        image.checkAgainst(journal.genesis());
        outbox = new Outbox(bell);
        drives = Drives.open(
            image.drives(),
            (i, drive) -> drive.isReadOnly() ? RawImage.readOnly(drive.path()) :
                OverlayImage.beginAnew(drive, node.data().resolve("drive-" + i + ".overlay")),
            inbox::announce);
        final Machine machine = new Machine(image.machine(), outbox, drives, SparseArray::allocate);
        guest = new GuestThread(machine, inbox, outbox, drives, bell, bell, configuration.digestMs() * 1_000_000L);
        if (image.drives().isEmpty())
        {
            // A replay may wait for a drive, and heartbeats must not.
            guest.share();
        }
        guest.startFollowing(journal.reader(), processors::join);
    }

    private void stopGuest()
    {
        if (guest != null)
        {
            guest.stop(false);
            try
            {
                guest.join(JOIN_TIMEOUT_MS);
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
            guest = null;
            outbox = null;
        }
        closeDrives();
    }

    /** What is on the drives is made anew from the journal, so that nothing is lost with them. */
    private void closeDrives()
    {
        try
        {
            drives.close();
        }
        catch (final DriveException e)
        {
            notices.accept(e.getMessage());
        }
        drives = Drives.none();
    }

    private void controlLag()
    {
        if (guest == null || !guest.isLive())
        {
            return;
        }
        if (!member.isSolo())
        {
            guest.throttle(lagControl.whileProtected(backupLagMs()));
        }
        else
        {
            guest.throttle(holdsJournal() ? lagControl.whileJoining(backupLagMs()) : 0);
        }
    }

    private long backupLagMs()
    {
        return streamer != null && backupReplayedSequence < guest.loggedSequence() ?
            Math.max(0, (guest.loggedTimeNs() - backupReplayedTimeNs) / 1_000_000) : 0;
    }

    private void publishStatus()
    {
        final long nowNs = System.nanoTime();
        final boolean isPrimary = member.role() == Role.PRIMARY;
        final long lagEvents = isPrimary || guest == null ? 0 :
            Math.max(0, journalSequence() - guest.replayedSequence());
        final long lagMs = lagEvents == 0 || journal.writer() == null ? 0 :
            Math.max(0, (journal.writer().lastTimeNs() - guest.replayedTimeNs()) / 1_000_000);
        status = new NodeStatus(
            member.role().name().toLowerCase(Locale.ROOT),
            member.generation(),
            member.isSolo(),
            position(),
            journalSequence(),
            lagEvents,
            lagMs,
            member.hearsPeer(nowNs),
            forwarder == null ? 0 : forwarder.connections(),
            netdev.lostFrames() + inbox.lostFrames(),
            guest == null ? 0 : guest.digestsCompared(),
            member.lastFailover(),
            haltReason,
            ProcessHandle.current().pid());
        translations = guest == null ? TranslationStatistics.NONE : guest.translations();
    }

    /** What the node has published of itself. Callable from any thread. */
    public NodeStatus status()
    {
        return status;
    }

    /** What the engine had translated when the status was published. Callable from any thread. */
    public TranslationStatistics translations()
    {
        return translations;
    }

    /** Leaves in order: what the guest did is with the backup before it is told to take over. */
    private void depart() throws IOException
    {
        if (member.role() == Role.PRIMARY && guest != null)
        {
            guest.throttle(GuestThread.HOLD);
            final long untilNs = System.nanoTime() + LEAVE_TIMEOUT_NS;
            while (System.nanoTime() - untilNs < 0 && !ended && !member.isSolo() &&
                !(outbox.isEmpty() && gate.acknowledged() >= guest.loggedSequence()))
            {
                final long nowNs = System.nanoTime();
                if (dutyCycle(nowNs) == 0)
                {
                    sleep(nowNs);
                }
            }
        }
        notices.accept("leaves");
        member.leave("it was stopped");
        flushLastWords();
    }

    private void flushLastWords()
    {
        final long untilNs = System.nanoTime() + 20_000_000;
        while (System.nanoTime() - untilNs < 0)
        {
            transport.doWork();
        }
    }

    private void shutDown()
    {
        if (forwarder != null)
        {
            forwarder.close();
        }
        netdev.close();
        stopGuest();
        stopStreaming();
        arbiter.close();
        transport.close();
        if (syncer != null)
        {
            syncer.close();
        }
        journal.close();
    }

    // What the state machine of the roles asks of this replica.

    @Override
    public long journalSequence()
    {
        return guest != null && guest.isLive() ? guest.loggedSequence() : journal.lastSequence();
    }

    @Override
    public long chainHigh()
    {
        return journal.writer() == null ? 0 : journal.writer().chainHigh();
    }

    @Override
    public long chainLow()
    {
        return journal.writer() == null ? 0 : journal.writer().chainLow();
    }

    @Override
    public JournalTerm term()
    {
        return journal.term();
    }

    @Override
    public long position()
    {
        return guest == null ? 0 : guest.position();
    }

    @Override
    public long replayedSequence()
    {
        return guest == null ? -1 : guest.replayedSequence();
    }

    @Override
    public long releasedOutputs()
    {
        return outbox == null ? 0 : outbox.released();
    }

    @Override
    public void receiveFrom(final long fromSequence)
    {
        if (fromSequence != journal.lastSequence() + 1 || fromSequence == 0)
        {
            stopGuest();
            journal.restart();
        }
    }

    @Override
    public void createJournal()
    {
        if (journal.genesis() == null)
        {
            journal.create(image.genesis(configuration.name()));
            follow();
        }
    }

    @Override
    public void goLive(final long generation, final GenerationStart cause)
    {
        forwarder = new VsockForwarder(
            selector,
            configuration.forwardsOf(node),
            MachineConfiguration.DEFAULT_VSOCK_CID,
            FIRST_HOST_PORT + generation * PORTS_OF_GENERATION,
            inbox::offerVsock,
            notices);
        listening = false;
        netdev.start(selector, inbox::offerNetwork);
        if (configuration.mac() != null)
        {
            announcement = new SelfAnnouncement(configuration.mac(), netdev, System.nanoTime());
        }
        inbox.command(recorder -> recorder.balloonTarget(configuration.balloonBytes() / VirtioBalloon.PAGE_BYTES));
        guest.goLive(journal.writer(), generation, GenerationCause.valueOf(cause.name()), node.name());
    }

    @Override
    public void runSolo(final long generation)
    {
        gate.endProtection();
        inbox.command(recorder -> recorder.generation(generation, GenerationCause.BACKUP_LOST, node.name()));
    }

    @Override
    public boolean holds(final long sequence, final long chainHigh, final long chainLow)
    {
        return journal.holds(sequence, chainHigh, chainLow);
    }

    @Override
    public void streamFrom(final long sequence, final long session)
    {
        stopStreaming();
        backupReplayedSequence = -1;
        backupReplayedTimeNs = 0;
        streamer = new JournalStreamer(transport, journal.reader(), sequence, session);
    }

    @Override
    public void stopStreaming()
    {
        if (streamer != null)
        {
            streamer.close();
            streamer = null;
        }
    }

    @Override
    public boolean isCaughtUp()
    {
        return guest.isLive() && holdsJournal() && backupLagMs() <= configuration.softLagMs();
    }

    /** Whether a backup, protecting or joining, has nearly every entry. */
    private boolean holdsJournal()
    {
        return streamer != null && gate.acknowledged() >= guest.loggedSequence() - CAUGHT_UP_ENTRIES;
    }

    @Override
    public void protect(final long generation, final String backup)
    {
        final OutputGate.Beginning beginning = gate.beginProtection();
        protectionSequence = -1;
        announcesProtection = true;
        inbox.command(recorder ->
        {
            recorder.backupJoined(generation, backup);
            beginning.from(recorder.lastSequence());
            protectionSequence = recorder.lastSequence();
            bell.ring();
        });
    }

    @Override
    public void acknowledged(final long journalSequence, final long replayedSequence, final long replayedTimeNs)
    {
        gate.acknowledge(journalSequence);
        backupReplayedSequence = replayedSequence;
        backupReplayedTimeNs = replayedTimeNs;
    }

    @Override
    public void allowOutputs(final boolean allowed)
    {
        gate.open(allowed);
    }

    @Override
    public void halt(final String reason)
    {
        haltReason = reason;
        gate.open(false);
        notices.accept("halted: " + reason);
        if (forwarder != null)
        {
            forwarder.close();
        }
        netdev.close();
        exitStatus = 1;
        ended = true;
        flushLastWords();
    }

    @Override
    public void notice(final String text)
    {
        notices.accept(text);
    }

    // What the state machine says to the peer.

    @Override
    public void heartbeat(final Role role, final long generation, final boolean solo)
    {
        transport.heartbeat(generation, role.ordinal(), solo, journalSequence(), position(), releasedOutputs());
        if (processors.isHalf())
        {
            sayPlacement();
        }
    }

    private void sayPlacement()
    {
        transport.placement(member.generation(), processors.isUpper(), processors.busyPercent());
    }

    @Override
    public void join(
        final long generation, final long haveSequence, final long chainHigh, final long chainLow)
    {
        transport.join(generation, haveSequence, chainHigh, chainLow);
    }

    @Override
    public void joinReply(final long generation, final long fromSequence, final long session)
    {
        transport.joinReply(generation, fromSequence, session);
    }

    @Override
    public void acknowledge(final long session)
    {
        transport.acknowledge(
            member.generation(),
            session,
            journal.lastSequence(),
            replayedSequence(),
            guest == null ? 0 : guest.replayedTimeNs());
    }

    @Override
    public void goodbye(final long generation, final String text)
    {
        transport.goodbye(generation, text);
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
            journal.append(entry, offset, length);
            hasNewEntries = true;
            if (guest == null && journal.genesis() != null)
            {
                follow();
            }
        }
        catch (final JournalFullException e)
        {
            member.halt(e.getMessage());
        }
        catch (final JournalException e)
        {
            member.onBrokenStream(System.nanoTime(), e.getMessage());
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
        final long releasedOutputs)
    {
        if (name.equals(node.name()))
        {
            member.halt("another process calls itself node " + name + ": each node of a pair has its own name");
            return;
        }
        if (role < Role.values().length)
        {
            member.onHeartbeat(System.nanoTime(), peerIncarnation, Role.values()[role], generation);
        }
    }

    @Override
    public void onJoin(
        final long peerIncarnation,
        final long generation,
        final String name,
        final long haveSequence,
        final long chainHigh,
        final long chainLow)
    {
        member.onJoin(System.nanoTime(), peerIncarnation, haveSequence, chainHigh, chainLow);
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
        member.onGoodbye(System.nanoTime(), peerIncarnation, reason);
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

    /** Lets outputs go to the world as the gate allows. */
    private final class Releases implements Outbox.Releases
    {
        @Override
        public boolean mayLeave(final long dependency)
        {
            return gate.mayLeave(dependency);
        }

        @Override
        public void console(final DirectBuffer buffer, final int offset, final int length)
        {
            try
            {
                console.write(buffer, offset, length);
            }
            catch (final IOException e)
            {
                notices.accept("the guest's console cannot be written: " + e.getMessage());
            }
        }

        @Override
        public void vsock(final DirectBuffer buffer, final int offset, final int length)
        {
            forwarder.onGuestPacket(buffer, offset, length);
        }

        @Override
        public void network(final DirectBuffer buffer, final int offset, final int length)
        {
            netdev.send(buffer, offset, length);
        }
    }
}
