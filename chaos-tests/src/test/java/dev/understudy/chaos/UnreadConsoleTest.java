package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A guest that prints more than anything keeps, and nodes whose standard output and standard error are pipes that nobody reads. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class UnreadConsoleTest
{
    private static final String SETTINGS = """
        initrd: %s
        append: console=hvc0 quiet understudy.run="seq 1 300000; sleep 100000"
        """.formatted(LinuxGuest.INITRD);

    @TempDir
    private Path root;

    @Test
    void aNodeNeitherWaitsForItsConsoleNorDiesOfIt() throws Exception
    {
        LinuxGuest.need();
        // Nobody falls silent here: a machine that is busy must not look like it.
        try (TestPair pair = new TestPair(root).withTimeoutMs(2_000).withUnreadOutput()
            .withGuest(LinuxGuest.KERNEL, SETTINGS).startProtected("a"))
        {
            pair.await("the console is lost", status -> status.nodes().get("a").lostConsoleBytes() > 0);
            pair.load();
            pair.closeOutput("a");
            pair.closeOutput("b");
            pair.awaitReplies(200);
            assertThat(pair.primary()).isEqualTo("a");

            // Who takes over prints the last of the console once more.
            pair.kill("a");
            pair.awaitReplies(200);
            pair.await("it cannot print either", status -> status.nodes().get("b").lostConsoleBytes() > 0);
            assertThat(pair.status().toText()).contains("bytes of its console lost");
            pair.assertNothingLost();
        }
    }
}
