package dev.understudy.hypervisor.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Reads {@code HOST:PORT} without asking a name server, which may take seconds: a name stays unresolved. */
final class HostPort
{
    private static final int MAX_PORT = 65_535;

    private HostPort()
    {
    }

    /** @throws IllegalArgumentException when it is none */
    static InetSocketAddress parse(final String text)
    {
        final int colon = text.lastIndexOf(':');
        if (colon > 0 && text.substring(colon + 1).matches("\\d{1,5}"))
        {
            final int port = Integer.parseInt(text.substring(colon + 1));
            if (port >= 1 && port <= MAX_PORT)
            {
                return of(text.substring(0, colon), port);
            }
        }
        throw new IllegalArgumentException("\"" + text + "\" is not HOST:PORT");
    }

    private static InetSocketAddress of(final String host, final int port)
    {
        final boolean isBracketed = host.startsWith("[") && host.endsWith("]");
        try
        {
            return new InetSocketAddress(
                InetAddress.ofLiteral(isBracketed ? host.substring(1, host.length() - 1) : host), port);
        }
        catch (final IllegalArgumentException e)
        {
            return InetSocketAddress.createUnresolved(host, port);
        }
    }
}
