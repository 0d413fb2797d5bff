package dev.understudy.hypervisor.config;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A mapping in a configuration file, read key by key; what is wrong is said in one line with file, key, line and what
 * is expected.
 */
final class Section
{
    /** A key that differs from a known one in at most so many letters is taken for a slip. */
    private static final int MAX_SLIP = 2;

    private final Path file;
    private final boolean checksFiles;
    private final String path;
    private final YamlValue.Mapping mapping;

    private Section(
        final Path file, final boolean checksFiles, final String path, final YamlValue.Mapping mapping)
    {
        this.file = file;
        this.checksFiles = checksFiles;
        this.path = path;
        this.mapping = mapping;
    }

    /**
     * Reads a file.
     *
     * @param checksFiles whether the files that it names must exist
     */
    static Section read(final Path file, final boolean checksFiles)
    {
        return new Section(file, checksFiles, "", YamlValue.read(file));
    }

    /** The keys in the order of the file. */
    List<String> keys()
    {
        return List.copyOf(mapping.entries().keySet());
    }

    boolean has(final String key)
    {
        return mapping.entries().containsKey(key);
    }

    /** Refuses keys that are not among these. */
    void allow(final String... known)
    {
        for (final String key : keys())
        {
            if (!List.of(known).contains(key))
            {
                throw new ConfigurationException(
                    file + ": " + name(key) + ": there is no such key; " + hint(key, known) + line(key));
            }
        }
    }

    /**
     * A text that has at least one character.
     *
     * @param expected completes "expected"
     */
    String text(final String key, final String expected)
    {
        final String text = scalar(key, expected);
        if (text.isBlank())
        {
            throw wrong(key, expected);
        }
        return text;
    }

    /** A text that may be empty; so is that of a key that is not there. */
    String optionalText(final String key, final String expected)
    {
        return has(key) ? scalar(key, expected) : "";
    }

    /**
     * A whole number of milliseconds.
     *
     * @param expected completes "expected a whole number of milliseconds "
     */
    int milliseconds(final String key, final int min, final int max, final String expected)
    {
        final String text = scalar(key, "a whole number of milliseconds " + expected);
        if (text.matches("\\d{1,9}"))
        {
            final int number = Integer.parseInt(text);
            if (number >= min && number <= max)
            {
                return number;
            }
        }
        throw wrong(key, "a whole number of milliseconds " + expected);
    }

    /** A whole number of milliseconds, or another where the key is not there. */
    int optionalMilliseconds(final String key, final int otherwise, final int min, final int max)
    {
        return has(key) ? milliseconds(key, min, max, "from " + min + " to " + max) : otherwise;
    }

    /**
     * A size in bytes.
     *
     * @param expected completes "expected"
     */
    long bytes(final String key, final long min, final long max, final String expected)
    {
        final String text = scalar(key, expected);
        try
        {
            final long bytes = ByteSize.parse(text);
            if (bytes >= min && bytes <= max)
            {
                return bytes;
            }
        }
        catch (final ConfigurationException e)
        {
            // Falls through: the message there knows neither file nor key.
        }
        throw wrong(key, expected);
    }

    /** A path; from the current directory if it exists there, else from the directory of the file. */
    Path path(final String key, final String expected)
    {
        final String text = text(key, expected);
        try
        {
            final Path written = Path.of(text);
            return written.isAbsolute() || Files.exists(written) ?
                written.toAbsolutePath().normalize() :
                file.toAbsolutePath().resolveSibling(written).normalize();
        }
        catch (final InvalidPathException e)
        {
            throw wrong(key, expected + Encoding.hint(text));
        }
    }

    /** The path of a file that exists, unless nobody asked for that. */
    Path existingFile(final String key, final String expected)
    {
        final Path existing = path(key, expected);
        if (checksFiles && !Files.isRegularFile(existing))
        {
            throw wrong(key, expected + " that exists, seen from the current directory or from the one of " +
                file.getFileName());
        }
        return existing;
    }

    Section section(final String key, final String expected)
    {
        final YamlValue value = value(key, expected);
        if (value instanceof final YamlValue.Mapping child)
        {
            return new Section(file, checksFiles, name(key), child);
        }
        throw wrong(key, expected);
    }

    /** A section; an empty one where the key is not there. */
    Section optionalSection(final String key, final String expected)
    {
        return has(key) ? section(key, expected) :
            new Section(file, checksFiles, name(key), new YamlValue.Mapping(Map.of(), 0));
    }

    /** Whether a key says {@code true}; false where the key is not there. */
    boolean flag(final String key)
    {
        final String expected = "true or false";
        final String text = has(key) ? scalar(key, expected) : "false";
        if (!text.equals("true") && !text.equals("false"))
        {
            throw wrong(key, expected);
        }
        return text.equals("true");
    }

    /**
     * The mappings of a list.
     *
     * @param example of a mapping
     */
    List<Section> list(final String key, final String example)
    {
        final String expected = "a list such as [" + example + "]";
        if (!(value(key, expected) instanceof final YamlValue.Sequence sequence))
        {
            throw wrong(key, expected);
        }
        final List<Section> sections = new ArrayList<>();
        for (final YamlValue item : sequence.items())
        {
            final String itemPath = name(key) + "[" + sections.size() + "]";
            if (!(item instanceof final YamlValue.Mapping child))
            {
                throw new ConfigurationException(
                    file + ": " + itemPath + ": expected a mapping such as " + example + got(item) +
                    YamlValue.line(item.line()));
            }
            sections.add(new Section(file, checksFiles, itemPath, child));
        }
        return sections;
    }

    /**
     * What is wrong with the value of a key.
     *
     * @param expected completes "expected"
     */
    ConfigurationException wrong(final String key, final String expected)
    {
        return new ConfigurationException(
            file + ": " + name(key) + ": expected " + expected + got(mapping.entries().get(key)) + line(key));
    }

    private String scalar(final String key, final String expected)
    {
        if (value(key, expected) instanceof final YamlValue.Scalar scalar && scalar.text() != null)
        {
            return scalar.text();
        }
        throw wrong(key, expected);
    }

    private YamlValue value(final String key, final String expected)
    {
        final YamlValue value = mapping.entries().get(key);
        if (value == null)
        {
            throw new ConfigurationException(file + ": " + name(key) + ": it is missing; expected " + expected +
                (path.isEmpty() ? "" : YamlValue.line(mapping.line())));
        }
        return value;
    }

    private String name(final String key)
    {
        return path.isEmpty() ? key : path + "." + key;
    }

    private String line(final String key)
    {
        final YamlValue value = mapping.entries().get(key);
        return value == null ? "" : YamlValue.line(value.line());
    }

    private static String got(final YamlValue value)
    {
        return switch (value)
        {
            case null -> "";
            case YamlValue.Mapping _ -> "; got a mapping";
            case YamlValue.Sequence _ -> "; got a list";
            case final YamlValue.Scalar scalar when scalar.text() == null -> "; got nothing";
            case final YamlValue.Scalar scalar -> "; got \"" + scalar.text().lines().findFirst().orElse("") + '"';
        };
    }

    private static String hint(final String key, final String... known)
    {
        String nearest = null;
        int least = MAX_SLIP + 1;
        for (final String candidate : known)
        {
            final int distance = distance(candidate, key);
            if (distance < least)
            {
                nearest = candidate;
                least = distance;
            }
        }
        return nearest == null ? "expected one of " + String.join(", ", known) : "did you mean " + nearest + "?";
    }

    /** Levenshtein distance, without regard to upper and lower case. */
    private static int distance(final String a, final String b)
    {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++)
        {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++)
        {
            final int[] next = new int[b.length() + 1];
            next[0] = i;
            for (int j = 1; j <= b.length(); j++)
            {
                final boolean isSame =
                    Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
                next[j] = Math.min(row[j - 1] + (isSame ? 0 : 1), 1 + Math.min(row[j], next[j - 1]));
            }
            row = next;
        }
        return row[b.length()];
    }
}
