package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.status.PairStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The data directory of node a is a disk that hangs: nothing fails there, and nothing comes to its end. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class HungDiskTest
{
    /** Whatever happens to this process, the disk goes on after that: who waits for it cannot even be killed. */
    private static final String THAW_SECONDS = "60";

    /** Ten times what a backup takes here; by chance, when the JVM wants all of its threads to stop, it took 7 to 13 s. */
    private static final long TAKEOVER_NS = 5_000_000_000L;

    @TempDir
    private Path root;
    private Path disk;
    private Process thaw;
    private boolean isMounted;

    @BeforeEach
    void mount() throws Exception
    {
        Needs.program("mkfs.ext4", "e2fsprogs");
        Needs.program("fsfreeze", "util-linux");
        disk = Files.createDirectory(root.resolve("disk"));
        final String image = root.resolve("image").toString();
        Commands.run("truncate", "--size", "128M", image).assertSuccess();
        Commands.run("mkfs.ext4", "-q", "-F", image).assertSuccess();
        Needs.mount("-o", "loop", image, disk.toString());
        isMounted = true;
    }

    @AfterEach
    void unmount() throws Exception
    {
        if (thaw != null)
        {
            thaw();
        }
        if (isMounted)
        {
            Commands.run("umount", "-l", disk.toString()).assertSuccess();
        }
    }

    /** With a drive, the guest has a thread of its own, and the agent's could go on for ever. */
    @Test
    void aPrimaryWhoseJournalHangsUnderAGuestWithADriveIsReplaced() throws Exception
    {
        final Path image = root.resolve("drive");
        Files.write(image, new byte[64 * 1024]);
        try (TestPair pair = new TestPair(root).withData("a", disk.resolve("data"))
            .withGuest(TestPair.KV, "drives:\n  - { file: " + image + ", readonly: true }\n").startProtected("a"))
        {
            pair.load();

            final long frozenNs = freeze();
            final PairStatus status = pair.await("b goes on alone", it -> it.nodes().get("b").solo());
            assertThat(System.nanoTime() - frozenNs).as(pair::logs).isLessThan(TAKEOVER_NS);
            assertThat(status.primary()).as(status::toText).isEqualTo("b");
            pair.awaitReplies(200);

            thaw();
            assertThat(pair.awaitExit("a")).as(pair::logs).isEqualTo(1);
            assertThat(pair.log("a")).contains("halted: ");
            pair.start("a");
            pair.awaitProtected();
            pair.assertNothingLost();
        }
    }

    private long freeze() throws IOException, InterruptedException
    {
        thaw = new ProcessBuilder("bash", "-c", "read -t " + THAW_SECONDS + " _; fsfreeze --unfreeze " + disk).start();
        final long nowNs = System.nanoTime();
        Commands.run("fsfreeze", "--freeze", disk.toString()).assertSuccess();
        return nowNs;
    }

    private void thaw() throws IOException, InterruptedException
    {
        thaw.getOutputStream().close();
        thaw.waitFor();
        thaw = null;
    }
}
