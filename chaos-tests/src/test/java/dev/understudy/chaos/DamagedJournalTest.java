package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the command line says of a recording that was killed and whose files were changed. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DamagedJournalTest
{
    @TempDir
    private static Path recordings;

    /** Of the key-value guest with a client, killed. */
    private static Path killed;

    @TempDir
    private Path root;
    private Path journal;
    private JournalFile file;

    @BeforeAll
    static void record() throws Exception
    {
        killed = recordings.resolve("kv");
        final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
        final UnderstudyProcess process = new UnderstudyProcess(recordings.resolve("log"), "record",
            "--journal", killed.toString(), "--kernel", TestPair.KV.toString(),
            "--forward", "127.0.0.1:" + service.getPort() + ":6379");
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            Services.await(service, process);
            try (RespConnection connection = new RespConnection(service))
            {
                for (int i = 0; i < 200; i++)
                {
                    connection.request("SET", "key" + i, "value" + i);
                }
            }
        }
        finally
        {
            process.kill();
        }
    }

    @BeforeEach
    void copy() throws Exception
    {
        journal = root.resolve("kv");
        try (Stream<Path> files = Files.walk(killed))
        {
            // The socket that the killed process left is nothing that can be copied.
            for (final Path path : files.filter(it -> Files.isDirectory(it) || Files.isRegularFile(it)).toList())
            {
                Files.copy(path, journal.resolve(killed.relativize(path).toString()));
            }
        }
        file = new JournalFile(journal);
    }

    @Test
    void tornTailIsReportedAndWhatIsBeforeItReplays() throws Exception
    {
        Commands.understudy("verify", journal.toString()).assertSuccess();
        final String what = file.tear();
        final int entries = file.entries().size();

        final Commands.Result verify = Commands.understudy("verify", journal.toString()).assertSuccess();
        assertThat(verify.output()).contains(String.format(Locale.ROOT, "%,d entries", entries))
            .contains("not ended in order").contains(what).contains(file.path().toString());
        final Commands.Result replay = Commands.understudy("replay", journal.toString()).assertSuccess();
        assertThat(replay.output()).contains(String.format(Locale.ROOT, "replayed %,d entries", entries))
            .contains(what).contains(file.path().toString());
    }

    @Test
    void changedBitInTheMiddleIsNamedAndNothingBehindItIsReplayed() throws Exception
    {
        final int middle = file.entries().size() / 2;
        file.flipBit(middle);

        for (final String command : List.of("verify", "replay"))
        {
            final Commands.Result result = Commands.understudy(command, journal.toString())
                .assertStatus(1).assertNoStackTrace();
            assertThat(result.output()).contains("understudy: ").contains(file.path().toString())
                .contains("entry " + middle).contains("--until-entry " + (middle - 1))
                .contains(String.format(Locale.ROOT, "position %,d", file.entries().get(middle - 1).position()))
                .doesNotContain("replayed ");
        }
        Commands.understudy("replay", journal.toString(), "--until-entry", Integer.toString(middle - 1))
            .assertSuccess();
    }

    @Test
    void journalOfANewerReleaseIsRefused() throws Exception
    {
        file.makeNewer();

        for (final String command : List.of("verify", "replay", "journal"))
        {
            final Commands.Result result = Commands.understudy(command, journal.toString())
                .assertStatus(1).assertNoStackTrace();
            assertThat(result.output()).contains("understudy: ").contains(file.path().toString())
                .contains("version " + JournalFile.NEWER_VERSION).contains("release");
        }
    }
}
