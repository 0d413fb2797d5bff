package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class UnusableArbiterTest
{
    @TempDir
    private Path root;

    @Test
    void nodesWaitForAnArbiterThatIsMissingAndSayItOnce() throws Exception
    {
        final Path missing = root.resolve("mount/arbiter");
        try (TestPair pair = new TestPair(root).withArbiter(missing))
        {
            pair.start("a");
            pair.start("b");
            for (final String node : pair.data().keySet())
            {
                pair.awaitLog(node, "the arbiter cannot be reached: arbiter directory " + missing +
                    " does not exist: create it");
            }
            // Several attempts later nothing has changed, and nothing was said again.
            Thread.sleep(500);
            assertThat(pair.status().primary()).isNull();
            assertThat(pair.log("a").lines()).hasSize(1);

            Files.createDirectories(missing);
            pair.awaitProtected();
        }
    }

    @Test
    void arbiterBelowAFileIsNamed() throws Exception
    {
        final Path file = Files.createFile(root.resolve("file"));
        try (TestPair pair = new TestPair(root).withArbiter(file.resolve("arbiter")))
        {
            pair.start("a");
            pair.awaitLog("a", "arbiter directory " + file.resolve("arbiter"));
            assertThat(pair.log("a").lines()).hasSize(1);
            assertThat(pair.status("a").role()).isEqualTo("starting");
        }
    }

    @Test
    void nobodyGoesLiveWithAnArbiterThatIsReadOnly() throws Exception
    {
        final Path directory = Files.createDirectory(root.resolve("read-only"));
        Needs.mount("-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", directory.toString());
        try (TestPair pair = new TestPair(root).withArbiter(directory))
        {
            pair.start("a");
            pair.awaitLog("a", "the arbiter cannot be reached: arbiter directory " + directory +
                " cannot be written");
            assertThat(pair.status("a").role()).isEqualTo("candidate");

            Commands.run("mount", "-o", "remount,rw", directory.toString()).assertSuccess();
            pair.await("a goes live", status -> "a".equals(status.primary()));
        }
        finally
        {
            Commands.run("umount", "-l", directory.toString()).assertSuccess();
        }
    }

    @Test
    void backupIsNotPromotedWithoutTheArbiter() throws Exception
    {
        // A node that stands still for half of the timeout asks the arbiter before it goes on: here none should.
        try (TestPair pair = new TestPair(root).withTimeoutMs(4_000).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();
            final Path away = Files.move(pair.arbiter(), root.resolve("away"));
            // The pair goes on while both live, and says that it could not without one of them.
            pair.awaitReplies(500);
            pair.await("no failover is possible", it -> !it.isProtected());
            assertThat(pair.status().nodes().values()).allMatch(it -> it.role().equals("primary") && !it.solo() ||
                it.role().equals("backup"));
            pair.awaitLog(primary, "the arbiter cannot be reached");

            pair.kill(primary);
            pair.awaitLog(backup, "the arbiter cannot be reached");
            final long replies = pair.replies();
            Thread.sleep(1_000);
            assertThat(pair.status(backup).role()).isEqualTo("candidate");
            assertThat(pair.replies()).isEqualTo(replies);

            Files.move(away, pair.arbiter());
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            pair.awaitReplies(200);
            pair.assertNothingLost();
        }
    }
}
