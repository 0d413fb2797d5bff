package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class PausedNodeTest
{
    @TempDir
    private Path root;

    @Test
    void primaryThatSleptThroughItsReplacementReleasesNothingAndHalts() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String old = pair.primary();
            final String next = TestPair.peerOf(old);
            pair.load();
            try (Socket socket = new Socket(pair.service(old).getAddress(), pair.service(old).getPort()))
            {
                socket.setSoTimeout((int)TestPair.TIMEOUT.toMillis());
                request(socket, "INCR before\r\n");
                assertThat(socket.getInputStream().readNBytes(4)).asString(StandardCharsets.US_ASCII)
                    .isEqualTo(":1\r\n");

                pair.signal(old, "STOP");
                request(socket, "INCR during\r\n");
                pair.await("the backup takes over", it -> next.equals(it.primary()));
                pair.awaitReplies(500);
                pair.signal(old, "CONT");

                assertThat(readToEnd(socket)).isEmpty();
            }
            assertThat(pair.awaitExit(old)).isEqualTo(1);
            final long generation = pair.status().generation();
            assertThat(pair.log(old)).contains("halted: generation " + generation + " was granted to " + next);
            assertThat(pair.primary()).isEqualTo(next);

            pair.start(old);
            pair.awaitProtected();
            pair.awaitReplies(100);
            pair.assertNothingLost();
            pair.replayJournals();
        }
    }

    @Test
    void backupThatSleptIsReplacedByNobodyAndJoinsAgain() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            final long generation = pair.status().generation();
            pair.load();

            pair.signal(backup, "STOP");
            pair.await("the primary goes on alone", it -> it.nodes().get(primary).solo());
            pair.awaitReplies(500);
            pair.signal(backup, "CONT");

            pair.awaitProtected();
            assertThat(pair.isAlive(backup)).isTrue();
            assertThat(pair.primary()).isEqualTo(primary);
            assertThat(pair.status().generation()).isEqualTo(generation + 1);
            pair.awaitReplies(200);

            pair.kill(primary);
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            pair.awaitReplies(100);
            pair.assertNothingLost();
        }
    }

    @Test
    void noReplyLeavesWhileTheBackupSleepsAndNobodyGrantsAGeneration() throws Exception
    {
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final String primary = pair.primary();
            final String backup = TestPair.peerOf(primary);
            pair.load();
            final Path away = Files.move(pair.arbiter(), root.resolve("away"));
            pair.signal(backup, "STOP");
            // What the backup had acknowledged still arrives.
            pair.awaitLog(primary, "the arbiter cannot be reached");
            final long replies = pair.replies();
            Thread.sleep(500);
            assertThat(pair.replies()).isEqualTo(replies);
            assertThat(pair.status(primary).role()).isEqualTo("primary");

            pair.kill(primary);
            pair.signal(backup, "CONT");
            Files.move(away, pair.arbiter());
            pair.await("the backup takes over", it -> backup.equals(it.primary()));
            pair.awaitReplies(100);
            pair.assertNothingLost();
        }
    }

    private static void request(final Socket socket, final String inline) throws IOException
    {
        socket.getOutputStream().write(inline.getBytes(StandardCharsets.US_ASCII));
    }

    /** What still comes before the connection ends, one way or the other. */
    private static String readToEnd(final Socket socket) throws IOException
    {
        try
        {
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
        catch (final SocketException e)
        {
            return "";
        }
    }
}
