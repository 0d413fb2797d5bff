package dev.understudy.hypervisor.pair;

import dev.understudy.failover.arbiter.Arbiter;
import dev.understudy.failover.arbiter.DirectoryArbiter;
import dev.understudy.failover.role.AgreedSettings;
import dev.understudy.failover.role.ArbiterClient;
import dev.understudy.failover.role.PairSettings;
import dev.understudy.guest.translate.EngineKind;
import dev.understudy.guest.translate.TranslationStatistics;
import dev.understudy.guest.virtio.VirtioBalloon;
import dev.understudy.hypervisor.config.DriveSpec;
import dev.understudy.hypervisor.config.PairConfiguration;
import dev.understudy.hypervisor.drive.DriveFile;
import dev.understudy.hypervisor.drive.Drives;
import dev.understudy.hypervisor.drive.OverlayImage;
import dev.understudy.hypervisor.drive.RawImage;
import dev.understudy.hypervisor.image.ConfiguredGuest;
import dev.understudy.hypervisor.image.GuestImage;
import dev.understudy.hypervisor.live.HartThreads;
import dev.understudy.hypervisor.live.HostOutput;
import dev.understudy.hypervisor.live.HostWorld;
import dev.understudy.hypervisor.live.SelectorDoorbell;
import dev.understudy.hypervisor.net.NameLookup;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.status.NodeStatus;
import dev.understudy.hypervisor.status.StatusServer;
import dev.understudy.journal.JournalOptions;
import dev.understudy.node.NodeAgent;
import dev.understudy.node.NodeContext;
import dev.understudy.node.NodeSettings;
import dev.understudy.node.NodeState;
import dev.understudy.transport.AeronLink;
import dev.understudy.transport.LinkDirectory;
import dev.understudy.transport.PairEndpoints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.agrona.concurrent.SystemNanoClock;

/**
 * A node of a pair on this host: makes the world that a {@link NodeAgent} is handed, and has it do its work.
 * <p>
 * {@link #run} is the agent thread. The hart has its own thread, the arbiter and the status have theirs.
 */
public final class PairNode
{
    private static final long STATUS_INTERVAL_NS = 20_000_000;
    private static final long JOIN_TIMEOUT_MS = 5_000;

    private final LongSupplier lostNoticeBytes;
    private final Consumer<String> notices;

    private final Selector selector;
    private final SelectorDoorbell bell;
    private final DataDirectory data;
    private final NodeProcessors processors;
    private final AeronLink link;
    private final HartThreads harts;
    private final ArbiterClient arbiter;
    private final ArbiterClient arbiterView;
    private final NodeAgent agent;
    private final LinkDirectory linkDirectory;
    private final PeerAddress peerAddress;
    private final InetSocketAddress address;
    private final Lifeline lifeline;
    private final long incarnation;
    private long nextStatusNs;

    /**
     * @param engine          how the guest is executed: a matter of speed alone
     * @param restartsEnded   whether a guest that has ended is begun anew
     * @param console         takes what the guest prints
     * @param notices         takes what the operator should know, a line each; must not wait for who reads it
     * @param lostNoticeBytes says how much of that nobody could read
     */
    public PairNode(
        final PairConfiguration configuration,
        final String nodeName,
        final EngineKind engine,
        final boolean restartsEnded,
        final HostOutput console,
        final Consumer<String> notices,
        final LongSupplier lostNoticeBytes)
        throws IOException
    {
        this.notices = notices;
        this.lostNoticeBytes = lostNoticeBytes;
        final PairConfiguration.Node node = configuration.node(nodeName);
        final String peerName = configuration.peerOf(nodeName).name();
        final GuestImage image = GuestImage.read(
            configuration.kernel(),
            configuration.initrd(),
            configuration.append(),
            configuration.memoryBytes(),
            configuration.drives().stream().map(PairNode::file).toList(),
            configuration.mac()).reboots(!configuration.noReboot());
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
        selector = Selector.open();
        bell = new SelectorDoorbell(selector);
        data = new DataDirectory(
            node.data(), JournalOptions.defaults().bounded(configuration.journalMaxBytes(), notices), notices);
        final SecureRandom random = new SecureRandom();
        incarnation = random.nextLong() | 1;
        link = new AeronLink(
            endpoints,
            selector,
            Math.max(1, configuration.heartbeatIntervalMs()),
            problem -> notices.accept("link: " + problem.getMessage()));
        harts = new HartThreads(processors::join);
        final Arbiter directory = new DirectoryArbiter(configuration.arbiterDirectory());
        arbiter = new ArbiterClient(directory, "arbiter", bell::ring);
        arbiterView = new ArbiterClient(directory, "arbiter-view", bell::ring);
        agent = new NodeAgent(
            new NodeSettings(
                incarnation,
                new PairSettings(
                    nodeName,
                    peerName,
                    configuration.heartbeatIntervalMs(),
                    configuration.heartbeatTimeoutMs(),
                    new AgreedSettings(configuration.agreed())),
                configuration.digestMs() * 1_000_000L,
                configuration.balloonBytes() / VirtioBalloon.PAGE_BYTES,
                configuration.softLagMs(),
                configuration.hardLagMs(),
                restartsEnded),
            new NodeContext(
                SystemNanoClock.INSTANCE,
                InstantSource.system(),
                random,
                link,
                data,
                arbiter,
                arbiterView,
                new ConfiguredGuest(configuration.name(), image, drives(node.data()), engine, machine -> {}),
                new HostWorld(
                    selector,
                    configuration.forwardsOf(node).stream().map(it -> it.on(NameLookup.require(
                        InetSocketAddress.createUnresolved(it.address(), it.hostPort()), notices).getAddress()
                        .getHostAddress())).toList(),
                    configuration.mac(),
                    netdev,
                    console,
                    true,
                    notices),
                harts,
                processors,
                bell,
                notices));
        if (configuration.journalSyncMs() > 0)
        {
            data.sync(configuration.journalSyncMs(), bell);
        }
        lifeline = new Lifeline(selector, agent::onPeerEnded);
        if (!endpoints.peer().isUnresolved())
        {
            lifeline.to(endpoints.peer(), System.nanoTime());
        }
    }

    private static DriveFile file(final DriveSpec drive)
    {
        return DriveFile.of(drive.file(), drive.isReadOnly(), true, drive.serial());
    }

    /** What a guest writes is made anew from the journal each time. */
    private static Drives.Opening drives(final Path directory)
    {
        return (i, drive) -> drive.isReadOnly() ? RawImage.readOnly(drive.path()) :
            OverlayImage.beginAnew(drive, directory.resolve("drive-" + i + ".overlay"));
    }

    /** Runs until the guest ends, the node halts or {@link #leave()} is called; returns the exit status. */
    public int run() throws IOException
    {
        try (StatusServer server = new StatusServer(address, this::status, () -> "", incarnation))
        {
            // Before the hart thread starts: it goes where this one is.
            processors.take(notices);
            agent.onStart();
            while (!agent.isDone())
            {
                cycle();
            }
        }
        catch (final UncheckedIOException e)
        {
            throw e.getCause();
        }
        finally
        {
            shutDown();
        }
        if (agent.end() != null && agent.haltReason() == null)
        {
            return agent.end().isFailure() ? 1 : 0;
        }
        return agent.haltReason() == null ? 0 : 1;
    }

    /** Has {@link #run} hand over to the peer and return. Callable from any thread. */
    public void leave()
    {
        agent.leave();
    }

    private void cycle() throws IOException
    {
        final long nowNs = System.nanoTime();
        bell.beginLook();
        final int work = agent.doWork() + lifeline.poll(nowNs);
        selector.selectedKeys().clear();
        if (agent.traffic() > 0)
        {
            bell.hasTraffic(nowNs);
        }
        if (nowNs - nextStatusNs >= 0)
        {
            nextStatusNs = nowNs + STATUS_INTERVAL_NS;
            followPeer(nowNs);
        }
        if (work == 0)
        {
            if (!bell.isLingering(nowNs))
            {
                agent.leaveGuest();
            }
            bell.sleep(nowNs, agent.idleNs(nowNs) / 1_000_000 + 1);
        }
    }

    /** Turns to the peer's address when it becomes known, or another one, while there is no way to it and back. */
    private void followPeer(final long nowNs)
    {
        final InetSocketAddress found = peerAddress.poll(nowNs, agent.isConnected());
        if (found != null)
        {
            link.connect(found);
            lifeline.to(found, nowNs);
        }
    }

    /** What the node has published of itself, and how long ago. Callable from any thread. */
    public NodeStatus status()
    {
        // In this order: one that is published meanwhile seems too old, not too young.
        final NodeState state = agent.state();
        return NodeStatus.of(
            state, lostNoticeBytes.getAsLong(), ProcessHandle.current().pid(), (System.nanoTime() - state.atNs()) / 1_000_000);
    }

    /** What the engine had translated when the status was published. Callable from any thread. */
    public TranslationStatistics translations()
    {
        return agent.translations();
    }

    private void shutDown()
    {
        agent.onClose();
        harts.join(JOIN_TIMEOUT_MS);
        arbiter.close();
        arbiterView.close();
        lifeline.close();
        link.close();
        linkDirectory.close();
        data.close();
        agent.release();
    }
}
