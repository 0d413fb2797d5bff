package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.hypervisor.demo.RespConnection;
import dev.understudy.hypervisor.demo.UnderstudyProcess;
import dev.understudy.journal.JournalScan;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the command line says of a recording that was killed and whose files were changed. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DamagedJournalTest
{
    /** Chronicle's word before each entry: its length, and a bit while it is being written. */
    private static final int WORD_BYTES = 4;
    private static final int BEING_WRITTEN = 0x8000_0000;

    /** Where a packed entry has its version, and where its number and its hash, one behind the other; see events.xml. */
    private static final int VERSION_OFFSET = 2;
    private static final int SEQUENCE_OFFSET = 4;
    private static final byte NEWER_VERSION = 3;

    @TempDir
    private static Path recordings;

    /** Of the key-value guest with a client, killed. */
    private static Path killed;

    @TempDir
    private Path root;
    private Path journal;
    private Path file;
    private List<Entry> entries;

    /** One entry as it lies in its file. */
    private record Entry(int place, long position, int length)
    {
    }

    @BeforeAll
    static void record() throws Exception
    {
        killed = recordings.resolve("kv");
        final InetSocketAddress service = new InetSocketAddress("127.0.0.1", FreePort.next());
        final UnderstudyProcess process = new UnderstudyProcess(recordings.resolve("log"), "record",
            "--journal", killed.toString(), "--kernel", TestPair.KV.toString(),
            "--forward", "127.0.0.1:" + service.getPort() + ":6379");
        process.start(Commands.JVM_OPTIONS.toArray(String[]::new));
        try
        {
            Services.await(service, process);
            try (RespConnection connection = new RespConnection(service))
            {
                for (int i = 0; i < 200; i++)
                {
                    connection.request("SET", "key" + i, "value" + i);
                }
            }
        }
        finally
        {
            process.kill();
        }
    }

    @BeforeEach
    void copy() throws Exception
    {
        journal = root.resolve("kv");
        try (Stream<Path> files = Files.walk(killed))
        {
            for (final Path path : files.toList())
            {
                Files.copy(path, journal.resolve(killed.relativize(path).toString()));
            }
        }
        try (Stream<Path> files = Files.walk(journal))
        {
            file = files.filter(it -> it.toString().endsWith(".cq4")).findFirst().orElseThrow();
        }
        entries = find();
    }

    @Test
    void tornTailIsReportedAndWhatIsBeforeItReplays() throws Exception
    {
        Commands.understudy("verify", journal.toString()).assertSuccess();
        final Entry last = entries.getLast();
        final byte[] torn = {1, 2, 3, 4, 5, 6, 7, 8};
        write(after(last), ByteBuffer.allocate(WORD_BYTES + torn.length).order(ByteOrder.LITTLE_ENDIAN)
            .putInt(BEING_WRITTEN | 100).put(torn));
        final String what = "12 bytes behind entry " + (entries.size() - 1);

        final Commands.Result verify = Commands.understudy("verify", journal.toString()).assertSuccess();
        assertThat(verify.output()).contains("%,d entries".formatted(entries.size()))
            .contains("not ended in order").contains(what).contains(file.toString());
        final Commands.Result replay = Commands.understudy("replay", journal.toString()).assertSuccess();
        assertThat(replay.output()).contains("replayed %,d entries".formatted(entries.size()))
            .contains(what).contains(file.toString());
    }

    @Test
    void changedBitInTheMiddleIsNamedAndNothingBehindItIsReplayed() throws Exception
    {
        final int middle = entries.size() / 2;
        final Entry entry = entries.get(middle);
        final int place = entry.place() + entry.length() - 1;
        write(place, ByteBuffer.wrap(new byte[] {(byte)(Files.readAllBytes(file)[place] ^ 4)}));

        for (final String command : List.of("verify", "replay"))
        {
            final Commands.Result result = Commands.understudy(command, journal.toString())
                .assertStatus(1).assertNoStackTrace();
            assertThat(result.output()).contains("understudy: ").contains(file.toString())
                .contains("entry " + middle).contains("--until-entry " + (middle - 1))
                .contains("position %,d".formatted(entries.get(middle - 1).position()))
                .doesNotContain("replayed ");
        }
        Commands.understudy("replay", journal.toString(), "--until-entry", Integer.toString(middle - 1))
            .assertSuccess();
    }

    @Test
    void journalOfANewerReleaseIsRefused() throws Exception
    {
        write(entries.getFirst().place() + VERSION_OFFSET, ByteBuffer.wrap(new byte[] {NEWER_VERSION}));

        for (final String command : List.of("verify", "replay", "journal"))
        {
            final Commands.Result result = Commands.understudy(command, journal.toString())
                .assertStatus(1).assertNoStackTrace();
            assertThat(result.output()).contains("understudy: ").contains(file.toString()).contains("version " + NEWER_VERSION)
                .contains("release");
        }
    }

    /** Finds the journal's entries in its only file that has any. */
    private List<Entry> find() throws IOException
    {
        final byte[] content = Files.readAllBytes(file);
        final List<Entry> found = new ArrayList<>();
        int from = 0;
        try (JournalScan scan = JournalScan.open(journal))
        {
            while (scan.next())
            {
                final byte[] wanted = ByteBuffer.allocate(3 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(scan.entry().sequence()).putLong(scan.entry().chainHigh()).putLong(scan.entry().chainLow())
                    .array();
                final int place = indexOf(content, wanted, from) - SEQUENCE_OFFSET;
                final int length =
                    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).getInt(place - WORD_BYTES);
                found.add(new Entry(place, scan.entry().position(), length));
                from = place + length;
            }
        }
        assertThat(found).hasSizeGreaterThan(200);
        return found;
    }

    private static int indexOf(final byte[] content, final byte[] wanted, final int from)
    {
        for (int i = from; i <= content.length - wanted.length; i++)
        {
            if (Arrays.equals(content, i, i + wanted.length, wanted, 0, wanted.length))
            {
                return i;
            }
        }
        throw new AssertionError("an entry is not in the file");
    }

    /** Where the word of the entry after this one goes. */
    private static long after(final Entry entry)
    {
        return entry.place() + entry.length() + WORD_BYTES - 1 & -WORD_BYTES;
    }

    private void write(final long place, final ByteBuffer bytes) throws IOException
    {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE))
        {
            bytes.rewind();
            channel.write(bytes, place);
        }
    }
}
