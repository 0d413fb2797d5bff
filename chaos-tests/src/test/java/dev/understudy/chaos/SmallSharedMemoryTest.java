package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The {@code /dev/shm} of node a is small, as a container's may be, or full. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SmallSharedMemoryTest
{
    @TempDir
    private Path root;

    @Test
    void nodeWithoutRoomForItsBuffersSaysSoInOneLine() throws Exception
    {
        inMemoryOf("1m", pair ->
        {
            pair.start("a");
            assertThat(pair.awaitExit("a")).isEqualTo(1);
            assertThat(pair.log("a").lines()).singleElement().asString()
                .contains("node a cannot have the buffers of its link in /dev/shm/", "make room there");
        });
    }

    @Test
    void memoryThatIsFullLaterHarmsNobody() throws Exception
    {
        inMemoryOf("48m", pair ->
        {
            pair.start("a");
            pair.await("a is primary", it -> "a".equals(it.primary()));
            Commands.run("dd", "if=/dev/zero", "of=" + memory().resolve("filler"), "bs=64k", "status=none").assertStatus(1);

            pair.start("b");
            pair.awaitProtected();
            pair.load();
            pair.kill("b");
            pair.start("b");
            pair.awaitProtected();
            pair.awaitReplies(300);
            pair.assertNothingLost();
        });
    }

    private interface Scenario
    {
        void with(TestPair pair) throws Exception;
    }

    private Path memory()
    {
        return root.resolve("memory");
    }

    private void inMemoryOf(final String size, final Scenario test) throws Exception
    {
        Needs.program("unshare", "util-linux");
        Files.createDirectory(memory());
        Needs.mount("-t", "tmpfs", "-o", "size=" + size, "tmpfs", memory().toString());
        final String script = "case \"$*\" in *'--node a'*) mount --bind '" + memory() + "' /dev/shm;; esac; exec \"$@\"";
        try (TestPair pair = new TestPair(root).withLauncher("unshare", "--mount", "sh", "-c", script, "sh"))
        {
            test.with(pair);
        }
        finally
        {
            Commands.run("umount", "-l", memory().toString()).assertSuccess();
        }
    }
}
