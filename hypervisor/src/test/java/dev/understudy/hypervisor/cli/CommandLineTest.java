package dev.understudy.hypervisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest
{
    private static final String HELLO = "../guests/tests/hello.elf";
    private static final String CRASH = "../guests/tests/crash.elf";

    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path temp;

    @BeforeEach
    void capture()
    {
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void release()
    {
        System.setOut(standardOut);
        System.setErr(standardErr);
    }

    @Test
    void shutdownEndsWithStatus0AndFailureWith1()
    {
        assertThat(Understudy.execute("run", "--kernel", HELLO)).isZero();
        assertThat(Understudy.execute("run", "--kernel", CRASH)).isEqualTo(1);
    }

    @Test
    void recordingReplaysAndVerifies()
    {
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).as(err::toString).isZero();
        assertThat(Understudy.execute("replay", journal, "--format", "json")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"outcome\":\"SHUTDOWN\"").contains("\"digest\":\"");
        assertThat(Understudy.execute("verify", journal)).isZero();
        assertThat(Understudy.execute("journal", journal)).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("GENESIS").contains("CLOSED");
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(journal);
    }

    @Test
    void changedKernelIsRefusedByName()
    {
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).as(err::toString).isZero();
        assertThat(Understudy.execute("replay", journal, "--kernel", CRASH)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("kernel").contains("crash.elf").contains("SHA-256");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "fly", "run", "run --kernel none.elf", "run --kernel " + HELLO + " --memory 1M",
        "run --kernel " + HELLO + " --forward x", "replay", "serve --config none.yaml --node a", "replay x --format xml"})
    void wrongUsageEndsWithStatus2AndNoStackTrace(final String arguments)
    {
        assertThat(Understudy.execute(arguments.isEmpty() ? new String[0] : arguments.split(" "))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("understudy: ").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "record", "replay", "journal", "verify", "serve", "status", "demo"})
    void everyCommandHasHelpWithAnExample(final String command)
    {
        assertThat(Understudy.execute(command, "--help")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("Example").contains("understudy " + command);
    }
}
