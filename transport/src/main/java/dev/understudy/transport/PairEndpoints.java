package dev.understudy.transport;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Where the two ends of a pair are.
 *
 * @param node            name of this node, of 1 to {@link #MAX_NODE_NAME} characters
 * @param own             UDP address that this node receives on
 * @param peer            UDP address that the other one receives on; unresolved while it is not known
 * @param aeronDirectory  for the buffers of the embedded media driver; best on {@code /dev/shm}
 * @param mtu             length of the longest packet that the path between them carries, in bytes, from
 *                        {@link #MIN_MTU} to {@link #MAX_MTU}; 0 for what suits
 */
public record PairEndpoints(String node, InetSocketAddress own, InetSocketAddress peer, Path aeronDirectory, int mtu)
{
    /** What every network carries that IP runs on. */
    public static final int MIN_MTU = 576;

    /** That of jumbo frames. */
    public static final int MAX_MTU = 9_000;

    /** Headers of IPv6 and UDP; those of IPv4 are shorter. */
    private static final int HEADER_BYTES = 48;

    /** Length of a datagram's content that stays within this host, and the longest at all: more is copied in vain. */
    private static final int WITHIN_HOST_BYTES = 8 * 1024;

    /** The same between hosts: Aeron's default, which passes on any Ethernet. */
    private static final int BETWEEN_HOSTS_BYTES = 1408;

    /** Aeron's frames have a multiple of this length. */
    private static final int ALIGNMENT = 32;

    /** The longest name of a node, in characters: it travels with the heartbeats. */
    public static final int MAX_NODE_NAME = 64;

    /** @throws TransportException when the name is empty or too long, or both addresses are the same */
    public PairEndpoints
    {
        Objects.requireNonNull(aeronDirectory, "aeronDirectory");
        if (node.isBlank() || node.length() > MAX_NODE_NAME)
        {
            throw new TransportException(
                "the name of node '" + node + "' must have 1 to " + MAX_NODE_NAME + " characters");
        }
        if (own.equals(peer))
        {
            throw new TransportException("node " + node + " and its peer have the same address " + text(own) +
                ": give each node one of its own");
        }
    }

    /** The same with packets as long as suits the hosts. */
    public PairEndpoints(
        final String node, final InetSocketAddress own, final InetSocketAddress peer, final Path aeronDirectory)
    {
        this(node, own, peer, aeronDirectory, 0);
    }

    /** Length of the longest datagram's content, in bytes. */
    int datagramBytes()
    {
        if (mtu == 0)
        {
            return isWithinHost() ? WITHIN_HOST_BYTES : BETWEEN_HOSTS_BYTES;
        }
        return Math.min(WITHIN_HOST_BYTES, (mtu - HEADER_BYTES) / ALIGNMENT * ALIGNMENT);
    }

    /** Length of the packet with the longest datagram, in bytes. */
    int packetBytes()
    {
        return datagramBytes() + HEADER_BYTES;
    }

    /** Whether both nodes are on this machine, with nothing between them but its loopback interface. */
    public boolean isWithinHost()
    {
        final InetAddress here = own.getAddress();
        final InetAddress there = peer.getAddress();
        return here != null && there != null &&
            (here.equals(there) || here.isLoopbackAddress() && there.isLoopbackAddress());
    }

    String ownChannel()
    {
        return "aeron:udp?endpoint=" + ownAddress();
    }

    String peerChannel()
    {
        return "aeron:udp?endpoint=" + peerAddress();
    }

    String ownAddress()
    {
        return text(own);
    }

    String peerAddress()
    {
        return text(peer);
    }

    /** The same with another address of the peer. */
    PairEndpoints to(final InetSocketAddress newPeer)
    {
        return new PairEndpoints(node, own, newPeer, aeronDirectory, mtu);
    }

    /** Not by name, which Aeron would look up time and again on the thread that everything waits for. */
    private static String text(final InetSocketAddress address)
    {
        final String host =
            address.isUnresolved() ? address.getHostString() : address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
