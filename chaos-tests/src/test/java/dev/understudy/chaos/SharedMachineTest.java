package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.linux.Processors;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
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
            final BitSet a = awaitHalf(pair, "a", half -> half.cardinality() < all.cardinality());
            a.flip(0, all.length());
            a.and(all);
            awaitHalf(pair, "b", a::equals);
            assertThat(processorsOf(pair, "a", "C1 CompilerThre")).isEqualTo(all);
        }
    }

    /** The backup's processors are mostly idle meanwhile. */
    @Test
    void nodesChangeHalvesWhenOthersFillThePrimarys() throws Exception
    {
        Needs.program("taskset", "util-linux");
        Needs.program("redis-benchmark", "redis-tools");
        if (Processors.online().cardinality() < 2)
        {
            Needs.missing("there is one processor, and two nodes want one each");
        }
        final List<Process> others = new ArrayList<>();
        try (TestPair pair = new TestPair(root).withTimeoutMs(1_500).startProtected("a"))
        {
            pair.awaitService("a");
            final BitSet before = processorsOf(pair, "a", "hart");
            final String service = Integer.toString(pair.service("a").getPort());
            final String everything = before.stream().mapToObj(Integer::toString).collect(Collectors.joining(","));
            others.add(start(everything, "redis-benchmark", "-p", service, "-t", "set", "-n", "100000000", "-c", "20", "-q"));
            for (final int processor : before.stream().toArray())
            {
                others.add(start(Integer.toString(processor), "sh", "-c", "while :; do :; done"));
            }

            awaitHalf(pair, "a", half -> !half.intersects(before));
            awaitHalf(pair, "b", before::equals);
            pair.awaitProtected();
        }
        finally
        {
            others.forEach(Process::destroyForcibly);
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

    private static Process start(final String processors, final String... command) throws IOException
    {
        final List<String> words = new ArrayList<>(List.of("taskset", "-c", processors));
        words.addAll(List.of(command));
        return new ProcessBuilder(words)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    }

    /** Waits until the processors of a node's hart are as wanted: they change while the machine is busy. */
    private static BitSet awaitHalf(final TestPair pair, final String node, final Predicate<BitSet> wanted)
        throws Exception
    {
        final long endNs = System.nanoTime() + TestPair.TIMEOUT.toNanos();
        BitSet half = processorsOf(pair, node, "hart");
        while (!wanted.test(half))
        {
            assertThat(System.nanoTime() - endNs).as("%s of node %s", half, node).isNegative();
            Thread.sleep(20);
            half = processorsOf(pair, node, "hart");
        }
        return half;
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
