package dev.understudy.hypervisor.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalOptions;
import dev.understudy.journal.JournalScan;
import dev.understudy.journal.JournalWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest
{
    private static final String HELLO = "../guests/tests/hello.elf";
    private static final String CRASH = "../guests/tests/crash.elf";
    private static final String TIMER = "../guests/tests/timer.elf";
    private static final String BLOCK = "../guests/tests/block.elf";
    private static final String ROUNDS = "../guests/tests/block_rounds.elf";

    private final InputStream standardIn = System.in;
    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path temp;

    @BeforeEach
    void capture()
    {
        // Surefire talks to this process through its standard input: a guest's console would take its words.
        System.setIn(InputStream.nullInputStream());
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void release()
    {
        System.setIn(standardIn);
        System.setOut(standardOut);
        System.setErr(standardErr);
    }

    @Test
    void shutdownEndsWithStatus0AndFailureWith1()
    {
        assertThat(Understudy.execute("run", "--kernel", HELLO)).isZero();
        assertThat(Understudy.execute("run", "--kernel", CRASH)).isEqualTo(1);
    }

    @Test
    void recordingReplaysAndVerifies()
    {
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).as(err::toString).isZero();
        assertThat(Understudy.execute("replay", journal, "--format", "json")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"outcome\":\"SHUTDOWN\"").contains("\"digest\":\"");
        assertThat(Understudy.execute("verify", journal)).isZero();
        assertThat(Understudy.execute("journal", journal)).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("GENESIS").contains("CLOSED");
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(journal);
    }

    @Test
    void aRecordingThatCannotBeginLeavesNoJournal() throws IOException
    {
        final String journal = temp.resolve("journal").toString();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress()))
        {
            assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO,
                "--forward", "127.0.0.1:" + taken.getLocalPort() + ":1")).isEqualTo(1);
        }
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("cannot listen on TCP port");
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).as(err::toString).isZero();
    }

    @Test
    void replayStopsAtAPositionAndGivesDigestsOnItsWay() throws IOException
    {
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).as(err::toString).isZero();
        final JsonNode whole = json(0, "replay", journal);
        final long end = whole.get("position").longValue();
        final long middle = end / 2;
        final long distance = end / 9;

        final JsonNode part = json(0, "replay", journal, "--until-position", Long.toString(middle),
            "--digest-every", Long.toString(distance));

        assertThat(part.get("outcome").textValue()).isEqualTo("LIMIT");
        assertThat(part.get("position").longValue()).isEqualTo(middle);
        assertThat(part.get("entries").longValue()).isBetween(1L, whole.get("entries").longValue() - 1);
        assertThat(part.get("digests").findValues("position")).extracting(JsonNode::longValue)
            .containsExactly(distance, 2 * distance, 3 * distance, 4 * distance);
        // What a digest on the way says is what one at the end of a replay to there says.
        final JsonNode shorter = json(0, "replay", journal, "--until-position", Long.toString(3 * distance));
        assertThat(part.at("/digests/2/digest").textValue()).isEqualTo(shorter.get("digest").textValue());
        assertThat(part.get("digest").textValue()).isNotEqualTo(shorter.get("digest").textValue());

        assertThat(Understudy.execute("replay", journal, "--until-position", Long.toString(middle),
            "--digest-every", Long.toString(distance))).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8))
            .contains(String.format(Locale.ROOT,
                "digest at position %,d: %s", 3 * distance, shorter.get("digest").textValue()))
            .contains(String.format(Locale.ROOT,
                "to position %,d: LIMIT, digest %s", middle, part.get("digest").textValue()));
    }

    @Test
    void resultsForMachinesHaveTheKeysThatScriptsRead() throws IOException
    {
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).as(err::toString).isZero();
        final JsonNode replay = json(0, "replay", journal);
        final JsonNode verify = json(0, "verify", journal);

        assertThat(replay.fieldNames()).toIterable().containsExactly(
            "outcome", "entries", "position", "digest", "digestsCompared", "outputsCompared", "tornTail");
        assertThat(replay.get("outcome").textValue()).isEqualTo("SHUTDOWN");
        assertThat(replay.get("entries").longValue()).isGreaterThan(1);
        assertThat(replay.get("position").longValue()).isPositive();
        assertThat(verify.fieldNames()).toIterable().containsExactly(
            "intact", "first", "entries", "position", "bytes", "diskBytes", "chain", "outcome", "tornTail", "damage");
        assertThat(verify.get("intact").booleanValue()).isTrue();
        assertThat(verify.get("damage").isNull()).isTrue();
        for (final String key : List.of("outcome", "entries", "position"))
        {
            assertThat(verify.get(key)).isEqualTo(replay.get(key));
        }
    }

    @Test
    void aJournalWhoseBeginningWasRemovedSaysWhereItBegins() throws IOException
    {
        final Path journal = temp.resolve("journal");
        final Genesis genesis =
            new Genesis("guest", 64 << 20, 3, HELLO, new byte[32], null, null, "", new byte[32], 1, 0);
        final long first;
        try (JournalWriter writer = JournalWriter.create(
            journal, genesis, JournalOptions.defaults().rollingAt(JournalOptions.MIN_FILE_BYTES)))
        {
            final UnsafeBuffer data = new UnsafeBuffer(new byte[60_000]);
            final Random random = new Random(1);
            for (int i = 1; i < 40; i++)
            {
                random.nextBytes(data.byteArray());
                writer.append(new EntryEncoder().vsockPacket(i, i, i, data, 0, data.capacity()));
            }
            writer.removeBefore(30);
            first = writer.base().firstSequence();
        }
        assertThat(first).isPositive();

        assertThat(json(0, "verify", journal.toString()).get("first").longValue()).isEqualTo(first);
        assertThat(Understudy.execute("verify", journal.toString())).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains((40 - first) + " entries from entry " + first + " on");
        assertThat(Understudy.execute("journal", journal.toString(), "--count", "1")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8).lines().reduce((one, next) -> next).orElseThrow().strip())
            .startsWith(Long.toString(first));
        assertThat(Understudy.execute("replay", journal.toString())).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("begins with entry " + first);
    }

    /** A replay of it has no result: the error alone is said. */
    @Test
    void damagedJournalEndsWithStatus1AndWhereItIs() throws IOException
    {
        final Path journal = temp.resolve("journal");
        assertThat(Understudy.execute("record", "--journal", journal.toString(), "--kernel", TIMER))
            .as(err::toString).isZero();
        assertThat(json(0, "verify", journal.toString()).get("entries").longValue())
            .as("entries, of which the last passes for one that was never finished").isGreaterThan(2);
        final Path file = changeABitOfEntry1(journal);

        final JsonNode verify = json(1, "verify", journal.toString());
        assertThat(verify.get("intact").booleanValue()).isFalse();
        assertThat(verify.get("damage").textValue()).contains(file.toString()).contains("entry 1");
        assertThat(Understudy.execute("replay", journal.toString(), "--format", "json")).isEqualTo(1);
        assertThat(out.size()).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("understudy: ").contains("entry 1");
    }

    private static Path changeABitOfEntry1(final Path journal) throws IOException
    {
        final Path file;
        try (Stream<Path> files = Files.walk(journal))
        {
            file = files.filter(it -> it.toString().endsWith(".cq4")).findFirst().orElseThrow();
        }
        final ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        try (JournalScan scan = JournalScan.open(journal))
        {
            scan.next();
            scan.next();
            int place = 0;
            while (content.getLong(place) != scan.entry().chainHigh())
            {
                place++;
            }
            content.put(place, (byte)(content.get(place) ^ 1));
        }
        return Files.write(file, content.array());
    }

    /** Runs a command and reads what it gives to machines. */
    private JsonNode json(final int status, final String... arguments) throws IOException
    {
        out.reset();
        final String[] all = Arrays.copyOf(arguments, arguments.length + 2);
        all[arguments.length] = "--format";
        all[arguments.length + 1] = "json";
        assertThat(Understudy.execute(all)).as(err::toString).isEqualTo(status);
        final JsonNode result = new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
        out.reset();
        return result;
    }

    @Test
    void changedKernelIsRefusedByName()
    {
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO)).as(err::toString).isZero();
        assertThat(Understudy.execute("replay", journal, "--kernel", CRASH)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("kernel").contains("crash.elf").contains("SHA-256");
    }

    @Test
    void recordingWithADriveReplaysFromTheImageAndLeavesItAsItWas() throws IOException
    {
        final Path image = image();
        final byte[] content = Files.readAllBytes(image);
        final String journal = temp.resolve("journal").toString();
        final Path overlay = temp.resolve("disk.overlay");
        final String drive = "file=" + image + ",serial=understudy-test,overlay=" + overlay;
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", BLOCK, "--drive", drive))
            .as(err::toString).isZero();
        assertThat(Understudy.execute("replay", journal, "--format", "json")).as(err::toString).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("\"outcome\":\"SHUTDOWN\"");
        final Path moved = Files.move(image, temp.resolve("moved.img"));
        assertThat(Understudy.execute("replay", journal)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("disk.img: no such file");
        assertThat(Understudy.execute("replay", journal, "--drive", "file=" + moved)).as(err::toString).isZero();
        assertThat(Files.readAllBytes(moved)).isEqualTo(content);
        // What was recorded can be gone on with, unrecorded.
        final String again = "file=" + moved + ",serial=understudy-test,overlay=" + overlay;
        assertThat(Understudy.execute("run", "--kernel", BLOCK, "--drive", again)).as(err::toString).isZero();
        assertThat(Files.readAllBytes(moved)).isEqualTo(content);
    }

    @Test
    void changedImageIsRefusedByName() throws IOException
    {
        final Path image = image();
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", BLOCK, "--drive",
            "file=" + image + ",serial=understudy-test,overlay=" + temp.resolve("o"))).as(err::toString).isZero();
        final byte[] changed = Files.readAllBytes(image);
        changed[changed.length - 1]++;
        Files.write(image, changed);
        assertThat(Understudy.execute("replay", journal)).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(image.toString()).contains("SHA-256");
    }

    @Test
    void recordingRefusesAnImageThatItWouldChange() throws IOException
    {
        final Path image = image();
        final Path journal = temp.resolve("journal");
        assertThat(Understudy.execute("record", "--journal", journal.toString(), "--kernel", BLOCK, "--drive",
            "file=" + image)).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("overlay=FILE").contains("readonly=on");
        final Path overlay = Files.write(temp.resolve("o"), new byte[1]);
        assertThat(Understudy.execute("record", "--journal", journal.toString(), "--kernel", BLOCK, "--drive",
            "file=" + image + ",overlay=" + overlay)).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("exists");
        assertThat(journal).doesNotExist();
    }

    @Test
    void runWithoutAnOverlayWritesTheImageUnlessItIsReadOnly() throws IOException
    {
        final Path image = image();
        final byte[] content = Files.readAllBytes(image);
        assertThat(Understudy.execute("run", "--kernel", ROUNDS, "--drive", "file=" + image + ",readonly=on"))
            .isEqualTo(1);
        assertThat(Files.readAllBytes(image)).isEqualTo(content);
        assertThat(Understudy.execute("run", "--kernel", ROUNDS, "--drive", "file=" + image)).as(err::toString).isZero();
        assertThat(Files.readAllBytes(image)).isNotEqualTo(content);
    }

    private Path image() throws IOException
    {
        final byte[] content = new byte[1 << 20];
        final byte[] text = "a text that was there before".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, content, 7 * 512, text.length);
        return Files.write(temp.resolve("disk.img"), content);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "run --kernel " + BLOCK + " --drive disk.img", "run --kernel " + BLOCK + " --drive file=none.img",
        "run --kernel " + BLOCK + " --drive file=" + BLOCK + ",cache=none",
        "run --kernel " + BLOCK + " --drive file=" + BLOCK + ",readonly=1", "replay x --drive file=y,readonly=on",
        "", "fly", "run", "run --kernel none.elf", "run --kernel " + HELLO + " --memory 1M",
        "run --kernel " + HELLO + " --netdev tap", "run --kernel " + HELLO + " --netdev tap,ifname=none/0",
        "run --kernel " + HELLO + " --netdev stream,path=a,addr=127.0.0.1:1",
        "run --kernel " + HELLO + " --forward x", "run --kernel " + HELLO + " --balloon 64M", "demo --guest bsd",
        "replay", "serve --config none.yaml --node a", "replay x --format xml",
        "record --journal none --kernel " + HELLO + " --journal-max 1K"})
    void wrongUsageEndsWithStatus2AndNoStackTrace(final String arguments)
    {
        assertThat(Understudy.execute(arguments.isEmpty() ? new String[0] : arguments.split(" "))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("understudy: ").doesNotContain("\tat ");
    }

    @Test
    void memoryThatDoesNotFitTheHeapIsOneLine()
    {
        // The JVM of this test has 2 GiB, for itself as well.
        final String journal = temp.resolve("journal").toString();
        assertThat(Understudy.execute("record", "--journal", journal, "--kernel", HELLO, "--memory", "2047M"))
            .isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).singleElement().asString()
            .startsWith("understudy: a guest with 2047 MiB of RAM does not fit").contains("UNDERSTUDY_JAVA_OPTS=-Xmx2");
        assertThat(temp.resolve("journal")).doesNotExist();
    }

    @Test
    void forwardFromAHostThatIsNotThereIsOneLine()
    {
        assertThat(Understudy.execute("run", "--kernel", HELLO, "--forward", "nohost.invalid:7000:6379")).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).singleElement().asString()
            .startsWith("understudy: cannot listen on TCP port 7000 of nohost.invalid: there is no such host");
    }

    @Test
    void nodeThatIsNotInTheConfigurationIsRefusedWithFileAndKey() throws IOException
    {
        final Path config = Files.writeString(temp.resolve("vm.yaml"), """
            name: kv
            kernel: %s
            memory: 64M
            forwards: []
            arbiter: { directory: arbiter }
            heartbeat: { intervalMs: 20, timeoutMs: 200 }
            nodes:
              a: { address: "127.0.0.1:40100", data: a }
              b: { address: "127.0.0.1:40200", data: b }
            """.formatted(Path.of(HELLO).toAbsolutePath()));
        assertThat(Understudy.execute("serve", "--config", config.toString(), "--node", "c")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).singleElement().asString()
            .startsWith("understudy: " + config + ": nodes: there is no node \"c\"").endsWith("one of a, b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "record", "replay", "journal", "verify", "serve", "status", "demo", "simulate"})
    void everyCommandHasHelpWithAnExample(final String command)
    {
        assertThat(Understudy.execute(command, "--help")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("Example").contains("understudy " + command);
    }
}
