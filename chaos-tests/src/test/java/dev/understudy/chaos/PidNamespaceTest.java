package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two pairs of one name in containers that share {@code /dev/shm}, and whose processes have the same numbers. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class PidNamespaceTest
{
    private static final String[] CONTAINER = {"unshare", "--pid", "--fork", "--mount-proc", "--kill-child"};

    @TempDir
    private Path root;

    @Test
    void pairsOfOneNameShareAndDeleteNoBuffers() throws Exception
    {
        Needs.program("unshare", "util-linux");
        final Commands.Result result = Commands.run("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "true");
        if (result.status() != 0)
        {
            Needs.missing("PID namespaces are not possible here, which need root: " + result.output());
        }
        try (TestPair one = pair("one"); TestPair other = pair("other"))
        {
            one.start("a");
            one.await("a is primary", it -> "a".equals(it.primary()));
            other.start("a");
            other.await("a is primary", it -> "a".equals(it.primary()));
            assertThat(one.status("a").pid()).isEqualTo(other.status("a").pid());

            one.start("b");
            one.awaitProtected();
            one.load();
            one.assertNothingLost();
            assertThat(other.isAlive("a")).isTrue();
        }
    }

    private TestPair pair(final String name) throws Exception
    {
        return new TestPair(Files.createDirectory(root.resolve(name))).withLauncher(CONTAINER);
    }
}
