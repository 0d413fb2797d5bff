package dev.understudy.guest.configuration;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The address of a network device: six bytes, of one station and not of a group.
 *
 * @param value the first byte is the highest of the six, 0x525400123456 for 52:54:00:12:34:56
 */
public record MacAddress(long value)
{
    /** Length in bytes. */
    public static final int BYTES = 6;

    private static final Pattern TEXT = Pattern.compile("[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}");
    private static final int HEXADECIMAL = 16;
    private static final int GROUP_BIT = 1;

    /**
     * @throws IllegalArgumentException when it is zero, longer than six bytes, or the address of a group (IEEE 802, the
     *                                  lowest bit of the first byte)
     */
    public MacAddress
    {
        final boolean isStation = value > 0 && value >>> BYTES * Byte.SIZE == 0 &&
            (value >>> (BYTES - 1) * Byte.SIZE & GROUP_BIT) == 0;
        if (!isStation)
        {
            throw new IllegalArgumentException(String.format(Locale.ROOT,
                "%012x is not the MAC address of a station", value));
        }
    }

    /**
     * Reads {@code 52:54:00:12:34:56}.
     *
     * @throws IllegalArgumentException when it is not the address of a station
     */
    public static MacAddress parse(final String text)
    {
        if (!TEXT.matcher(text).matches())
        {
            throw new IllegalArgumentException("\"" + text + "\" is not a MAC address such as 52:54:00:12:34:56");
        }
        long value = 0;
        for (final String part : text.split(":"))
        {
            value = value << Byte.SIZE | Integer.parseInt(part, HEXADECIMAL);
        }
        return new MacAddress(value);
    }

    /** The address in the order of the wire. */
    public static MacAddress of(final byte[] bytes)
    {
        if (bytes.length != BYTES)
        {
            throw new IllegalArgumentException(bytes.length + " bytes, a MAC address has " + BYTES);
        }
        long value = 0;
        for (final byte part : bytes)
        {
            value = value << Byte.SIZE | part & 0xFF;
        }
        return new MacAddress(value);
    }

    /** The six bytes in the order of the wire. */
    public byte[] bytes()
    {
        final byte[] bytes = new byte[BYTES];
        for (int i = 0; i < BYTES; i++)
        {
            bytes[i] = (byte)(value >>> (BYTES - 1 - i) * Byte.SIZE);
        }
        return bytes;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString()
    {
        final StringBuilder text = new StringBuilder();
        for (final byte part : bytes())
        {
            text.append(text.isEmpty() ? "" : ":").append(String.format(Locale.ROOT, "%02x", part));
        }
        return text.toString();
    }
}
