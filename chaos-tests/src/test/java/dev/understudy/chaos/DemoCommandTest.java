package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.understudy.chaos.process.UnderstudyProcess;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The demo as a user starts it; but with the small guest. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class DemoCommandTest
{
    private static final long TIMEOUT_MS = 180_000;
    private static final long POLL_MS = 20;

    @TempDir
    private Path root;

    /** Where the demo puts its files. */
    private Path temp;
    private UnderstudyProcess demo;
    private List<Path> linksBefore;

    @BeforeEach
    void prepare() throws IOException
    {
        temp = Files.createDirectory(root.resolve("it's #1: temp"));
        linksBefore = linksOfTheDead();
    }

    @AfterEach
    void killAll()
    {
        processes().forEach(ProcessHandle::destroyForcibly);
    }

    @Test
    void resultInJsonTellsOfKillsAndThatNothingWasLost() throws Exception
    {
        start(Path.of(".."), "--kills", "1", "--seconds", "2", "--format", "json");

        assertThat(demo.awaitExit(TIMEOUT_MS)).as(log()).isZero();

        final JsonNode result = new ObjectMapper().readTree(
            log().lines().filter(line -> line.startsWith("{")).findFirst().orElseThrow());
        assertThat(result.fieldNames()).toIterable().containsExactly("guest", "kills", "acknowledgedRequests",
            "lostWrites", "wrongReads", "bootMs", "failoverMs", "failoverMsMedian", "failoverMsWorst", "protectedAgainMs",
            "journalBytes", "digestsCompared", "problem");
        assertThat(result.get("guest").asText()).isEqualTo("kv");
        assertThat(result.get("kills").asInt()).isEqualTo(1);
        assertThat(result.get("failoverMs")).hasSize(1);
        assertThat(result.get("acknowledgedRequests").asLong()).isPositive();
        assertThat(result.get("lostWrites").asLong(-1)).isZero();
        assertThat(result.get("wrongReads").asLong(-1)).isZero();
        assertThat(result.get("digestsCompared").asLong()).isPositive();
        assertThat(result.get("problem").isNull()).isTrue();
        assertNothingIsLeft();
    }

    @Test
    void portInUseIsOneLine() throws Exception
    {
        try (ServerSocket other = new ServerSocket(FreePort.next()))
        {
            final int port = other.getLocalPort();
            start(Path.of(".."), "--port", Integer.toString(port));

            assertThat(demo.awaitExit(TIMEOUT_MS)).as(log()).isEqualTo(1);

            assertThat(log().lines()).containsExactly(
                "understudy: TCP port " + port + " is in use: name another with --port");
            assertNothingIsLeft();
        }
    }

    @Test
    void missingKernelIsOneLine() throws Exception
    {
        start(root);

        assertThat(demo.awaitExit(TIMEOUT_MS)).as(log()).isEqualTo(1);

        assertThat(log().lines()).singleElement().asString()
            .startsWith("understudy: the demo's guest " + root.resolve("guests/kv/kv.elf") + " is missing");
        assertNothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(strings = {"starts a pair", "clients write and read", "kill 1 of 1"})
    void signalLeavesNoProcessAndNoFile(final String moment) throws Exception
    {
        start(Path.of(".."), "--seconds", "1");
        awaitLog(moment);

        Commands.run("kill", "-TERM", Long.toString(demo.pid())).assertSuccess();

        assertThat(demo.awaitExit(TIMEOUT_MS)).as(log()).isEqualTo(128 + 15);
        assertNothingIsLeft();
    }

    private void start(final Path home, final String... options) throws IOException
    {
        final List<String> arguments = new ArrayList<>(List.of("demo", "--guest", "kv"));
        arguments.addAll(List.of(options));
        demo = new UnderstudyProcess(root.resolve("log"), arguments.toArray(String[]::new));
        final List<String> jvmOptions = new ArrayList<>(Commands.JVM_OPTIONS);
        jvmOptions.add("-Dunderstudy.home=" + home.toAbsolutePath().normalize());
        jvmOptions.add("-Djava.io.tmpdir=" + temp);
        demo.start(jvmOptions.toArray(String[]::new));
    }

    private String log() throws IOException
    {
        return Files.readString(demo.log());
    }

    private void awaitLog(final String text) throws IOException, InterruptedException
    {
        final long endNs = System.nanoTime() + TIMEOUT_MS * 1_000_000;
        while (!log().contains(text))
        {
            assertThat(demo.isAlive() && System.nanoTime() - endNs < 0).as(log()).isTrue();
            Thread.sleep(POLL_MS);
        }
    }

    private void assertNothingIsLeft() throws IOException
    {
        assertThat(processes()).isEmpty();
        assertThat(linksOfTheDead()).isSubsetOf(linksBefore);
        try (Stream<Path> files = Files.list(temp))
        {
            assertThat(files).isEmpty();
        }
    }

    /** The demo and its nodes: all of them are told of the directory. */
    private List<ProcessHandle> processes()
    {
        return ProcessHandle.allProcesses().filter(it -> commandLine(it).contains(temp.toString())).toList();
    }

    private static String commandLine(final ProcessHandle process)
    {
        try
        {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
        }
        catch (final IOException e)
        {
            // It has ended meanwhile.
            return "";
        }
    }

    /** Buffers of links, which outlive a process that is killed. */
    private static List<Path> linksOfTheDead() throws IOException
    {
        try (Stream<Path> links = Files.list(Path.of("/dev/shm")))
        {
            return links.filter(it -> it.getFileName().toString().matches("understudy-demo[ab]-[0-9a-f]{16}\\.lock"))
                .filter(DemoCommandTest::isFree).toList();
        }
    }

    /** Whether no process holds a lock any more; one that is deleted meanwhile is none that was left. */
    private static boolean isFree(final Path lock)
    {
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE))
        {
            return channel.tryLock() != null;
        }
        catch (final IOException e)
        {
            return false;
        }
    }
}
