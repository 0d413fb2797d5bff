package dev.understudy.failover.role;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What both nodes of a pair must be configured with alike: key and value of each setting. The one that joins sends its
 * own, and the primary compares.
 *
 * @param values by key; neither has line breaks
 */
public record AgreedSettings(Map<String, String> values)
{
    /** The longest value that is sent, in characters; of a longer one its start and a hash are. */
    private static final int MAX_VALUE = 200;
    private static final int HASH_CHARACTERS = 20;

    /** Keys in order, and long values cut. */
    public AgreedSettings
    {
        final TreeMap<String, String> sorted = new TreeMap<>();
        values.forEach((key, value) -> sorted.put(key, shortened(value)));
        values = sorted;
    }

    private static String shortened(final String value)
    {
        return value.length() <= MAX_VALUE ? value :
            value.substring(0, MAX_VALUE - HASH_CHARACTERS) +
                String.format(Locale.ROOT, "... (hash %08x)", value.hashCode());
    }

    /** As one text: a line each. */
    public String encode()
    {
        final StringBuilder text = new StringBuilder();
        values.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        return text.toString();
    }

    /** Of a text that the peer sent; lines that are none of these are skipped. */
    static AgreedSettings parse(final String text)
    {
        final TreeMap<String, String> values = new TreeMap<>();
        text.lines().filter(line -> line.contains("=")).forEach(line ->
            values.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
        return new AgreedSettings(values);
    }

    /** Names the first setting that differs, with both values; null when none does. */
    String difference(final String node, final AgreedSettings other, final String otherNode)
    {
        final TreeSet<String> keys = new TreeSet<>(values.keySet());
        keys.addAll(other.values.keySet());
        for (final String key : keys)
        {
            final String own = values.get(key);
            final String others = other.values.get(key);
            if (own == null || !own.equals(others))
            {
                return key + " is " + shown(own) + " on node " + node + " and " + shown(others) + " on node " + otherNode +
                    ": give both the same";
            }
        }
        return null;
    }

    private static String shown(final String value)
    {
        return value == null ? "unknown" : value.isEmpty() ? "not set" : value;
    }
}
