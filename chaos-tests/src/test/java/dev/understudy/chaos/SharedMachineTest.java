package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.linux.Processors;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes on one machine, by what the system says of their threads. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SharedMachineTest
{
    @TempDir
    private Path root;

    @Test
    void nodesOnOneMachineKeepApartAndTheirCompilersDoNot() throws Exception
    {
        final BitSet all = Processors.online();
        if (all.cardinality() < 2)
        {
            Needs.missing("there is one processor, and two nodes want one each");
        }
        try (TestPair pair = new TestPair(root).startProtected())
        {
            final BitSet a = processorsOf(pair, "a", "hart");
            final BitSet b = processorsOf(pair, "b", "hart");

            assertThat(a.intersects(b)).as("%s and %s", a, b).isFalse();
            a.or(b);
            assertThat(a).isEqualTo(all);
            assertThat(processorsOf(pair, "a", "C1 CompilerThre")).isEqualTo(all);
        }
    }

    @Test
    void configurationChoosesTheProcessorsOfANode() throws Exception
    {
        try (TestPair pair = new TestPair(root).withNodeSetting("cpus: \"0\"").startProtected())
        {
            assertThat(processorsOf(pair, "a", "hart")).hasToString("{0}");
            assertThat(processorsOf(pair, "b", "hart")).hasToString("{0}");
        }
    }

    @Test
    void processorsThatAreNotThereAreRefused() throws Exception
    {
        try (TestPair pair = new TestPair(root).withNodeSetting("cpus: \"9000-9001\""))
        {
            final Commands.Result refused = Commands.understudy(
                "serve", "--config", pair.config().toString(), "--node", "b").assertStatus(2).assertNoStackTrace();
            assertThat(refused.output()).contains("nodes.b.cpus: expected processors of this machine, ");
        }
    }

    /** Where the system lets the threads of this name run, which begins so. */
    private static BitSet processorsOf(final TestPair pair, final String node, final String name) throws IOException
    {
        final BitSet processors = new BitSet();
        try (DirectoryStream<Path> threads =
            Files.newDirectoryStream(Path.of("/proc", Long.toString(pair.status(node).pid()), "task")))
        {
            for (final Path thread : threads)
            {
                if (Files.readString(thread.resolve("comm")).startsWith(name))
                {
                    processors.or(Processors.allowed(thread.resolve("status")));
                }
            }
        }
        processors.and(Processors.online());
        return processors;
    }
}
