package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pair whose guest has ended begins it anew when the operator says so, and only then; nothing is moved by hand. */
class RestartEndedTest
{
    private static final String OPTION = "--restart-ended";

    /** A Linux that shuts down once its key-value service is told to. */
    private static final String SETTINGS = """
        initrd: %s
        append: >-
          console=hvc0 quiet understudy.run="until printf 'GET end\\r\\nQUIT\\r\\n' |
          nc 127.0.0.1 6379 | grep -q now; do sleep 1; done; poweroff -f"
        """.formatted(LinuxGuest.INITRD);

    @TempDir
    private Path root;

    @BeforeEach
    void needLinux()
    {
        LinuxGuest.need();
    }

    @Test
    @Timeout(value = 4, unit = TimeUnit.MINUTES)
    void endedGuestBeginsAnewOnBothNodesOnceAndOnlyIfTold() throws Exception
    {
        try (TestPair pair = new TestPair(root).withGuest(LinuxGuest.KERNEL, SETTINGS).startProtected("a"))
        {
            end(pair);
            pair.start("a");
            assertThat(pair.awaitExit("a")).isEqualTo(1);
            pair.awaitLog("a", "has ended (SHUTDOWN): start both nodes with " + OPTION);

            pair.withOption(OPTION).startProtected();
            assertThat(pair.arbitrated()).as(pair::logs).isEqualTo(2);
            assertThat(get(pair)).as("what the guest of before had in its memory").isNull();
            set(pair, "second");
            // The one that began anew kept the journal, and so did the one that joined it.
            final String beginner = pair.primary();
            Commands.replayJournalOfPair(pair.data(beginner).resolve("journal.ended-1"));
            Commands.replayJournalOfPair(pair.data(TestPair.peerOf(beginner)).resolve("journal.discarded"));

            // A guest that has not ended goes on, also with the option.
            pair.killBoth();
            pair.startProtected();
            assertThat(get(pair)).isEqualTo("second");
            final String primary = pair.primary();
            pair.kill(primary);
            pair.await("the backup takes over", status -> TestPair.peerOf(primary).equals(status.primary()));
            assertThat(get(pair)).isEqualTo("second");
            pair.replayJournals();
        }
    }

    /** Whose journal says that it ended may be a node that was never asked, such as one that was away. */
    @Test
    @Timeout(value = 4, unit = TimeUnit.MINUTES)
    void nodeWithAnOlderEndBeginsNothingBesideTheOneThatWentOn() throws Exception
    {
        try (TestPair pair = new TestPair(root).withGuest(LinuxGuest.KERNEL, SETTINGS).startProtected("a"))
        {
            end(pair);
            pair.withOption(OPTION).start("b");
            pair.await("b begins anew", status -> "b".equals(status.primary()));
            set(pair, "anew");
            pair.kill("b");

            pair.start("a");
            pair.awaitLog("a", "waits for b, which ran generation 2 alone");
            pair.start("b");
            pair.awaitProtected();
            assertThat(get(pair)).isEqualTo("anew");
            assertThat(Files.exists(pair.data("a").resolve("journal.ended-1"))).isFalse();
            pair.replayJournals();
        }
    }

    private static void end(final TestPair pair) throws IOException, InterruptedException
    {
        set(pair, "first");
        try (RespConnection connection = pair.connect())
        {
            assertThat(connection.request("SET", "end", "now")).isEqualTo("OK");
        }
        for (final String node : pair.ports().keySet())
        {
            assertThat(pair.awaitExit(node)).as(pair::logs).isZero();
        }
    }

    private static void set(final TestPair pair, final String value) throws IOException, InterruptedException
    {
        pair.awaitService(pair.primary());
        try (RespConnection connection = pair.connect())
        {
            assertThat(connection.request("SET", "life", value)).isEqualTo("OK");
        }
    }

    private static String get(final TestPair pair) throws IOException, InterruptedException
    {
        pair.awaitService(pair.primary());
        try (RespConnection connection = pair.connect())
        {
            return connection.request("GET", "life");
        }
    }
}
