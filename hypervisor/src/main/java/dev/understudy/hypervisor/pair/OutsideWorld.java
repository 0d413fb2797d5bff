package dev.understudy.hypervisor.pair;

import dev.understudy.guest.MacAddress;
import dev.understudy.guest.MachineConfiguration;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.live.HostOutput;
import dev.understudy.hypervisor.live.Inbox;
import dev.understudy.hypervisor.live.Outbox;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.net.SelfAnnouncement;
import dev.understudy.hypervisor.vsock.VsockForwarder;
import java.io.IOException;
import java.nio.channels.Selector;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * The guest's way to the outside world, and the world's to the guest: console, forwarded ports, network.
 * <p>
 * Nothing listens and no frame flows before this replica is to run the guest with the world, and no port is listened on
 * before it does. What leaves is what the gate lets through. On the agent thread.
 */
final class OutsideWorld implements Outbox.Releases, AutoCloseable
{
    /** Time between two tries to have the ports, which a primary that has just died may still hold. */
    static final long LISTEN_RETRY_NS = 10_000_000;

    /** The host's vsock ports of a generation begin at its number times this, so that none is used twice. */
    private static final long PORTS_OF_GENERATION = 1 << 20;
    private static final long FIRST_HOST_PORT = 1024;

    private final Selector selector;
    private final List<ForwardSpec> forwards;
    private final MacAddress mac;
    private final Netdev netdev;
    private final HostOutput console;
    private final OutputGate gate;
    private final Inbox inbox;
    private final Consumer<String> notices;

    /** Null before {@link #connect}. */
    private VsockForwarder forwarder;

    /** Null without a network device, and before {@link #connect}. */
    private SelfAnnouncement announcement;
    private boolean listening;
    private boolean saidConsoleLost;
    private long nextListenNs;

    /**
     * @param mac     of the guest's network device, null without one
     * @param netdev  closed with this
     * @param console takes what the guest prints
     * @param gate    says what may leave
     * @param inbox   takes what enters the guest
     * @param notices takes what the operator should know, a line each
     */
    OutsideWorld(
        final Selector selector,
        final List<ForwardSpec> forwards,
        final MacAddress mac,
        final Netdev netdev,
        final HostOutput console,
        final OutputGate gate,
        final Inbox inbox,
        final Consumer<String> notices)
    {
        this.selector = selector;
        this.forwards = forwards;
        this.mac = mac;
        this.netdev = netdev;
        this.console = console;
        this.gate = gate;
        this.inbox = inbox;
        this.notices = notices;
    }

    /** Makes ready for a guest that goes live in this generation. */
    void connect(final long generation, final long nowNs)
    {
        forwarder = new VsockForwarder(
            selector,
            forwards,
            MachineConfiguration.DEFAULT_VSOCK_CID,
            FIRST_HOST_PORT + generation * PORTS_OF_GENERATION,
            inbox::offerVsock,
            notices);
        listening = false;
        nextListenNs = nowNs;
        netdev.start(selector, inbox::offerNetwork);
        if (mac != null)
        {
            announcement = new SelfAnnouncement(mac, netdev, nowNs);
        }
    }

    /** Lets the world's bytes and frames enter the guest; returns the work done. */
    int doWork(final long nowNs, final boolean isLive) throws IOException
    {
        tellOfLostConsole();
        if (forwarder == null)
        {
            return 0;
        }
        if (!listening && isLive && nowNs - nextListenNs >= 0)
        {
            nextListenNs = nowNs + LISTEN_RETRY_NS;
            listening = forwarder.tryListen();
        }
        final int work = forwarder.doWork() + netdev.doWork(nowNs);
        // The network sends the guest's frames here from then on. Not while outputs must not leave: then nothing may.
        if (announcement != null && isLive && gate.isOpen())
        {
            announcement.poll(nowNs);
        }
        return work;
    }

    /** Number of the clients' TCP connections. */
    int connections()
    {
        return forwarder == null ? 0 : forwarder.connections();
    }

    /** Number of frames, either way, that there was no room for. */
    long lostFrames()
    {
        return netdev.lostFrames() + inbox.lostFrames();
    }

    /** Number of bytes of the guest's console that were lost. */
    long lostConsoleBytes()
    {
        return console.lostBytes();
    }

    @Override
    public boolean mayLeave(final long dependency)
    {
        return gate.mayLeave(dependency);
    }

    @Override
    public void sendConsole(final DirectBuffer buffer, final int offset, final int length)
    {
        console.write(buffer, offset, length);
        tellOfLostConsole();
    }

    private void tellOfLostConsole()
    {
        if (!saidConsoleLost && console.lostBytes() > 0)
        {
            saidConsoleLost = true;
            final String failure = console.failure();
            notices.accept("the guest's console " +
                (failure == null ? "is not read" : "cannot be written (" + failure + ")") +
                ": what it prints is lost meanwhile; the guest goes on, and the node's status counts the bytes");
        }
    }

    @Override
    public void sendVsock(final DirectBuffer buffer, final int offset, final int length)
    {
        forwarder.onGuestPacket(buffer, offset, length);
    }

    @Override
    public void sendFrame(final DirectBuffer buffer, final int offset, final int length)
    {
        netdev.send(buffer, offset, length);
    }

    /** Ends all connections; the world hears nothing of the guest any more. */
    @Override
    public void close()
    {
        if (forwarder != null)
        {
            forwarder.close();
        }
        netdev.close();
    }
}
