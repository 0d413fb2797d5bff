package dev.understudy.hypervisor.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A value of a YAML file and the line that it stands on.
 * <p>
 * Scalars keep the text that was written: what it means is for the reader to say, not for the parser to guess.
 */
sealed interface YamlValue
{
    /** Line of the file, from 1; that of its key if it has one. */
    int line();

    /** A single value; the text is null where nothing stands. */
    record Scalar(String text, int line) implements YamlValue
    {
    }

    /** Keys and values in the order of the file. */
    record Mapping(Map<String, YamlValue> entries, int line) implements YamlValue
    {
    }

    /** A list. */
    record Sequence(List<YamlValue> items, int line) implements YamlValue
    {
    }

    /** Reads a file that holds one mapping. */
    static Mapping read(final Path file)
    {
        if (!Files.isRegularFile(file))
        {
            throw new ConfigurationException(file + ": there is no such file");
        }
        try (YAMLParser parser = new YAMLFactory().createParser(file.toFile()))
        {
            if (parser.nextToken() != JsonToken.START_OBJECT)
            {
                throw new ConfigurationException(file + ": expected keys and values such as name: kv");
            }
            final Mapping root = mapping(parser, file, "", 1);
            if (parser.nextToken() != null)
            {
                throw new ConfigurationException(
                    file + ": expected one document; got a second one" + line(lineOf(parser)));
            }
            return root;
        }
        catch (final JsonProcessingException e)
        {
            final String what = e.getOriginalMessage().lines().findFirst().orElse("").strip();
            final int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw new ConfigurationException(file + ": it is not YAML: " + what + line(line));
        }
        catch (final IOException e)
        {
            throw new ConfigurationException(file + ": it cannot be read: " + e.getMessage());
        }
    }

    /** How a message ends that knows its line; nothing for a line that is not known. */
    static String line(final int line)
    {
        return line <= 0 ? "" : " (line " + line + ")";
    }

    private static YamlValue value(final YAMLParser parser, final Path file, final String path, final int line)
        throws IOException
    {
        if (parser.isCurrentAlias())
        {
            throw new ConfigurationException(
                file + ": " + path + ": expected the value itself; aliases are not followed" + line(line));
        }
        return switch (parser.currentToken())
        {
            case START_OBJECT -> mapping(parser, file, path, line);
            case START_ARRAY ->
            {
                final List<YamlValue> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY)
                {
                    items.add(value(parser, file, path + "[" + items.size() + "]", lineOf(parser)));
                }
                yield new Sequence(items, line);
            }
            case VALUE_NULL -> new Scalar(null, line);
            default -> new Scalar(parser.getText(), line);
        };
    }

    private static Mapping mapping(final YAMLParser parser, final Path file, final String path, final int line)
        throws IOException
    {
        final Map<String, YamlValue> entries = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT)
        {
            final String key = parser.currentName();
            final int keyLine = lineOf(parser);
            final String keyPath = path.isEmpty() ? key : path + "." + key;
            parser.nextToken();
            final YamlValue before = entries.put(key, value(parser, file, keyPath, keyLine));
            if (before != null)
            {
                throw new ConfigurationException(file + ": " + keyPath + ": expected once; it stands in line " +
                    before.line() + " already" + line(keyLine));
            }
        }
        return new Mapping(entries, line);
    }

    private static int lineOf(final YAMLParser parser)
    {
        return parser.currentTokenLocation().getLineNr();
    }
}
