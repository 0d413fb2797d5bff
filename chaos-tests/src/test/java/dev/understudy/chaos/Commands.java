package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.demo.UnderstudyProcess;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs to their end. */
final class Commands
{
    /** Little memory, and a start in a hurry: no process of a test lives long enough to pay back an optimizing compiler. */
    static final List<String> JVM_OPTIONS = List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private static final long TIMEOUT_SECONDS = 120;

    /**
     * What a program left.
     *
     * @param output what it wrote to standard output and standard error
     */
    record Result(int status, String output)
    {
        Result assertSuccess()
        {
            return assertStatus(0);
        }

        Result assertStatus(final int wanted)
        {
            assertThat(status).as(output).isEqualTo(wanted);
            return this;
        }

        /** Checks that it told a person, not a developer. */
        Result assertNoStackTrace()
        {
            assertThat(output).doesNotContain("\tat ").doesNotContain("defect of understudy");
            return this;
        }
    }

    private Commands()
    {
    }

    /** Runs a program. */
    static Result run(final String... command) throws IOException, InterruptedException
    {
        final Path output = Files.createTempFile("command", ".out");
        try
        {
            final Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .redirectInput(new File("/dev/null"))
                .start();
            final boolean hasEnded = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
            if (!hasEnded)
            {
                process.destroyForcibly().waitFor();
            }
            final String text = Files.readString(output);
            assertThat(hasEnded).as("%s ends: %s", String.join(" ", command), text).isTrue();
            return new Result(process.exitValue(), text);
        }
        finally
        {
            Files.delete(output);
        }
    }

    /** Runs a command of understudy in a process of its own. */
    static Result understudy(final String... arguments) throws IOException, InterruptedException
    {
        final Path output = Files.createTempFile("understudy", ".out");
        final UnderstudyProcess process = new UnderstudyProcess(output, arguments);
        try
        {
            process.start(JVM_OPTIONS.toArray(String[]::new));
            final int status = process.awaitExit(TimeUnit.SECONDS.toMillis(TIMEOUT_SECONDS));
            return new Result(status, Files.readString(output));
        }
        finally
        {
            process.kill();
            Files.delete(output);
        }
    }
}
