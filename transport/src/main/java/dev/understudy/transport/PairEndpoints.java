package dev.understudy.transport;

import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * Where the two ends of a pair are.
 *
 * @param node            name of this node
 * @param own             UDP address that this node receives on
 * @param peer            UDP address that the other one receives on
 * @param aeronDirectory  for the buffers of the embedded media driver; best on {@code /dev/shm}
 */
public record PairEndpoints(String node, InetSocketAddress own, InetSocketAddress peer, Path aeronDirectory)
{
    String ownChannel()
    {
        return channel(own);
    }

    String peerChannel()
    {
        return channel(peer);
    }

    private static String channel(final InetSocketAddress address)
    {
        final String host = address.getHostString();
        return "aeron:udp?endpoint=" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }
}
