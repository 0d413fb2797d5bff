package dev.understudy.hypervisor.config;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** What the guest's network device is connected to on the host, as a user asks for it. */
public sealed interface NetdevSpec
{
    /** Ends the message of whatever is wrong. */
    String EXPECTED = "expected tap,ifname=NAME or stream,path=SOCKET or stream,addr=HOST:PORT, a stream also with " +
        "server=on|off";

    /**
     * A TAP interface of a Linux host.
     *
     * @param ifname its name, at most 15 characters
     */
    record Tap(String ifname) implements NetdevSpec
    {
    }

    /**
     * A stream socket that carries frames, each after its length.
     *
     * @param address  of a Unix socket or a TCP port
     * @param isServer whether the other end connects to this one
     */
    record Stream(SocketAddress address, boolean isServer) implements NetdevSpec
    {
    }

    /**
     * Reads what QEMU takes for {@code -netdev}: {@code tap,ifname=tap0} or {@code stream,path=/run/passt.sock}; of
     * QEMU's further options those that say what is the case here anyway.
     *
     * @throws ConfigurationException for the first thing that is wrong with it
     */
    static NetdevSpec parse(final String text)
    {
        final List<String> parts = OptionList.split(text);
        final Map<String, String> options =
            OptionList.options(parts.subList(1, parts.size()), why -> Parsing.wrong(text, why));
        // A name for a device to refer to; there is one device.
        options.remove("id");
        return switch (parts.getFirst())
        {
            case "tap" -> Parsing.tap(text, options);
            case "stream" -> Parsing.stream(text, options);
            default -> throw Parsing.wrong(text, "there is no backend \"" + parts.getFirst() + "\"");
        };
    }

    /** Whether a text can be the name of a network interface. */
    static boolean isInterfaceName(final String text)
    {
        return Parsing.INTERFACE_NAME.matcher(text).matches() && !text.equals(".") && !text.equals("..");
    }

    /**
     * The address of a socket: a path when there is a slash in it, and HOST:PORT otherwise.
     *
     * @throws IllegalArgumentException when it is neither
     */
    static SocketAddress socketAddress(final String text)
    {
        return text.contains("/") ? UnixDomainSocketAddress.of(text) : HostPort.parse(text);
    }

    /** The parts of {@link #parse}. */
    final class Parsing
    {
        private static final Pattern INTERFACE_NAME = Pattern.compile("[!-~&&[^/:,]]{1,15}");

        private Parsing()
        {
        }

        private static Tap tap(final String text, final Map<String, String> options)
        {
            final String ifname = options.remove("ifname");
            for (final Map.Entry<String, String> option : options.entrySet())
            {
                final boolean isScript = option.getKey().equals("script") || option.getKey().equals("downscript");
                if (!isScript)
                {
                    throw wrong(text, "there is no option \"" + option.getKey() + "\" for tap");
                }
                if (!option.getValue().equals("no"))
                {
                    throw wrong(text, "no script is run: set the interface up before");
                }
            }
            if (ifname == null)
            {
                throw wrong(text, "ifname is missing");
            }
            if (!isInterfaceName(ifname))
            {
                throw wrong(text, "\"" + ifname + "\" is no name of an interface");
            }
            return new Tap(ifname);
        }

        private static Stream stream(final String text, final Map<String, String> options)
        {
            SocketAddress address = null;
            boolean isServer = false;
            for (final Map.Entry<String, String> option : options.entrySet())
            {
                final String value = option.getValue();
                switch (option.getKey())
                {
                    case "path", "addr.path" -> address = once(text, address, unixAddress(text, value));
                    case "addr" -> address = once(text, address, inetAddress(text, value));
                    case "addr.host" -> address = once(text, address, inetAddress(
                        text, value + ":" + options.getOrDefault("addr.port", "")));
                    case "addr.type", "addr.port" ->
                    {
                        // What the others say already.
                    }
                    case "server" -> isServer = isOn(text, value);
                    default -> throw wrong(text, "there is no option \"" + option.getKey() + "\" for stream");
                }
            }
            if (address == null)
            {
                throw wrong(text, "the address is missing");
            }
            return new Stream(address, isServer);
        }

        private static SocketAddress once(final String text, final SocketAddress before, final SocketAddress address)
        {
            if (before != null)
            {
                throw wrong(text, "there are two addresses");
            }
            return address;
        }

        private static SocketAddress unixAddress(final String text, final String path)
        {
            try
            {
                if (!path.isBlank())
                {
                    return UnixDomainSocketAddress.of(path);
                }
            }
            catch (final IllegalArgumentException e)
            {
                // Falls through: it says the same.
            }
            throw wrong(text, "\"" + path + "\" is no path");
        }

        private static SocketAddress inetAddress(final String text, final String address)
        {
            try
            {
                return HostPort.parse(address);
            }
            catch (final IllegalArgumentException e)
            {
                throw wrong(text, "\"" + address + "\" is not HOST:PORT");
            }
        }

        private static boolean isOn(final String text, final String value)
        {
            return switch (value)
            {
                case "on" -> true;
                case "off" -> false;
                default -> throw wrong(text, "server is on or off, not \"" + value + "\"");
            };
        }

        private static ConfigurationException wrong(final String text, final String why)
        {
            return new ConfigurationException("netdev \"" + text + "\": " + why + "; " + EXPECTED);
        }
    }
}
