package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code --stats} says of a guest that computes and ends. */
class StatisticsTest
{
    private static final String GUEST = Path.of("../guests/tests/loops.elf").toAbsolutePath().normalize().toString();
    private static final Pattern POSITION = Pattern.compile("\"position\":(\\d+)");

    /** One line; no number is negative. */
    private static final Pattern LINE = Pattern.compile("^[\\d.]+ s, ([\\d,]+) instructions, [\\d,]+ M/s: " +
        "([\\d,]+) interpreted, ([\\d,]+) translated \\(([\\d.]+) %\\); ([\\d,]+) regions, ([\\d,]+) translations " +
        "in [\\d,]+ ms, [\\d,]+ wide with [\\d,]+ targets, 0 failed, " +
        "[\\d,]+ flushes; [\\d,]+ misses; exits: (.+)$", Pattern.MULTILINE);

    @TempDir
    private Path root;

    @ParameterizedTest
    @ValueSource(strings = {"mixed", "translator"})
    void instructionsByEngineAddUpToThoseThatTheReplayCounts(final String engine) throws Exception
    {
        final Path journal = root.resolve("journal");
        final String recorded = Commands.understudy("record", "--stats", "--engine", engine,
            "--journal", journal.toString(), "--kernel", GUEST).assertSuccess().output();
        final String replayed = Commands.understudy("replay", "--stats", "--engine", engine, "--format", "json",
            journal.toString()).assertSuccess().output();
        final long position = position(replayed);

        assertTranslated(recorded, position);
        assertTranslated(replayed, position);
    }

    @Test
    void aGuestThatIsRunCountsAsOneThatIsRecorded() throws Exception
    {
        final Path journal = root.resolve("journal");
        Commands.understudy("record", "--journal", journal.toString(), "--kernel", GUEST).assertSuccess();
        final String ran = Commands.understudy("run", "--stats", "--kernel", GUEST).assertSuccess().output();
        assertTranslated(ran, position(Commands.understudy("replay", "--format", "json", journal.toString()).output()));
    }

    @Test
    void theInterpreterTranslatesNothing() throws Exception
    {
        final Matcher line = last(Commands.understudy("run", "--stats", "--engine", "interpreter", "--kernel", GUEST)
            .assertSuccess().output());
        assertThat(number(line, 2)).isEqualTo(number(line, 1)).isPositive();
        assertThat(number(line, 3)).isZero();
        assertThat(number(line, 5)).isZero();
        assertThat(line.group(7)).isEqualTo("none");
    }

    @Test
    void aNodeOfAPairSaysAtItsEndWhatItsEngineDid() throws Exception
    {
        try (TestPair pair = new TestPair(root))
        {
            final UnderstudyProcess node = pair.command("node.log", "serve", "--stats", "--config",
                pair.config().toString(), "--node", "a");
            node.start(Commands.JVM_OPTIONS.toArray(String[]::new));
            try
            {
                pair.await("a runs the guest", status -> status.nodes().get("a").position() > 0);
                Commands.run("kill", "-TERM", Long.toString(node.pid())).assertSuccess();
                assertThat(node.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
            }
            finally
            {
                node.kill();
            }
            final Matcher line = last(Files.readString(node.log()));
            assertThat(number(line, 1)).isPositive();
            assertThat(number(line, 2) + number(line, 3)).isEqualTo(number(line, 1));
        }
    }

    private static void assertTranslated(final String output, final long position)
    {
        final Matcher line = last(output);
        assertThat(number(line, 1)).as(output).isEqualTo(position);
        assertThat(number(line, 2) + number(line, 3)).as(output).isEqualTo(position);
        assertThat(number(line, 2)).as(output).isPositive();
        assertThat(number(line, 3)).as(output).isGreaterThan(position / 2);
        assertThat(line.group(4)).isEqualTo(String.format(Locale.ROOT, "%.1f", 100.0 * number(line, 3) / position));
        assertThat(number(line, 5)).as(output).isPositive();
        assertThat(number(line, 6)).as(output).isPositive();
        assertThat(line.group(7)).as(output).containsPattern("[1-9][\\d,]* budget");
    }

    /** The last line of statistics, which is that of the end. */
    private static Matcher last(final String output)
    {
        final Matcher line = LINE.matcher(output);
        int end = 0;
        while (line.find())
        {
            end = line.start();
        }
        assertThat(line.find(end)).as(output).isTrue();
        return line;
    }

    private static long number(final Matcher line, final int group)
    {
        return Long.parseLong(line.group(group).replace(",", ""));
    }

    private static long position(final String replayed)
    {
        final Matcher position = POSITION.matcher(replayed);
        assertThat(position.find()).as(replayed).isTrue();
        return Long.parseLong(position.group(1));
    }
}
