package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A pair whose guest writes a drive, knows what it wrote, and reads all of it every tenth round: it ends with a failure
 * at the first sector that is not as it was written, wherever it runs then.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DriveTest
{
    private static final Path GUEST = Path.of("../guests/tests/block_rounds.elf").toAbsolutePath().normalize();
    private static final Pattern ROUND = Pattern.compile("round (\\d+): every sector is as it was written");
    private static final int ENOUGH_ROUNDS = 60;

    @TempDir
    private Path root;
    private Path image;
    private byte[] content;

    @BeforeEach
    void makeImage() throws IOException
    {
        content = new byte[1 << 20];
        new Random(1).nextBytes(content);
        image = Files.write(root.resolve("disk.img"), content);
    }

    /** What one engine recorded another replays at once, and goes on from there. */
    @ParameterizedTest
    @CsvSource({"interpreter, translator", "mixed, interpreter"})
    void theBackupGoesOnWithEveryWriteWhenThePrimaryIsKilled(final String engine, final String other) throws Exception
    {
        try (TestPair pair = pair().withEngine("a", engine).withEngine("b", other).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            final int killedAfter = awaitRound(pair, primary, ENOUGH_ROUNDS);
            pair.kill(primary);
            awaitRound(pair, backup, killedAfter + ENOUGH_ROUNDS);

            // The node that was killed begins its drive anew from its journal and takes over in turn.
            pair.start(primary);
            pair.awaitProtected();
            final int killedAgain = awaitRound(pair, backup, 1);
            pair.kill(backup);
            awaitRound(pair, primary, killedAgain + ENOUGH_ROUNDS);
            assertThat(pair.log("a") + pair.log("b")).doesNotContain("FAIL").doesNotContain("diverged");
            pair.replayJournalsUnderAllEngines();
        }
        assertThat(Files.readAllBytes(image)).isEqualTo(content);
    }

    @Test
    void aNodeWhoseImageIsAnotherDoesNotJoin() throws Exception
    {
        final Path other = root.resolve("other.img");
        content[5]++;
        Files.write(other, content);
        try (TestPair pair = pair())
        {
            pair.start("a");
            pair.await("a is primary", status -> "a".equals(status.primary()));
            final Path config = Files.writeString(root.resolve("b.yaml"),
                Files.readString(pair.config()).replace(image.toString(), other.toString()));
            final Commands.Result result =
                Commands.understudy("serve", "--config", config.toString(), "--node", "b").assertStatus(1);
            assertThat(result.output()).contains("other.img").contains("SHA-256");
            result.assertNoStackTrace();
        }
    }

    @Test
    void anImageUnderAnOverlayIsNotGivenToAnotherProcess() throws Exception
    {
        final Path log = root.resolve("guest.log");
        final UnderstudyProcess guest = new UnderstudyProcess(log, "run", "--kernel", GUEST.toString(), "--append", "rounds=1000000",
            "--drive", "file=" + image + ",overlay=" + root.resolve("overlay"));
        guest.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            final long deadlineNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!ROUND.matcher(Files.readString(log)).find())
            {
                assertThat(System.nanoTime() - deadlineNs).as(Files.readString(log)).isNegative();
                Thread.sleep(50);
            }
            final Commands.Result result = Commands.understudy(
                "run", "--kernel", GUEST.toString(), "--drive", "file=" + image).assertStatus(1);
            assertThat(result.output()).contains(image.toString()).contains("in use");
            result.assertNoStackTrace();
        }
        finally
        {
            guest.kill();
        }
        assertThat(Files.readAllBytes(image)).isEqualTo(content);
    }

    @Test
    void aBackupWhoseDriveFailsStopsAndSaysWhyAndThePrimaryGoesOn() throws Exception
    {
        // Room for the first of the four clusters that the guest writes.
        final Path disk = Files.createDirectory(root.resolve("disk"));
        Needs.mount("-t", "tmpfs", "-o", "size=160k", "tmpfs", disk.toString());
        try (TestPair pair = pair())
        {
            Files.createDirectory(pair.data("b"));
            Files.createSymbolicLink(pair.data("b").resolve("drive-0.overlay"), disk.resolve("overlay"));
            pair.start("a");
            pair.await("a is primary", status -> "a".equals(status.primary()));
            pair.start("b");
            assertThat(pair.awaitExit("b")).as(pair::logs).isEqualTo(1);
            assertThat(pair.log("b")).contains("halted: drive ").contains(image.toString()).contains("No space left");
            awaitRound(pair, "a", awaitRound(pair, "a", 1) + ENOUGH_ROUNDS);
            assertThat(pair.log("a")).doesNotContain("FAIL");
        }
        finally
        {
            Commands.run("umount", "-l", disk.toString()).assertSuccess();
        }
    }

    @Test
    void aBackupThatDivergesStopsAndSaysWhereAndThePrimaryGoesOn() throws Exception
    {
        try (TestPair pair = pair().startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            awaitRound(pair, primary, ENOUGH_ROUNDS);

            changeEverySector(pair.data(backup).resolve("drive-0.overlay"));

            assertThat(pair.awaitExit(backup)).as(pair::logs).isEqualTo(1);
            assertThat(pair.log(backup)).containsPattern(
                "halted: replay diverged at entry \\d+ \\(position [\\d,]+\\): .+: recorded \\S.*, replayed \\S");
            pair.await("the primary goes on alone", it -> it.nodes().get(primary).solo());
            awaitRound(pair, primary, awaitRound(pair, primary, 1) + ENOUGH_ROUNDS);
            assertThat(pair.log(primary)).contains("backup " + backup + " left: replay diverged at entry ");
            // What the backup was told is still there for who looks into it.
            Commands.understudy("verify", pair.data(backup).resolve("journal").toString()).assertSuccess();
        }
    }

    /** What a disk does that returns wrong bytes: a bit of each sector is another, for each that the guest has written. */
    private static void changeEverySector(final Path overlay) throws IOException
    {
        final int sectorBytes = 512;
        final byte[] before = Files.readAllBytes(overlay);
        try (FileChannel channel = FileChannel.open(overlay, StandardOpenOption.WRITE))
        {
            for (int place = 0; place < before.length; place += sectorBytes)
            {
                channel.write(ByteBuffer.wrap(new byte[] {(byte)(before[place] ^ 1)}), place);
            }
        }
    }

    private TestPair pair() throws IOException
    {
        return new TestPair(root).withGuest(GUEST, """
            append: rounds=1000000
            drives:
              - { file: %s, serial: rounds }
            """.formatted(image));
    }

    /** Waits until a node has printed that a round of at least this number is over; the number of the last one. */
    private static int awaitRound(final TestPair pair, final String node, final int wanted)
        throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        int last = 0;
        while (last < wanted)
        {
            assertThat(System.nanoTime() - endNs).as(pair::logs).isNegative();
            assertThat(pair.isAlive(node)).as(pair::logs).isTrue();
            Thread.sleep(20);
            final Matcher matcher = ROUND.matcher(pair.log(node));
            while (matcher.find())
            {
                last = Math.max(last, Integer.parseInt(matcher.group(1)));
            }
        }
        return last;
    }
}
