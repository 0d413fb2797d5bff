package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A recording that takes one snapshot after the other, and is killed, or finds no room for them. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class KilledSnapshotTest
{
    private static final int LIVES = 3;
    private static final int MIN_LIFE_MS = 400;
    private static final int MAX_LIFE_MS = 1_200;

    @TempDir
    private Path root;

    private final Random random = new Random();

    @Test
    void whatAKilledRecordingKeptIsWholeAndGoesOn() throws Exception
    {
        final Path store = root.resolve("store");
        Path before = null;
        int kept = 0;
        for (int life = 0; life < LIVES; life++)
        {
            final Path journal = root.resolve("journal" + life);
            final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
            final UnderstudyProcess process = record(journal, store, service, "20ms", before);
            final int written;
            try
            {
                written = writeUntilKilled(service, process, kept);
            }
            finally
            {
                process.kill();
            }
            before = journal;
            Commands.understudy("snapshot", "verify", journal.toString()).assertSuccess();
            Commands.understudy("verify", journal.toString()).assertSuccess();
            kept = keptIn(journal);
            assertThat(kept).isBetween(1, written);
        }
    }

    /** The number of writes that the newest snapshot has. */
    private int keptIn(final Path journal) throws Exception
    {
        final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
        final UnderstudyProcess process = new UnderstudyProcess(root.resolve("log"), "run", "--from", journal.toString(),
            "--forward", "127.0.0.1:" + service.getPort() + ":6379");
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            Services.await(service, process);
            try (RespConnection connection = new RespConnection(service))
            {
                return Integer.parseInt(connection.request("GET", "count"));
            }
        }
        finally
        {
            process.kill();
        }
    }

    private int writeUntilKilled(final InetSocketAddress service, final UnderstudyProcess process, final int kept)
        throws Exception
    {
        Services.await(service, process);
        final Thread killer = Thread.ofPlatform().start(() ->
        {
            try
            {
                Thread.sleep(random.nextInt(MIN_LIFE_MS, MAX_LIFE_MS));
                process.kill();
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
            }
        });
        int written = kept;
        try (RespConnection connection = new RespConnection(service))
        {
            if (kept > 0)
            {
                assertThat(Integer.parseInt(connection.request("GET", "count"))).isEqualTo(kept);
            }
            while (true)
            {
                connection.request("SET", "key" + written % 500, "x".repeat(1000));
                connection.request("SET", "count", Integer.toString(written + 1));
                written++;
            }
        }
        catch (final IOException e)
        {
            killer.join();
            // The last one may have been in the guest, and its answer lost.
            return written + 1;
        }
    }

    @Test
    void aFullStoreIsToldOfAndTheRecordingGoesOn() throws Exception
    {
        final Path disk = Files.createDirectory(root.resolve("disk"));
        Needs.mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", disk.toString());
        try
        {
            final Path journal = root.resolve("journal");
            final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
            final UnderstudyProcess process = record(journal, disk.resolve("store"), service, "50ms", null);
            try
            {
                Services.await(service, process);
                final byte[] value = new byte[500];
                try (RespConnection connection = new RespConnection(service))
                {
                    for (int i = 0; !Files.readString(process.log()).contains("No space left on device"); i++)
                    {
                        random.nextBytes(value);
                        connection.request("SET", "key" + i, HexFormat.of().formatHex(value));
                    }
                    assertThat(connection.request("PING")).contains("PONG");
                }
            }
            finally
            {
                process.kill();
            }
            assertThat(Files.readString(process.log())).contains("no snapshot was taken in " + disk.resolve("store"));
            Commands.understudy("snapshot", "verify", journal.toString()).assertSuccess();
            Commands.understudy("verify", journal.toString()).assertSuccess();
        }
        finally
        {
            Commands.run("umount", "-l", disk.toString()).assertSuccess();
        }
    }

    private UnderstudyProcess record(
        final Path journal, final Path store, final InetSocketAddress service, final String every, final Path from)
        throws IOException
    {
        final List<String> arguments = new ArrayList<>(List.of("record", "--journal", journal.toString(),
            "--store", store.toString(), "--snapshot-every", every, "--forward", "127.0.0.1:" + service.getPort() + ":6379"));
        arguments.addAll(from == null ? List.of("--kernel", TestPair.KV.toString()) : List.of("--from", from.toString()));
        final UnderstudyProcess process = new UnderstudyProcess(root.resolve("log"), arguments.toArray(String[]::new));
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        return process;
    }
}
