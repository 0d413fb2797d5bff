package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.demo.RespConnection;
import dev.understudy.hypervisor.demo.UnderstudyProcess;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Linux as the guest: the tiny kernel and its initial file system, which are in the repository. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
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
        final String replayed = Commands.understudy("replay", journal.toString(), "--format", "json")
            .assertSuccess().output();
        assertThat(replayed).contains("sysrq triggered crash").contains("\"outcome\":\"PANICKED\"");
    }

    /** As QEMU's -no-reboot has it. */
    @Test
    void rebootAndPoweroffEndTheGuestWithoutAFailure() throws Exception
    {
        assertThat(run("understudy.kv=off understudy.run=\"reboot -f\"").assertSuccess().output())
            .contains("asked for a reboot");
        run("understudy.kv=off understudy.run=\"poweroff -f\"").assertSuccess();
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

    @Test
    void recordedTrafficReplaysBitForBit() throws Exception
    {
        final Path journal = root.resolve("journal");
        final int port = FreePort.next();
        final UnderstudyProcess recording = understudy(
            "record", "--journal", journal.toString(), "--forward", "127.0.0.1:" + port + ":6379");
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
        final String replayed = Commands.understudy("replay", journal.toString(), "--format", "json")
            .assertSuccess().output();
        assertThat(replayed).contains("\"outcome\":\"STOPPED\"").containsPattern("\"digestsCompared\":[1-9]");
    }

    private Commands.Result run(final String arguments) throws Exception
    {
        return Commands.understudy(arguments(arguments, "run"));
    }

    private UnderstudyProcess understudy(final String... arguments)
    {
        return new UnderstudyProcess(root.resolve("log"), arguments("", arguments));
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
