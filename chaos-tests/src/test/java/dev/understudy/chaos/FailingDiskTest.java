package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The data directory of node a is a disk with room enough that stops taking writes: an image with holes, on another disk
 * which is full.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class FailingDiskTest
{
    @TempDir
    private Path root;
    private Path beneath;
    private Path disk;
    private final Deque<Path> mounted = new ArrayDeque<>();

    @BeforeEach
    void mount() throws Exception
    {
        Needs.program("mkfs.ext4", "e2fsprogs");
        beneath = Files.createDirectory(root.resolve("beneath"));
        disk = Files.createDirectory(root.resolve("disk"));
        Needs.mount("-t", "tmpfs", "-o", "size=48m", "tmpfs", beneath.toString());
        mounted.push(beneath);
        final String image = beneath.resolve("image").toString();
        Commands.run("truncate", "--size", "512M", image).assertSuccess();
        // Without a journal of its own, the file system does not turn read-only when its disk fails.
        Commands.run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", image).assertSuccess();
        Needs.mount("-o", "loop,errors=continue", image, disk.toString());
        mounted.push(disk);
    }

    @AfterEach
    void unmount() throws Exception
    {
        while (!mounted.isEmpty())
        {
            Commands.run("umount", "-l", mounted.pop().toString()).assertSuccess();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void nodeWhoseDiskDoesNotTakeTheJournalStopsAndTheOtherGoesOn(final String primary) throws Exception
    {
        try (TestPair pair = new TestPair(root).withData("a", disk.resolve("data"))
            .withGuest(TestPair.KV, "journal: { syncMs: 10 }\n").startProtected(primary))
        {
            pair.load();
            // The disk has taken all of the journal so far.
            assertThat(pair.isAlive("a")).as(pair::logs).isTrue();
            Commands.run("dd", "if=/dev/zero", "of=" + beneath.resolve("filler"), "bs=64k", "status=none").assertStatus(1);

            assertThat(pair.awaitExit("a")).as(pair::logs).isEqualTo(1);
            assertThat(pair.log("a")).contains("halted: ").contains("cannot be written to the disk");
            pair.await("b goes on alone", it -> it.nodes().get("b").solo());
            pair.awaitReplies(200);
            pair.assertNothingLost();
        }
    }
}
