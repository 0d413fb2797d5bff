package dev.understudy.hypervisor.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The files of this process, its sockets among them, and how many more it may open. Any thread. Source: proc(5). */
public final class OpenFiles
{
    private static final Path OPEN = Path.of("/proc/self/fd");
    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final Pattern LIMIT = Pattern.compile("(?m)^Max open files\\s+(\\d{1,9})\\s");

    private OpenFiles()
    {
    }

    /** How many more may be opened; many when there is no limit, or none that can be read. */
    public static int left()
    {
        try (Stream<Path> open = Files.list(OPEN))
        {
            final Matcher limit = LIMIT.matcher(Files.readString(LIMITS));
            return limit.find() ? Math.max(0, Integer.parseInt(limit.group(1)) - (int)open.count()) : Integer.MAX_VALUE;
        }
        catch (final IOException e)
        {
            return Integer.MAX_VALUE;
        }
    }
}
