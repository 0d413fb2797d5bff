package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.hypervisor.status.PairStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest that resets the machine begins again from its kernel, in a recording and its replay, and as a pair. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class RebootTest
{
    /** A second life is known by the clock, which the first one has set: the date outlives a reset. */
    private static final String LIVES = "case $(date +%%Y) in 2001) echo second life; %s;; " +
        "*) echo first life; date -s @1000000000; hwclock -w; %s;; esac";

    @TempDir
    private Path root;

    /** When a primary is killed whose guest reboots. */
    private enum Kill
    {
        BEFORE, DURING, AFTER
    }

    @BeforeEach
    void needLinux()
    {
        LinuxGuest.need();
    }

    @ParameterizedTest
    @CsvSource({"reboot -f, ''", "echo b > /proc/sysrq-trigger, ''", "echo c > /proc/sysrq-trigger, panic=1"})
    void guestBeginsAgainFromItsKernelAndItsReplayToo(final String command, final String argument) throws Exception
    {
        final Path journal = root.resolve("journal");
        final String append =
            argument + " understudy.kv=off understudy.run=\"" + LIVES.formatted("poweroff -f", command) + "\"";
        assertThat(run(append, "record", "--journal", journal.toString()).assertSuccess().output())
            .containsSubsequence("first life", "second life");
        assertThat(Commands.replayUnderEnginesWithDigests(journal))
            .containsSubsequence("first life", "second life").contains("\"outcome\":\"SHUTDOWN\"");
    }

    @Test
    void withNoRebootAResetEndsItAndAPanicIsOneAlsoIfTheKernelWouldReset() throws Exception
    {
        final Path journal = root.resolve("journal");
        assertThat(run("understudy.kv=off understudy.run=\"reboot -f\"",
            "record", "--no-reboot", "--journal", journal.toString()).assertSuccess().output())
            .contains("asked for a reboot");
        assertThat(Commands.replayUnderEngines(journal)).contains("\"outcome\":\"REBOOT\"");
        assertThat(Commands.understudy("journal", journal.toString(), "--count", "1").output()).contains("no reboot");
        assertThat(run("panic=1 understudy.kv=off understudy.run=\"echo c > /proc/sysrq-trigger\"", "run", "--no-reboot")
            .assertStatus(1).output()).contains("the guest panicked");
    }

    @ParameterizedTest
    @EnumSource(Kill.class)
    void resetOfAPairIsOneOnBothNodesWheneverThePrimaryIsKilled(final Kill kill) throws Exception
    {
        try (TestPair pair = new TestPair(root).withGuest(LinuxGuest.KERNEL, settings("reboot -f")).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.awaitService(primary);
            if (kill == Kill.BEFORE)
            {
                pair.kill(primary);
                pair.await("the backup takes over", status -> backup.equals(status.primary()));
                pair.awaitService(backup);
            }
            try (RespConnection connection = pair.connect())
            {
                assertThat(connection.request("SET", "reboot", "now")).isEqualTo("OK");
            }
            if (kill == Kill.DURING)
            {
                pair.awaitLog(primary, "first life ends");
                pair.kill(primary);
                pair.await("the backup takes over", status -> backup.equals(status.primary()));
            }
            awaitSecondLife(pair);
            if (kill == Kill.AFTER)
            {
                assertThat(pair.status()).as(pair::logs).matches(PairStatus::isProtected);
                try (RespConnection connection = pair.connect())
                {
                    assertThat(connection.request("SET", "life", "second")).isEqualTo("OK");
                }
                pair.kill(primary);
                pair.await("the backup takes over", status -> backup.equals(status.primary()));
                assertThat(get(pair, "life")).isEqualTo("second");
            }
            assertThat(pair.log("a") + pair.log("b")).doesNotContain("diverged");
            pair.replayJournals();
        }
    }

    /** The guest's memory is gone, and with it what it had there. */
    private static void awaitSecondLife(final TestPair pair) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        String value = "now";
        while (value != null)
        {
            assertThat(System.nanoTime() - endNs).as(pair::logs).isNegative();
            value = get(pair, "reboot");
        }
    }

    /** What the guest on the primary has there; asked until it answers. */
    private static String get(final TestPair pair, final String key) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        while (true)
        {
            try (RespConnection connection = pair.connect())
            {
                return connection.request("GET", key);
            }
            catch (final IOException e)
            {
                assertThat(System.nanoTime() - endNs).as("%s%n%s", e, pair.logs()).isNegative();
            }
        }
    }

    /** A service that ends its first life as it is told by a key, and goes on in its second. */
    private static String settings(final String command)
    {
        return """
            initrd: %s
            append: >-
              console=hvc0 quiet understudy.run="%s"
            """.formatted(LinuxGuest.INITRD, LIVES.formatted("while sleep 60; do :; done",
            "until printf 'GET reboot\\r\\nQUIT\\r\\n' | nc 127.0.0.1 6379 | grep -q now; do sleep 1; done; " +
                "echo first life ends; " + command));
    }

    private static Commands.Result run(final String append, final String... command)
        throws IOException, InterruptedException
    {
        final List<String> arguments = new ArrayList<>(List.of(command));
        arguments.addAll(List.of(
            "--kernel", LinuxGuest.KERNEL.toString(), "--initrd", LinuxGuest.INITRD.toString(), "--memory", "64M",
            "--append", "console=hvc0 quiet " + append));
        return Commands.understudy(arguments.toArray(String[]::new));
    }
}
