package dev.understudy.journal;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Where a journal begins whose first entries were removed, and what of them those that are left depend on.
 * <pre>
 *   magic 8, version 4, length of the file 4
 *   first sequence 8, position 8, timeNs 8, chain 16
 *   number of remembered entries 4, for each its length 4 and the entry
 *   SHA-256 of everything before, 32
 * </pre>
 * Little-endian.
 *
 * @param firstSequence number of the first entry that may be there
 * @param position      of the entry before it
 * @param timeNs        guest time of the entry before it, in nanoseconds
 * @param chainHigh     first 8 bytes of the hash chain there, as a big-endian number
 * @param chainLow      the next 8
 * @param remembered    encoded: the journal's very first entry, and then the last ones before {@code firstSequence} that say
 *                      who has which role, in their order
 */
public record JournalBase(
    long firstSequence, long position, long timeNs, long chainHigh, long chainLow, List<byte[]> remembered)
{
    /** Of a journal that is whole. */
    public static final JournalBase WHOLE = new JournalBase(0, 0, 0, 0, 0, List.of());

    /** Name of the file in a journal's directory; a journal that is whole has none. */
    static final String FILE = "base";

    /** "USTYBASE". */
    private static final long MAGIC = 0x4553_4142_5954_5355L;
    private static final int VERSION = 1;
    private static final int LENGTH_AT = 12;
    private static final int HEAD_BYTES = 16 + 5 * Long.BYTES + Integer.BYTES;
    private static final int HASH_BYTES = 32;

    /** The first entry, the last generation and its backup. */
    private static final int MAX_REMEMBERED = 3;

    /** Whether entries were removed. */
    public boolean isTrimmed()
    {
        return firstSequence > 0;
    }

    /** Hands over the entries that are remembered. Each is valid during the call. */
    public void remember(final Consumer<JournalEntry> told)
    {
        final JournalEntry entry = new JournalEntry();
        for (final byte[] encoded : remembered)
        {
            entry.wrap(new UnsafeBuffer(encoded), 0, encoded.length);
            told.accept(entry);
        }
    }

    /** What the journal's very first entry said; null when it is whole. */
    public Genesis genesis()
    {
        final Genesis[] found = new Genesis[1];
        remember(entry -> found[0] = entry.type() == EventType.GENESIS ? entry.genesis() : found[0]);
        return found[0];
    }

    /** The file's content. */
    public byte[] encode()
    {
        final int bytes = remembered.stream().mapToInt(it -> Integer.BYTES + it.length).sum();
        final ByteBuffer to = ByteBuffer.allocate(HEAD_BYTES + bytes + HASH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        to.putLong(MAGIC).putInt(VERSION).putInt(to.capacity());
        to.putLong(firstSequence).putLong(position).putLong(timeNs).putLong(chainHigh).putLong(chainLow);
        to.putInt(remembered.size());
        remembered.forEach(entry -> to.putInt(entry.length).put(entry));
        to.put(sha256(to.array(), to.position()));
        return to.array();
    }

    /**
     * Reads what {@link #encode} made.
     *
     * @param where what it is called in messages
     * @throws JournalException when it was damaged
     */
    public static JournalBase decode(final byte[] bytes, final Object where)
    {
        final ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        final int end = bytes.length - HASH_BYTES;
        if (end < HEAD_BYTES || from.getLong() != MAGIC || from.getInt(LENGTH_AT) != bytes.length ||
            !Arrays.equals(sha256(bytes, end), Arrays.copyOfRange(bytes, end, bytes.length)))
        {
            throw new JournalException("journal " + where + " is damaged: it does not match its SHA-256, so that it is not " +
                "known where the journal begins. Take the journal of the other node, or a snapshot");
        }
        if (from.getInt() != VERSION)
        {
            throw new JournalException("journal " + where + " was written by a release that this one cannot read");
        }
        from.getInt();
        try
        {
            final long firstSequence = from.getLong();
            final long position = from.getLong();
            final long timeNs = from.getLong();
            final long chainHigh = from.getLong();
            final long chainLow = from.getLong();
            final int count = from.getInt();
            if (firstSequence <= 0 || count < 1 || count > MAX_REMEMBERED)
            {
                throw new JournalException("journal " + where + " says what no journal can be: it begins with entry " +
                    firstSequence + " and " + count + " earlier ones");
            }
            return new JournalBase(firstSequence, position, timeNs, chainHigh, chainLow, entries(from, count, where));
        }
        catch (final BufferUnderflowException | NegativeArraySizeException e)
        {
            throw new JournalException("journal " + where + " ends too soon", e);
        }
    }

    private static List<byte[]> entries(final ByteBuffer from, final int count, final Object where)
    {
        final List<byte[]> entries = new ArrayList<>();
        final JournalEntry entry = new JournalEntry();
        for (int i = 0; i < count; i++)
        {
            final int length = from.getInt();
            if (length > from.remaining())
            {
                throw new BufferUnderflowException();
            }
            final byte[] encoded = new byte[length];
            from.get(encoded);
            final String problem = entry.tryWrap(new UnsafeBuffer(encoded), 0, length);
            if (problem != null || (entry.type() == EventType.GENESIS) != (i == 0))
            {
                throw new JournalException("journal " + where + ": an entry that it remembers cannot be read: " +
                    (problem == null ? "it is a " + entry.type() : problem));
            }
            entries.add(encoded);
        }
        return entries;
    }

    /**
     * That of the journal in a directory.
     *
     * @throws JournalException when it is damaged or cannot be read
     */
    static JournalBase read(final Path directory)
    {
        final Path file = directory.resolve(FILE);
        try
        {
            return decode(Files.readAllBytes(file), file);
        }
        catch (final NoSuchFileException e)
        {
            return WHOLE;
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Has the journal in a directory begin here, also after a loss of power. */
    void write(final Path directory)
    {
        final Path next = directory.resolve(FILE + ".next");
        try
        {
            try (FileChannel channel = FileChannel.open(next,
                StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING))
            {
                final ByteBuffer content = ByteBuffer.wrap(encode());
                while (content.hasRemaining())
                {
                    channel.write(content);
                }
                channel.force(true);
            }
            Files.move(next, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
            DiskBlocks.sync(directory);
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + " cannot be shortened: " + e.getMessage() +
                ". Nothing of it was removed", e);
        }
    }

    /** Has the journal in a directory be whole, as far as this goes: there are no entries. */
    static void delete(final Path directory)
    {
        try
        {
            Files.deleteIfExists(directory.resolve(FILE));
        }
        catch (final IOException e)
        {
            throw new JournalException("journal " + directory + ": " + FILE + ", which is of another journal, cannot be " +
                "deleted: " + e.getMessage(), e);
        }
    }

    private static byte[] sha256(final byte[] bytes, final int length)
    {
        try
        {
            final MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, 0, length);
            return digest.digest();
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
