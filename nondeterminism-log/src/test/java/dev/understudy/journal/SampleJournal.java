package dev.understudy.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

import org.agrona.concurrent.UnsafeBuffer;

/** Makes journals with known entries, and reads entries back for comparison. */
final class SampleJournal
{
    private static final EntryEncoder EVENTS = new EntryEncoder();

    static final Genesis GENESIS = new Genesis(
        "guest-a", 64 << 20, 3, "/images/kernel", sequence(32, 1), null, null, "console=hvc0",
        sequence(32, 4), 1, 1_795_000_000_000L);

    static final Genesis GENESIS_WITH_DRIVES = new Genesis(
        "guest-b", 64 << 20, 3, "/images/kernel", sequence(32, 1), null, null, "console=hvc0",
        sequence(32, 4), 1, 1_795_000_000_000L,
        List.of(
            new DriveImage("/images/root.img", 1 << 30, sequence(32, 2), true, "root"),
            new DriveImage("/images/data.img", 1 << 20, sequence(32, 3), false, "")),
        null,
        false);

    static final Genesis GENESIS_WITH_NETWORK = new Genesis(
        "guest-c", 64 << 20, 3, "/images/kernel", sequence(32, 1), null, null, "console=hvc0",
        sequence(32, 4), 1, 1_795_000_000_000L,
        List.of(), sequence(6, 2), true);

    private SampleJournal()
    {
    }

    static JournalOptions options()
    {
        return JournalOptions.defaults().rollingAt(JournalOptions.MIN_FILE_BYTES);
    }

    /** Appends entries of all kinds, their lengths and contents drawn from a seed. */
    static void append(final JournalWriter writer, final int count, final long seed, final int maxDataBytes)
    {
        final Random random = new Random(seed);
        final UnsafeBuffer data = new UnsafeBuffer(new byte[maxDataBytes + 1]);
        for (int i = 0; i < count; i++)
        {
            final long position = writer.lastPosition() + random.nextInt(1000);
            final long timeNs = position * 3;
            final long outputs = random.nextLong();
            random.nextBytes(data.byteArray());
            final int length = random.nextInt(maxDataBytes + 1);
            switch (random.nextInt(7))
            {
                case 0 -> writer.append(EVENTS.clockSample(position, timeNs, outputs, random.nextInt(), random.nextInt()));
                case 1 -> writer.append(EVENTS.consoleInput(position, timeNs, outputs, data, 0, length));
                case 2 -> writer.append(EVENTS.entropy(position, timeNs, outputs, data, 1, length));
                case 3 ->
                {
                    if (i % 2 == 0)
                    {
                        writer.append(EVENTS.vsockPacket(position, timeNs, outputs, data, 0, length));
                    }
                    else
                    {
                        writer.append(EVENTS.networkFrame(position, timeNs, outputs, data, 0, length));
                    }
                }
                case 4 ->
                {
                    final long number = random.nextLong();
                    if (i % 2 == 0)
                    {
                        writer.append(EVENTS.digest(position, timeNs, outputs, number));
                    }
                    else
                    {
                        writer.append(EVENTS.blockCompletion(position, timeNs, outputs, i % 4, number, BlockOutcome.OK));
                    }
                }
                case 5 -> writer.append(EVENTS.generation(
                    position, timeNs, outputs, i, GenerationCause.values()[random.nextInt(4)], "node-" + i));
                default -> writer.append(EVENTS.backupJoined(position, timeNs, outputs, i, "node-" + i));
            }
        }
    }

    /** The encoded entries of a journal, by the reader, to where it has no more. */
    static List<byte[]> read(final Path directory)
    {
        final List<byte[]> entries = new ArrayList<>();
        try (JournalReader reader = JournalReader.open(directory))
        {
            while (reader.next())
            {
                entries.add(bytes(reader.entry()));
            }
        }
        return entries;
    }

    static byte[] bytes(final JournalEntry entry)
    {
        final byte[] bytes = new byte[entry.length()];
        entry.buffer().getBytes(entry.offset(), bytes);
        return bytes;
    }

    /** The payload of an entry that has one. */
    static byte[] data(final JournalEntry entry)
    {
        final byte[] bytes = new byte[entry.dataLength()];
        entry.data().getBytes(entry.dataOffset(), bytes);
        return bytes;
    }

    /** Copies a journal as it is, whether it is written or not. */
    static Path copy(final Path from, final Path to) throws IOException
    {
        deleteTree(to);
        try (Stream<Path> files = Files.walk(from))
        {
            for (final Path file : files.toList())
            {
                final Path target = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file))
                {
                    Files.createDirectories(target);
                }
                else
                {
                    Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        return to;
    }

    static void deleteTree(final Path directory) throws IOException
    {
        if (Files.exists(directory))
        {
            try (Stream<Path> files = Files.walk(directory))
            {
                for (final Path file : files.toList().reversed())
                {
                    Files.delete(file);
                }
            }
        }
    }

    static byte[] sequence(final int length, final int first)
    {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)(first + i);
        }
        return bytes;
    }
}
