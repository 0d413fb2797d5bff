package dev.understudy.hypervisor.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Options as QEMU's users write them: {@code key=value,key=value}, a comma in a value twice. */
final class OptionList
{
    private OptionList()
    {
    }

    /**
     * The parts between single commas; at least one, which may be empty.
     */
    static List<String> split(final String text)
    {
        final List<String> parts = new ArrayList<>();
        final StringBuilder part = new StringBuilder();
        for (int i = 0; i < text.length(); i++)
        {
            final boolean isComma = text.charAt(i) == ',';
            if (isComma && i + 1 < text.length() && text.charAt(i + 1) == ',')
            {
                i++;
            }
            else if (isComma)
            {
                parts.add(part.toString());
                part.setLength(0);
                continue;
            }
            part.append(text.charAt(i));
        }
        parts.add(part.toString());
        return parts;
    }

    /**
     * Keys and values in their order.
     *
     * @param wrong makes the exception of what is wrong with a part
     */
    static Map<String, String> options(final List<String> parts, final Function<String, ConfigurationException> wrong)
    {
        final Map<String, String> options = new LinkedHashMap<>();
        for (final String part : parts)
        {
            final int equals = part.indexOf('=');
            if (equals <= 0)
            {
                throw wrong.apply("\"" + part + "\" is no option");
            }
            if (options.put(part.substring(0, equals), part.substring(equals + 1)) != null)
            {
                throw wrong.apply("\"" + part.substring(0, equals) + "\" stands there twice");
            }
        }
        return options;
    }
}
