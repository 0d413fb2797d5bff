package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A recording whose journal has no more room, because of its bound or of its disk. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class FullRecordingTest
{
    private static final int VALUE_BYTES = 5_000;
    private static final int MAX_VALUES = 10_000;

    @TempDir
    private Path root;

    @Test
    void boundOfTheJournalEndsTheRecordingWithOneLine() throws Exception
    {
        final Path journal = root.resolve("journal");

        final String last = recordUntilFull(journal, "4M");

        assertThat(last).startsWith("understudy: journal " + journal + " has reached its bound")
            .contains("of 4,194,304 bytes").contains("Raise the bound");
        assertWhole(journal);
    }

    @Test
    void fullDiskEndsTheRecordingWithOneLine() throws Exception
    {
        final Path disk = Files.createDirectory(root.resolve("disk"));
        Needs.mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.toString());
        try
        {
            final Path journal = disk.resolve("journal");

            final String last = recordUntilFull(journal, "64G");

            assertThat(last).startsWith("understudy: journal " + journal).contains("the disk has no room")
                .contains("it is full").contains("Free some space");
            assertWhole(journal);
        }
        finally
        {
            Commands.run("umount", "-l", disk.toString()).assertSuccess();
        }
    }

    /** Records the key-value guest while a client writes, and returns the last line that the process wrote. */
    private String recordUntilFull(final Path journal, final String journalMax) throws Exception
    {
        final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
        final UnderstudyProcess process = new UnderstudyProcess(root.resolve("log"), "record",
            "--journal", journal.toString(), "--journal-max", journalMax, "--kernel", TestPair.KV.toString(),
            "--forward", "127.0.0.1:" + service.getPort() + ":6379");
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            Services.await(service, process);
            writeUntilServiceStops(service);
            assertThat(process.awaitExit(TestPair.TIMEOUT.toMillis())).as(Files.readString(process.log())).isEqualTo(1);
        }
        finally
        {
            process.kill();
        }
        final List<String> lines = Files.readAllLines(process.log());
        assertThat(lines).as("%s", lines).filteredOn(line -> line.contains("Every entry so far is intact")).hasSize(1);
        return lines.getLast();
    }

    private static void writeUntilServiceStops(final InetSocketAddress service)
    {
        final Random random = new Random(1);
        final byte[] value = new byte[VALUE_BYTES];
        try (RespConnection connection = new RespConnection(service))
        {
            for (int i = 0; i < MAX_VALUES; i++)
            {
                // Not the same again and again, which a journal packs.
                random.nextBytes(value);
                connection.request("SET", "big", HexFormat.of().formatHex(value));
            }
        }
        catch (final IOException e)
        {
            // The recording ended.
        }
    }

    private static void assertWhole(final Path journal) throws Exception
    {
        Commands.understudy("verify", journal.toString()).assertSuccess();
        Commands.replayUnderEngines(journal);
    }
}
