package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.client.RespConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The data directory of node a is a small disk of its own. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class FullDiskTest
{
    private static final int VALUE_BYTES = 30_000;
    private static final int MAX_VALUES = 10_000;

    @TempDir
    private Path root;
    private Path disk;
    private boolean isMounted;

    @BeforeEach
    void mount() throws Exception
    {
        disk = Files.createDirectory(root.resolve("disk"));
        Needs.mount("-t", "tmpfs", "-o", "size=24m", "tmpfs", disk.toString());
        isMounted = true;
    }

    @AfterEach
    void unmount() throws Exception
    {
        if (isMounted)
        {
            Commands.run("umount", "-l", disk.toString()).assertSuccess();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void nodeWithAFullDiskStopsAsIfItHadDiedAndTheOtherGoesOn(final String primary) throws Exception
    {
        try (TestPair pair = new TestPair(root).withData("a", disk.resolve("data")).startProtected(primary))
        {
            pair.load();
            writeUntilServiceStops(pair);

            assertThat(pair.awaitExit("a")).as(pair::logs).isEqualTo(1);
            assertThat(pair.log("a")).contains("halted: ").contains(disk.toString()).contains("full");
            pair.await("b goes on alone", it -> it.nodes().get("b").solo());
            pair.awaitReplies(200);
            pair.assertNothingLost();
            Commands.understudy("verify", disk.resolve("data/journal").toString()).assertSuccess();
            pair.replayJournals();
        }
    }

    private static void writeUntilServiceStops(final TestPair pair) throws IOException, InterruptedException
    {
        final Random random = new Random(1);
        final byte[] value = new byte[VALUE_BYTES];
        try (RespConnection connection = pair.connect())
        {
            for (int i = 0; i < MAX_VALUES && pair.isAlive("a"); i++)
            {
                // Not the same again and again, which a journal packs.
                random.nextBytes(value);
                connection.request("SET", "big", HexFormat.of().formatHex(value));
            }
        }
        catch (final IOException e)
        {
            // The primary died of its full disk.
        }
        assertThat(pair.isAlive("a") && !pair.log("a").contains("halted")).as(pair::logs).isFalse();
    }
}
