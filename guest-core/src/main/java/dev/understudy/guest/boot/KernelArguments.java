package dev.understudy.guest.boot;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a command line says to Linux. Source: {@code lib/cmdline.c} and {@code kernel/params.c} of Linux. */
public final class KernelArguments
{
    /** Words between blanks; double quotes hold blanks together. */
    private static final Pattern WORD = Pattern.compile("(?:[^\\s\"]|\"[^\"]*(?:\"|$))+");
    private static final Pattern PANIC = Pattern.compile("\"?panic=(-?\\d+)\"?");
    private static final Pattern ZERO = Pattern.compile("-?0+");

    /** What follows is said to the first process. */
    private static final String END = "--";

    private KernelArguments()
    {
    }

    /** Whether the kernel resets the machine after a panic: {@code panic=N}, at once or after a while. The last one counts. */
    public static boolean resetsAfterPanic(final String commandLine)
    {
        boolean resets = false;
        final Matcher words = WORD.matcher(commandLine);
        while (words.find() && !words.group().equals(END))
        {
            final Matcher panic = PANIC.matcher(words.group());
            if (panic.matches())
            {
                resets = !ZERO.matcher(panic.group(1)).matches();
            }
        }
        return resets;
    }
}
