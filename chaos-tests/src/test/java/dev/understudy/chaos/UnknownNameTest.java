package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The nodes know each other's hosts by names, which not everybody knows at all times. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class UnknownNameTest
{
    @TempDir
    private Path root;

    @Test
    void nodeStartsWithoutItsPeersAddressAndFindsItLater() throws Exception
    {
        final Path hosts = Files.writeString(root.resolve("hosts"), "127.0.0.1 a.example\n");
        try (TestPair pair = new TestPair(root).withHostNames("%n.example")
            .withJvmOption("-Djdk.net.hosts.file=" + hosts).withJvmOption("-Dsun.net.inetaddr.negative.ttl=0"))
        {
            pair.start("a");
            pair.awaitLog("a", "the address of b, b.example, cannot be found; goes on without it");
            pair.await("a is primary", it -> "a".equals(it.primary()));

            Files.writeString(hosts, "127.0.0.1 a.example b.example\n");
            pair.start("b");
            pair.awaitProtected();
            pair.load();

            // Nobody knows any name any more, and the peer is dead.
            Files.writeString(hosts, "");
            pair.kill("b");
            pair.await("a goes on alone", it -> it.nodes().get("a").solo());
            pair.awaitReplies(300);
            pair.assertNothingLost();
            assertThat(pair.log("a")).containsOnlyOnce("goes on without it");
        }
    }
}
