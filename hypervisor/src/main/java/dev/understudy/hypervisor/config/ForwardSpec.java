package dev.understudy.hypervisor.config;

import java.net.InetSocketAddress;

/**
 * A TCP port of the host whose connections go to a vsock port of the guest.
 *
 * @param address   that the host listens on; {@code 0.0.0.0} for all
 * @param hostPort  1 to 65535
 * @param guestPort 1 to 2^32 - 2
 */
public record ForwardSpec(String address, int hostPort, long guestPort)
{
    /** Listens on every address of the host, as QEMU's {@code hostfwd} does. */
    public static final String ALL_ADDRESSES = "0.0.0.0";

    private static final int MAX_PORT = 65_535;
    private static final long MAX_VSOCK_PORT = (1L << 32) - 2;

    /** Reads {@code 7000:6379} or {@code 127.0.0.1:7000:6379}. */
    public static ForwardSpec parse(final String text)
    {
        final int second = text.lastIndexOf(':');
        if (second <= 0)
        {
            throw wrong(text);
        }
        return of(text.substring(0, second), text.substring(second + 1), text);
    }

    /** The host's end as {@code 7000} or {@code 127.0.0.1:7000}, and the guest's port. */
    public static ForwardSpec of(final String host, final String guest, final String whole)
    {
        final int first = host.lastIndexOf(':');
        final String address = first < 0 ? ALL_ADDRESSES : host.substring(0, first);
        final long hostPort = number(host.substring(first + 1), whole);
        final long guestPort = number(guest, whole);
        if (hostPort < 1 || hostPort > MAX_PORT || guestPort < 1 || guestPort > MAX_VSOCK_PORT || address.isEmpty())
        {
            throw wrong(whole);
        }
        return new ForwardSpec(address, (int)hostPort, guestPort);
    }

    /**
     * Reads {@code 7000+:6379} as well, which is another port of the host for each of several guests.
     *
     * @param index of the guest, from 0
     */
    public static ForwardSpec parse(final String text, final int index)
    {
        if (!countsUp(text))
        {
            return parse(text);
        }
        final ForwardSpec first = parse(text.replace("+:", ":"));
        if (first.hostPort + index > MAX_PORT)
        {
            throw wrong(text);
        }
        return new ForwardSpec(first.address, first.hostPort + index, first.guestPort);
    }

    /** Whether a text says that each of several guests has a port of its own. */
    public static boolean countsUp(final String text)
    {
        return text.contains("+:");
    }

    /** The same on another address. */
    public ForwardSpec on(final String newAddress)
    {
        return new ForwardSpec(newAddress, hostPort, guestPort);
    }

    /** Where to listen. */
    public InetSocketAddress socketAddress()
    {
        return new InetSocketAddress(address, hostPort);
    }

    private static long number(final String text, final String whole)
    {
        try
        {
            return Long.parseLong(text.strip());
        }
        catch (final NumberFormatException e)
        {
            throw wrong(whole);
        }
    }

    private static ConfigurationException wrong(final String text)
    {
        return new ConfigurationException("forward \"" + text +
            "\": expected [ADDRESS:]PORT:GUESTPORT such as 7000:6379, with a TCP port from 1 to 65535");
    }
}
