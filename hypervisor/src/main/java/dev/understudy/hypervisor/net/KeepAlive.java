package dev.understudy.hypervisor.net;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import jdk.net.ExtendedSocketOptions;

/**
 * How TCP finds out that the other end of a silent connection has gone: a host that lost its power ends no connection. Not
 * asked while bytes wait for an acknowledgement: then TCP's own repetitions decide. Source: tcp(7).
 *
 * @param idleSeconds     silence before the other end is asked
 * @param intervalSeconds between two questions
 * @param count           questions without an answer that end the connection
 */
public record KeepAlive(int idleSeconds, int intervalSeconds, int count)
{
    /** Ends a connection after two minutes; asks seldom enough for connections by the thousand and over a paid link. */
    public static final KeepAlive OF_CLIENTS = new KeepAlive(60, 10, 6);

    /** Has it asked from now on. */
    public void apply(final SocketChannel channel) throws IOException
    {
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        channel.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, idleSeconds);
        channel.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, intervalSeconds);
        channel.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, count);
    }
}
