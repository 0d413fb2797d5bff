package dev.understudy.hypervisor.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 64M}, {@code 1G}, {@code 512K}, or plain bytes. */
public final class ByteSize
{
    private static final Pattern FORM = Pattern.compile("(\\d{1,15})([KMGT]?)(?:i?B)?", Pattern.CASE_INSENSITIVE);

    private ByteSize()
    {
    }

    /** The size in bytes; K, M, G and T are powers of 1024. */
    public static long parse(final String text)
    {
        final Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches())
        {
            throw new ConfigurationException(
                "size \"" + text + "\": expected a number of bytes such as 64M, 1G or 512K");
        }
        final int shift = switch (matcher.group(2).toUpperCase(Locale.ROOT))
        {
            case "K" -> 10;
            case "M" -> 20;
            case "G" -> 30;
            case "T" -> 40;
            default -> 0;
        };
        final long number = Long.parseLong(matcher.group(1));
        if (number > Long.MAX_VALUE >> shift)
        {
            throw new ConfigurationException("size \"" + text + "\" is too large");
        }
        return number << shift;
    }
}
