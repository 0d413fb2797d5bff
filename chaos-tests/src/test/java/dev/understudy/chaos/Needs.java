package dev.understudy.chaos;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What a test needs of the machine: without it the test is skipped and says what is missing, and fails where
 * {@code UNDERSTUDY_SKIP_NOTHING} is set.
 */
final class Needs
{
    private Needs()
    {
    }

    /** Needs a program, which a package of Debian's has. */
    static void program(final String name, final String debianPackage)
    {
        final boolean isThere = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .anyMatch(directory -> Files.isExecutable(Path.of(directory, name)));
        if (!isThere)
        {
            missing("there is no " + name + ": apt-get install " + debianPackage);
        }
    }

    /** Mounts something that a test needs, which takes root. */
    static void mount(final String... arguments) throws IOException, InterruptedException
    {
        final String[] command = new String[arguments.length + 1];
        command[0] = "mount";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        final Commands.Result result = Commands.run(command);
        if (result.status() != 0)
        {
            missing("mount is not possible here, which needs root: " + result.output());
        }
    }

    static void missing(final String what)
    {
        if (System.getenv("UNDERSTUDY_SKIP_NOTHING") != null)
        {
            fail(what);
        }
        abort(what);
    }
}
