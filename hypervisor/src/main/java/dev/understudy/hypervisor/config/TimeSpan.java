package dev.understudy.hypervisor.config;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spans of time as people write them: {@code 10s}, {@code 500ms}, {@code 5m}, {@code 1h}. */
public final class TimeSpan
{
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m|h)", Pattern.CASE_INSENSITIVE);

    private TimeSpan()
    {
    }

    /** The span in milliseconds. */
    public static long parseMs(final String text)
    {
        final Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches())
        {
            throw new ConfigurationException("time \"" + text + "\": expected a number and a unit such as 10s, 500ms, 5m or 1h");
        }
        final TimeUnit unit = switch (matcher.group(2).toLowerCase(Locale.ROOT))
        {
            case "ms" -> TimeUnit.MILLISECONDS;
            case "s" -> TimeUnit.SECONDS;
            case "m" -> TimeUnit.MINUTES;
            default -> TimeUnit.HOURS;
        };
        return unit.toMillis(Long.parseLong(matcher.group(1)));
    }
}
