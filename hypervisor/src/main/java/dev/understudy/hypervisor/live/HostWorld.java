package dev.understudy.hypervisor.live;

import dev.understudy.guest.configuration.MacAddress;
import dev.understudy.guest.configuration.MachineConfiguration;
import dev.understudy.hypervisor.config.ForwardSpec;
import dev.understudy.hypervisor.net.Netdev;
import dev.understudy.hypervisor.net.SelfAnnouncement;
import dev.understudy.hypervisor.vsock.VsockForwarder;
import dev.understudy.node.Inbox;
import dev.understudy.node.World;
import java.io.IOException;
import java.nio.channels.Selector;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * The host's console, ports and network for the guest.
 * <p>
 * Nothing listens and no frame flows before {@link #connect}, and no port is listened on before the guest is live, unless
 * {@link #listen} says so. On the agent thread.
 */
public final class HostWorld implements World
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
    private final boolean losesConsole;
    private final Consumer<String> notices;

    /** Null before {@link #connect}. */
    private VsockForwarder forwarder;

    /** Null without a network device, and before {@link #connect}. */
    private SelfAnnouncement announcement;
    private boolean listening;
    private boolean saidConsoleLost;
    private long nextListenNs;

    /**
     * @param mac          announced to the network when the guest goes live; null for nothing
     * @param netdev       closed with this
     * @param console      takes what the guest prints
     * @param losesConsole whether what nobody reads of it is lost; else the guest waits
     * @param notices      takes what the operator should know, a line each
     */
    public HostWorld(
        final Selector selector,
        final List<ForwardSpec> forwards,
        final MacAddress mac,
        final Netdev netdev,
        final HostOutput console,
        final boolean losesConsole,
        final Consumer<String> notices)
    {
        this.selector = selector;
        this.forwards = forwards;
        this.mac = mac;
        this.netdev = netdev;
        this.console = console;
        this.losesConsole = losesConsole;
        this.notices = notices;
    }

    @Override
    public void connect(final long generation, final long nowNs, final Inbox inbox)
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

    /**
     * Listens at all ports now, and not only when the guest is live. After {@link #connect}.
     *
     * @throws IOException when one cannot be had
     */
    public void listen() throws IOException
    {
        forwarder.listen();
        listening = true;
    }

    @Override
    public int doWork(final long nowNs, final boolean isLive, final boolean mayLeave) throws IOException
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
        // The network sends the guest's frames here from then on.
        if (announcement != null && isLive && mayLeave)
        {
            announcement.poll(nowNs);
        }
        return work;
    }

    @Override
    public int connections()
    {
        return forwarder == null ? 0 : forwarder.connections();
    }

    @Override
    public long lostFrames()
    {
        return netdev.lostFrames();
    }

    @Override
    public long lostConsoleBytes()
    {
        return console.lostBytes();
    }

    @Override
    public boolean hasRoom()
    {
        return losesConsole || console.hasRoom();
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
