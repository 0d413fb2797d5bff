package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs programs to their end. */
final class Commands
{
    /** Little memory, and a start in a hurry: no process of a test lives long enough to pay back an optimizing compiler. */
    static final List<String> JVM_OPTIONS = List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    /** Those that a journal is replayed under. */
    static final String ALL_ENGINES = "interpreter,mixed,translator";

    /** Those that a journal of a pair is replayed under: the translator takes eight times as long for a boot of Linux. */
    private static final String QUICK_ENGINES = "interpreter,mixed";

    /** What a replay prints of itself. */
    private static final Pattern RESULT = Pattern.compile("\\{\"outcome\":.*\"digest\":.*}");

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
            final boolean hasEnded = process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
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

    /**
     * Replays a journal under all engines at a time, or those that {@code -Dreplay.engines=} names with commas between: all
     * have to reach the same end with the same digests.
     *
     * @return what the last of them wrote, its result in JSON included
     */
    static String replayUnderEngines(final Path journal) throws IOException, InterruptedException
    {
        return replayUnderEngines(journal, ALL_ENGINES, TIMEOUT, JVM_OPTIONS);
    }

    /** As {@link #replayUnderEngines(Path)}, of a journal that digests were taken for, which are compared. */
    static String replayUnderEnginesWithDigests(final Path journal) throws IOException, InterruptedException
    {
        return assertDigestsCompared(replayUnderEngines(journal));
    }

    /** Replays what the journal of a node holds, under two engines: the digests are compared that were taken for it. */
    static void replayJournalOfPair(final Path journal) throws IOException, InterruptedException
    {
        assertDigestsCompared(replayUnderEngines(journal, QUICK_ENGINES, TIMEOUT, JVM_OPTIONS));
    }

    private static String assertDigestsCompared(final String output)
    {
        assertThat(output).containsPattern("\"digestsCompared\":[1-9]");
        return output;
    }

    /**
     * As {@link #replayUnderEngines(Path)}, of a journal that takes longer, or more memory.
     *
     * @param engines with commas between
     */
    static String replayUnderEngines(
        final Path journal, final String engines, final Duration timeout, final List<String> jvmOptions)
        throws IOException, InterruptedException
    {
        final Map<String, UnderstudyProcess> replays = new LinkedHashMap<>();
        try
        {
            for (final String engine : System.getProperty("replay.engines", engines).split(",", -1))
            {
                final UnderstudyProcess replay = new UnderstudyProcess(Files.createTempFile("replay", ".out"),
                    "replay", journal.toString(), "--format", "json", "--engine", engine);
                replays.put(engine, replay);
                replay.start(jvmOptions.toArray(String[]::new));
            }
            String output = null;
            String result = null;
            for (final Map.Entry<String, UnderstudyProcess> replay : replays.entrySet())
            {
                output = awaitEnd(replay.getValue(), timeout).assertSuccess().output();
                final Matcher matcher = RESULT.matcher(output);
                assertThat(matcher.find()).as(output).isTrue();
                assertThat(result == null ? matcher.group() : result).as(replay.getKey()).isEqualTo(matcher.group());
                result = matcher.group();
            }
            return output;
        }
        finally
        {
            for (final UnderstudyProcess replay : replays.values())
            {
                replay.kill();
                Files.delete(replay.log());
            }
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
            return awaitEnd(process, TIMEOUT);
        }
        finally
        {
            process.kill();
            Files.delete(output);
        }
    }

    private static Result awaitEnd(final UnderstudyProcess process, final Duration timeout)
        throws IOException, InterruptedException
    {
        final int status = process.awaitExit(timeout.toMillis());
        return new Result(status, Files.readString(process.log()));
    }
}
