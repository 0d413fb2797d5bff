package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.status.PairStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The arbiter is there, and is not what it should be: not shared, not the newest, failing or hanging. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class WrongArbiterTest
{
    /** Fails to sync directories while the file that WHILE_THERE names is there. */
    private static final String FAILING_SYNC = """
        #include <errno.h>
        #include <stdlib.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <unistd.h>

        int fsync(int fd)
        {
            struct stat it;
            if (fstat(fd, &it) == 0 && S_ISDIR(it.st_mode) && access(getenv("WHILE_THERE"), F_OK) == 0)
            {
                errno = EIO;
                return -1;
            }
            return (int)syscall(SYS_fsync, fd);
        }
        """;

    /** What the arbiter does is tested here, and no machine is so busy that it suspects a node which lives. */
    private static final int TIMEOUT_MS = 1_500;

    @TempDir
    private Path root;

    @Test
    void nodesWithArbitersOfTheirOwnAreNotProtectedUntilTheyShareOne() throws Exception
    {
        final Path own = Files.createDirectory(root.resolve("own"));
        try (TestPair pair = new TestPair(root))
        {
            pair.withConfigOf("b", config -> config.replace(pair.arbiter().toString(), own.toString()));
            pair.start("a");
            pair.await("a is primary", it -> "a".equals(it.primary()));
            pair.start("b");
            pair.awaitLog("b", "the arbiter of this node has no generation, and not generation 1 of a (claim ");
            pair.awaitLog("a", "backup b says: the arbiter of this node has no generation");
            final PairStatus status =
                pair.await("b says what is wrong", it -> it.nodes().get("b").trouble() != null);
            assertThat(status.isProtected()).isFalse();
            assertThat(status.toText()).contains("name one directory that both nodes see as arbiter.directory");
            assertThat(pair.log("b").lines().filter(it -> it.contains("the arbiter of this node has"))).hasSize(1);

            Files.delete(own);
            Files.createSymbolicLink(own, pair.arbiter());
            pair.awaitProtected();
        }
    }

    @Test
    void nodeWhoseArbiterCannotBeSyncedWaitsAndBurnsNoGeneration() throws Exception
    {
        Needs.program("gcc", "gcc libc6-dev");
        final Path source = Files.writeString(root.resolve("failing.c"), FAILING_SYNC);
        final Path library = root.resolve("failing.so");
        Commands.run("gcc", "-shared", "-fPIC", "-o", library.toString(), source.toString()).assertSuccess();
        final Path flag = Files.createFile(root.resolve("fails"));
        try (TestPair pair = new TestPair(root))
        {
            pair.withLauncherOf("a", "env", "WHILE_THERE=" + flag, "LD_PRELOAD=" + library);
            pair.start("a");
            pair.awaitLog("a", "the arbiter cannot be reached: arbiter directory " + pair.arbiter() + " cannot be synced");
            // It would have asked for another one every 0.7 s.
            Thread.sleep(2_000);
            assertThat(pair.arbitrated()).isEqualTo(1);
            pair.await("a waits", it -> it.nodes().get("a").role().equals("candidate"));
            assertThat(pair.log("a").lines().filter(it -> it.contains("cannot be synced"))).hasSize(1);

            Files.delete(flag);
            pair.await("a is primary of the generation that it was granted",
                it -> "a".equals(it.primary()) && it.generation() == 1);
            assertThat(pair.arbitrated()).isEqualTo(1);
        }
    }

    @Test
    void lastNodeHoldsItsOutputsWhileAnotherDirectoryIsInPlaceOfTheArbiter() throws Exception
    {
        try (TestPair pair = new TestPair(root).withTimeoutMs(TIMEOUT_MS).startProtected("a"))
        {
            pair.load();
            final Path away = Files.move(pair.arbiter(), root.resolve("away"));
            Files.createDirectory(pair.arbiter());
            pair.kill("b");
            pair.awaitLog("a", "bring the newest copy back; outputs are held meanwhile");
            final long replies = pair.replies();
            final PairStatus status = pair.await("a says that it waits",
                it -> it.nodes().get("a").role().equals("primary") && it.nodes().get("a").trouble() != null);
            assertThat(status.toText()).contains("waits for the arbiter").doesNotContain("runs alone");
            assertThat(pair.replies()).isEqualTo(replies);
            assertThat(pair.arbitrated()).isZero();

            Files.delete(pair.arbiter());
            Files.move(away, pair.arbiter());
            pair.await("a goes on alone", it -> it.nodes().get("a").solo() && it.generation() == 2);
            pair.awaitReplies(200);
            pair.assertNothingLost();
        }
    }

    @Test
    void arbiterThatHangsIsNamedAndTheOutputsGoOnWhenItAnswers() throws Exception
    {
        Needs.program("mkfs.ext4", "e2fsprogs");
        final Path directory = Files.createDirectory(root.resolve("frozen"));
        final String image = root.resolve("image").toString();
        Commands.run("truncate", "--size", "16M", image).assertSuccess();
        Commands.run("mkfs.ext4", "-q", "-F", image).assertSuccess();
        Needs.mount("-o", "loop", image, directory.toString());
        try (TestPair pair = new TestPair(root).withTimeoutMs(TIMEOUT_MS).withArbiter(directory).startProtected("a"))
        {
            pair.load();
            Commands.run("fsfreeze", "--freeze", directory.toString()).assertSuccess();
            try
            {
                pair.kill("b");
                final PairStatus status = pair.await("a says that it waits",
                    it -> String.valueOf(it.nodes().get("a").trouble()).startsWith(
                        "waits for the arbiter: the arbiter has not answered for 1000 ms"));
                assertThat(status.isProtected()).isFalse();
                assertThat(status.toText()).contains("waits for the arbiter").doesNotContain("runs alone");
                pair.awaitLog("a", "the arbiter has not answered for 1000 ms");
                pair.awaitLog("a", "; outputs are held meanwhile");
            }
            finally
            {
                // Nor can a process end that is in the middle of a write.
                Commands.run("fsfreeze", "--unfreeze", directory.toString()).assertSuccess();
            }
            pair.await("a goes on alone", it -> it.nodes().get("a").solo() && it.nodes().get("a").trouble() == null);
            pair.awaitReplies(200);
            pair.assertNothingLost();
        }
        finally
        {
            Commands.run("umount", "-l", directory.toString()).assertSuccess();
        }
    }

    @Test
    void nodeThatIsConfiguredDifferentlyIsRefusedInOneLine() throws Exception
    {
        try (TestPair pair = new TestPair(root))
        {
            pair.withConfigOf("b", config -> config.replace("guest: 6379", "guest: 6380"));
            pair.start("a");
            pair.await("a is primary", it -> "a".equals(it.primary()));
            pair.start("b");
            assertThat(pair.awaitExit("b")).isEqualTo(1);
            assertThat(pair.log("b").lines()).hasSize(1);
            assertThat(pair.log("b")).contains("halted: a refuses this node as its backup: forwards is ")
                .contains(":6379 on node a and ").contains(":6380 on node b: give both the same");
            pair.awaitLog("a", "refuses b as its backup: forwards is ");
            assertThat(pair.arbitrated()).isEqualTo(1);
        }
    }
}
