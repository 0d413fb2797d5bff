package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Linux as the guest: the tiny kernel and its initial file system, which are in the repository. */
@Timeout(value = 6, unit = TimeUnit.MINUTES)
class LinuxGuestTest
{
    private static final Path TINY = Path.of("../guests/linux/tiny").toAbsolutePath().normalize();
    private static final String QUIET = "console=hvc0 quiet ";
    private static final int REQUESTS = 2_000;

    @TempDir
    private Path root;

    @Test
    void endsAsItsCommandDoes() throws Exception
    {
        assertThat(run("understudy.kv=off understudy.run=\"echo seen $((6*7))\"").assertSuccess().output())
            .contains("seen 42");
        run("understudy.kv=off understudy.run=false").assertStatus(1).assertNoStackTrace();
    }

    @Test
    void panicIsReportedAsSuchAndReplaysToTheSameEnd() throws Exception
    {
        final Path journal = root.resolve("journal");
        final Commands.Result recorded = Commands.understudy(arguments(
            "understudy.kv=off understudy.run=\"echo c > /proc/sysrq-trigger\"", "record", "--journal", journal.toString()));
        recorded.assertStatus(1).assertNoStackTrace();
        assertThat(recorded.output()).contains("sysrq triggered crash").contains("the guest panicked");
        final String replayed = Commands.replayUnderEngines(journal);
        assertThat(replayed).contains("sysrq triggered crash").contains("\"outcome\":\"PANICKED\"");
    }

    @Test
    void poweroffEndsTheGuestWithoutAFailure() throws Exception
    {
        run("understudy.kv=off understudy.run=\"poweroff -f\"").assertSuccess();
    }

    /** A terminal that changes its size once the guest has seen the first; the replay has none. */
    @Test
    void consoleHasTheSizeOfTheTerminalWhichAReplayDoesWithout() throws Exception
    {
        final Path journal = root.resolve("journal");
        final Path log = root.resolve("log");
        // What is run has a terminal: the one that script makes.
        final Path terminal = Files.writeString(root.resolve("terminal"), String.format(Locale.ROOT, """
            export SHELL=/bin/bash
            exec script -qefc "stty rows 33 cols 101
                (until grep -q '^first 33 101' %1$s; do sleep 0.1; done; stty rows 50 cols 120) < /dev/tty &
                exec $(printf '%%q ' "$@")" %1$s
            """, log));
        final UnderstudyProcess recording = new UnderstudyProcess(root.resolve("output"), arguments(
            "console=hvc1 understudy.kv=off understudy.run=\"exec < /dev/hvc1; echo first $(stty size); " +
                "until stty size | grep '50 120'; do sleep 1; done\"",
            "record", "--journal", journal.toString())).by("bash", terminal.toString());
        recording.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            assertThat(recording.awaitExit(TestPair.TIMEOUT.toMillis())).as(() -> read(log)).isZero();
        }
        finally
        {
            recording.kill();
        }
        assertThat(Commands.replayUnderEngines(journal))
            .contains("first 33 101").contains("\n50 120").contains("\"outcome\":\"SHUTDOWN\"");
        assertThat(Commands.understudy("journal", journal.toString()).output())
            .containsPattern("CONSOLE_SIZE +101 columns, 33 rows").containsPattern("CONSOLE_SIZE +120 columns, 50 rows");
    }

    /** 16 of 64 MiB: without a balloon there are some 50 MB free. */
    @Test
    void balloonTakesMemoryFromTheGuest() throws Exception
    {
        final Path journal = root.resolve("journal");
        Commands.understudy(arguments(
            "understudy.kv=off understudy.run=\"until [ $(awk '/MemFree/ { print $2 }' /proc/meminfo) -lt 40000 ]; " +
                "do sleep 1; done; echo inflated\"",
            "record", "--journal", journal.toString(), "--balloon", "16M")).assertSuccess();
        assertThat(Commands.replayUnderEngines(journal))
            .contains("inflated").contains("\"outcome\":\"SHUTDOWN\"");
        assertThat(Commands.understudy("journal", journal.toString()).output())
            .containsPattern("BALLOON_TARGET +4096 pages");
    }

    private static String read(final Path file)
    {
        try
        {
            return Files.readString(file);
        }
        catch (final IOException e)
        {
            return e.toString();
        }
    }

    /** What /proc says of the processor comes from the device tree, and floating point works in a program. */
    @Test
    void findsTheMachineThatItIsTold() throws Exception
    {
        final String output = run(
            "understudy.kv=off understudy.run=\"busybox cat /proc/cpuinfo; busybox awk 'BEGIN { print 2 / 3 }'\"")
            .output();
        assertThat(output).contains("rv64imafdc").contains("sv39").contains("0.666667");
    }

    @ParameterizedTest
    @CsvSource({"interpreter, poweroff, reboot: Power down, SHUTDOWN", "mixed, poweroff, reboot: Power down, SHUTDOWN",
        "translator, reboot, reboot: Restarting system, REBOOT"})
    void aShellAnswersWhatIsTypedAndEndsTheMachineAsItIsToldAlsoInTheReplay(
        final String engine, final String command, final String message, final String outcome)
        throws Exception
    {
        final Path journal = root.resolve("journal");
        final UnderstudyProcess recording = understudy("understudy.kv=off understudy.shell",
            "record", "--no-reboot", "--engine", engine, "--journal", journal.toString()).withInput();
        recording.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            final GuestConsole console = new GuestConsole(recording, "tiny# ", TestPair.TIMEOUT);
            console.settle();
            assertThat(console.run("echo seen $((6*7))")).isEqualTo("seen 42");
            console.type(command);
            console.await(message);
            assertThat(recording.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
        }
        finally
        {
            recording.kill();
        }
        assertThat(Commands.replayUnderEngines(journal))
            .contains("seen 42").contains(message).contains("\"outcome\":\"" + outcome + "\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"interpreter", "mixed", "translator"})
    void recordedTrafficReplaysBitForBitWhicheverEngineRecordedIt(final String engine) throws Exception
    {
        final Path journal = root.resolve("journal");
        final int port = FreePort.next();
        final UnderstudyProcess recording = understudy(
            "", "record", "--engine", engine, "--journal", journal.toString(), "--forward", "127.0.0.1:" + port + ":6379");
        recording.start();
        try
        {
            final InetSocketAddress service = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            Services.await(service, recording);
            try (RespConnection connection = new RespConnection(service))
            {
                for (int i = 1; i <= REQUESTS; i++)
                {
                    assertThat(connection.request("INCR", "counter")).isEqualTo(Integer.toString(i));
                }
            }
            Commands.run("kill", "-TERM", Long.toString(recording.pid())).assertSuccess();
            assertThat(recording.awaitExit(TestPair.TIMEOUT.toMillis())).isZero();
        }
        finally
        {
            recording.kill();
        }
        assertThat(Commands.replayUnderEnginesWithDigests(journal)).contains("\"outcome\":\"STOPPED\"");
    }

    private Commands.Result run(final String arguments) throws Exception
    {
        return Commands.understudy(arguments(arguments, "run"));
    }

    private UnderstudyProcess understudy(final String guestArguments, final String... arguments)
    {
        return new UnderstudyProcess(root.resolve("log"), arguments(guestArguments, arguments));
    }

    /** A command and its options, and then those that say what the guest is. */
    private static String[] arguments(final String append, final String... command)
    {
        final List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of(
            "--kernel", TINY.resolve("Image.gz").toString(),
            "--initrd", TINY.resolve("initramfs.cpio.gz").toString(),
            "--append", QUIET + append,
            "--memory", "64M"));
        return all.toArray(String[]::new);
    }
}
