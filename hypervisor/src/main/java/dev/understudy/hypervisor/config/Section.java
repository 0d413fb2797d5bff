package dev.understudy.hypervisor.config;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A mapping in a YAML file, read key by key with errors that name file, key, line and what is expected.
 */
final class Section
{
    /** Keys that differ from a known one by at most so many letters are taken for a slip. */
    private static final int MAX_SLIP = 2;

    private final Path file;
    private final String path;
    private final JsonNode node;
    private final Map<String, Integer> lines;

    private Section(final Path file, final String path, final JsonNode node, final Map<String, Integer> lines)
    {
        this.file = file;
        this.path = path;
        this.node = node;
        this.lines = lines;
    }

    static Section read(final Path file)
    {
        if (!Files.isRegularFile(file))
        {
            throw new ConfigurationException("configuration " + file + ": there is no such file");
        }
        try
        {
            final YAMLMapper mapper = new YAMLMapper();
            mapper.enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);
            mapper.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
            final JsonNode root = mapper.readTree(file.toFile());
            if (root == null || !root.isObject())
            {
                throw new ConfigurationException(file + ": expected keys such as name, kernel and nodes");
            }
            return new Section(file, "", root, lines(file));
        }
        catch (final JsonProcessingException e)
        {
            final String where = e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
            throw new ConfigurationException(
                file + ": it is not YAML: " + e.getOriginalMessage().lines().findFirst().orElse("") + where);
        }
        catch (final IOException e)
        {
            throw new ConfigurationException(file + ": it cannot be read: " + e.getMessage());
        }
    }

    /** The line of each key. */
    private static Map<String, Integer> lines(final Path file) throws IOException
    {
        final Map<String, Integer> lines = new HashMap<>();
        try (JsonParser parser = new YAMLFactory().createParser(file.toFile()))
        {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken())
            {
                if (token == JsonToken.FIELD_NAME || token == JsonToken.START_OBJECT)
                {
                    lines.putIfAbsent(
                        parser.getParsingContext().pathAsPointer().toString(), parser.currentTokenLocation().getLineNr());
                }
            }
        }
        return lines;
    }

    Set<String> keys()
    {
        final Set<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    boolean has(final String key)
    {
        return node.hasNonNull(key);
    }

    /** Refuses keys that are not among these. */
    void allow(final Set<String> known)
    {
        for (final String key : keys())
        {
            if (!known.contains(key))
            {
                final String near = known.stream().filter(it -> distance(it, key) <= MAX_SLIP).sorted().findFirst()
                    .map(it -> "; did you mean " + it + "?").orElse("; known are " + String.join(", ", new TreeSet<>(known)));
                throw new ConfigurationException(file + ": " + name(key) + ": there is no such key" + near + line(key));
            }
        }
    }

    String text(final String key)
    {
        final JsonNode value = node.get(key);
        if (value == null || value.isNull())
        {
            throw missing(key, "a text");
        }
        if (!value.isValueNode() || value.asText().isEmpty())
        {
            throw wrong(key, "a text");
        }
        return value.asText();
    }

    int number(final String key, final int otherwise, final int min, final int max)
    {
        final JsonNode value = node.get(key);
        if (value == null || value.isNull())
        {
            return otherwise;
        }
        if (!value.isIntegralNumber() || value.asLong() < min || value.asLong() > max)
        {
            throw wrong(key, "a whole number " + (key.endsWith("Ms") ? "of milliseconds " : "") + "from " + min + " to " +
                max);
        }
        return value.asInt();
    }

    long bytes(final String key, final long otherwise, final long min, final long max)
    {
        if (!has(key))
        {
            return otherwise;
        }
        try
        {
            final long bytes = ByteSize.parse(text(key));
            if (bytes >= min && bytes <= max)
            {
                return bytes;
            }
        }
        catch (final ConfigurationException e)
        {
            // Falls through: the message there knows neither file nor key.
        }
        throw wrong(key, "a size such as 64M, from " + (min >> 20) + "M" +
            (max == Long.MAX_VALUE ? " on" : " to " + (max >> 20) + "M"));
    }

    /** A path in a section; from the current directory if it exists there, else from this file's. */
    Path path(final String key, final Section section)
    {
        final Path written = Path.of(section.text(key));
        if (written.isAbsolute() || Files.exists(written))
        {
            return written.toAbsolutePath().normalize();
        }
        final Path directory = file.toAbsolutePath().getParent();
        return directory.resolve(written).normalize();
    }

    Section section(final String key)
    {
        final JsonNode value = node.get(key);
        if (value == null || value.isNull())
        {
            throw missing(key, "a mapping");
        }
        if (!value.isObject())
        {
            throw wrong(key, "a mapping");
        }
        return new Section(file, path + "/" + key, value, lines);
    }

    Section optionalSection(final String key)
    {
        return has(key) ? section(key) :
            new Section(file, path + "/" + key, new YAMLMapper().createObjectNode(), lines);
    }

    List<Section> optionalList(final String key)
    {
        final JsonNode value = node.get(key);
        final List<Section> items = new ArrayList<>();
        if (value == null || value.isNull())
        {
            return items;
        }
        if (!value.isArray())
        {
            throw wrong(key, "a list");
        }
        for (int i = 0; i < value.size(); i++)
        {
            if (!value.get(i).isObject())
            {
                throw wrong(key, "a list of mappings such as { host: 7000, guest: 6379 }");
            }
            items.add(new Section(file, path + "/" + key + "/" + i, value.get(i), lines));
        }
        return items;
    }

    ConfigurationException wrong(final String key, final String expected)
    {
        final JsonNode value = node.get(key);
        final String got = value == null ? "" : value.isContainerNode() ? "" : "; got \"" + value.asText() + "\"";
        return new ConfigurationException(file + ": " + name(key) + ": expected " + expected + got + line(key));
    }

    private ConfigurationException missing(final String key, final String expected)
    {
        return new ConfigurationException(file + ": " + name(key) + " is missing: expected " + expected + line(null));
    }

    private String name(final String key)
    {
        return (path + "/" + key).substring(1).replace('/', '.');
    }

    private String line(final String key)
    {
        final Integer line = lines.get(key == null ? path : path + "/" + key);
        return line == null ? "" : " (line " + line + ")";
    }

    /** Levenshtein distance. */
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
                final int substitution = row[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                next[j] = Math.min(substitution, 1 + Math.min(row[j], next[j - 1]));
            }
            row = next;
        }
        return row[b.length()];
    }
}
