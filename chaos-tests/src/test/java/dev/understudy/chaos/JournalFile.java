package dev.understudy.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.understudy.journal.JournalScan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The one file that holds the entries of a journal which nobody writes, to be damaged. */
final class JournalFile
{
    /** A version of the format that is long to come. */
    static final byte NEWER_VERSION = 100;

    /** Chronicle's word before each entry: its length, and a bit while it is being written. */
    private static final int WORD_BYTES = 4;
    private static final int BEING_WRITTEN = 0x8000_0000;

    /** Where a packed entry has its version, and where its number and its hash, one behind the other; see events.xml. */
    private static final int VERSION_OFFSET = 2;
    private static final int SEQUENCE_OFFSET = 4;

    private final Path path;
    private final List<Entry> entries = new ArrayList<>();

    /** One entry as it lies in its file. */
    record Entry(int place, long position, int length)
    {
    }

    JournalFile(final Path journal) throws IOException
    {
        try (Stream<Path> files = Files.walk(journal))
        {
            path = files.filter(it -> it.toString().endsWith(".cq4")).findFirst().orElseThrow();
        }
        final byte[] content = Files.readAllBytes(path);
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
                entries.add(new Entry(place, scan.entry().position(), length));
                from = place + length;
            }
        }
        assertThat(entries).hasSizeGreaterThan(200);
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

    Path path()
    {
        return path;
    }

    List<Entry> entries()
    {
        return entries;
    }

    /** Begins an entry behind the last one, as a writer does that dies over it; what is said of that. */
    String tear() throws IOException
    {
        final Entry last = entries.getLast();
        final byte[] torn = {1, 2, 3, 4, 5, 6, 7, 8};
        write(last.place() + last.length() + WORD_BYTES - 1 & -WORD_BYTES,
            ByteBuffer.allocate(WORD_BYTES + torn.length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(BEING_WRITTEN | 100).put(torn));
        return "12 bytes behind entry " + (entries.size() - 1);
    }

    /** Changes a bit of an entry. */
    void flipBit(final int entry) throws IOException
    {
        final int place = entries.get(entry).place() + entries.get(entry).length() - 1;
        write(place, ByteBuffer.wrap(new byte[] {(byte)(Files.readAllBytes(path)[place] ^ 4)}));
    }

    /** Makes it a journal of a newer release. */
    void makeNewer() throws IOException
    {
        write(entries.getFirst().place() + VERSION_OFFSET, ByteBuffer.wrap(new byte[] {NEWER_VERSION}));
    }

    private void write(final long place, final ByteBuffer bytes) throws IOException
    {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE))
        {
            bytes.rewind();
            channel.write(bytes, place);
        }
    }
}
