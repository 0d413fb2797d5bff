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
 * @param peer            UDP address that the other one receives on
 * @param aeronDirectory  for the buffers of the embedded media driver; best on {@code /dev/shm}
 */
public record PairEndpoints(String node, InetSocketAddress own, InetSocketAddress peer, Path aeronDirectory)
{
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

    private static String text(final InetSocketAddress address)
    {
        final String host = address.getHostString();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
