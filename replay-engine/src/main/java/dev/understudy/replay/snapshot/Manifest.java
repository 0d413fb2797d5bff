package dev.understudy.replay.snapshot;

import dev.understudy.journal.EntryEncoder;
import dev.understudy.journal.Genesis;
import dev.understudy.journal.JournalEntry;
import dev.understudy.journal.JournalException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The file that makes a snapshot: all of it but what is in the store's packs and files.
 * <pre>
 *   magic 8, version 4, length of the file 4
 *   name, position 8, sequence 8, timeNs 8, epochMs 8, chain 16, digest 8
 *   the journal's first entry, the state but for RAM
 *   RAM: number of pages 4, a bit for each that is not all zeros, SHA-256 of each of those
 *   number of drives 4, for each the same of its pages, and a bit for each that is not that of the image
 *   SHA-256 of everything before
 * </pre>
 * Little-endian; texts, entry and state have their length, 4, in front.
 *
 * @param genesis what the guest is
 * @param state   the machine's state but for RAM, as {@link StateBytes} writes it
 * @param pages   of RAM
 * @param drives  what each has over its image
 */
record Manifest(SnapshotInfo info, Genesis genesis, byte[] state, PageTable pages, List<DriveTable> drives)
{
    /** "USTYSNAP". */
    private static final long MAGIC = 0x5041_4E53_5954_5355L;
    private static final int VERSION = 1;
    private static final int LENGTH_AT = 12;
    private static final int NUMBERS_BYTES = 16 + 7 * Long.BYTES;
    private static final int MIN_BYTES = NUMBERS_BYTES + Sha256.BYTES;

    /** The most drives that a file is believed to have. */
    private static final int MAX_DRIVES = 64;

    byte[] encode()
    {
        final byte[] name = info.name().getBytes(StandardCharsets.UTF_8);
        final JournalEntry entry = new EntryEncoder().genesis(genesis).entry();
        final int driveBytes =
            drives.stream().mapToInt(it -> bytes(it.stored()) + it.written().length * Long.BYTES).sum();
        final ByteBuffer to = ByteBuffer.allocate(NUMBERS_BYTES + 4 * Integer.BYTES + name.length + entry.length() +
            state.length + bytes(pages) + driveBytes + Sha256.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        to.putLong(MAGIC).putInt(VERSION).putInt(to.capacity());
        to.putInt(name.length).put(name);
        to.putLong(info.position()).putLong(info.sequence()).putLong(info.timeNs()).putLong(info.epochMs())
            .putLong(info.chainHigh()).putLong(info.chainLow()).putLong(info.digest());
        final byte[] first = new byte[entry.length()];
        entry.buffer().getBytes(entry.offset(), first);
        to.putInt(first.length).put(first);
        to.putInt(state.length).put(state);
        put(pages, to);
        to.putInt(drives.size());
        for (final DriveTable drive : drives)
        {
            put(drive.stored(), to);
            put(drive.written(), to);
        }
        to.put(new Sha256().of(to.array(), 0, to.position()));
        return to.array();
    }

    private static int bytes(final PageTable table)
    {
        return Integer.BYTES + table.bits().length * Long.BYTES + table.count() * Sha256.BYTES;
    }

    private static void put(final PageTable table, final ByteBuffer to)
    {
        to.putInt(table.pages());
        put(table.bits(), to);
        to.put(table.hashes(), 0, table.count() * Sha256.BYTES);
    }

    private static void put(final long[] bits, final ByteBuffer to)
    {
        for (final long word : bits)
        {
            to.putLong(word);
        }
    }

    /**
     * Reads a manifest.
     *
     * @param guest whose it is
     * @throws SnapshotException when it is not whole
     */
    static Manifest read(final Path file, final String guest)
    {
        final byte[] bytes;
        try
        {
            bytes = Files.readAllBytes(file);
        }
        catch (final NoSuchFileException e)
        {
            throw new SnapshotException("snapshot " + file + " does not exist", e);
        }
        catch (final IOException e)
        {
            throw new SnapshotException("snapshot " + file + " cannot be read: " + e.getMessage(), e);
        }
        try
        {
            return decode(bytes, file, guest);
        }
        catch (final BufferUnderflowException | NegativeArraySizeException | JournalException e)
        {
            throw new SnapshotException("snapshot " + file + " was written by a release that this one cannot read: " +
                e.getMessage(), e);
        }
    }

    private static Manifest decode(final byte[] bytes, final Path file, final String guest)
    {
        final ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < MIN_BYTES || from.getLong() != MAGIC || from.getInt(LENGTH_AT) != bytes.length)
        {
            throw damaged(file, "it is no whole snapshot of understudy");
        }
        final int end = bytes.length - Sha256.BYTES;
        if (!Arrays.equals(new Sha256().of(bytes, 0, end), Arrays.copyOfRange(bytes, end, bytes.length)))
        {
            throw damaged(file, "it does not match its SHA-256");
        }
        final int version = from.getInt();
        if (version != VERSION)
        {
            throw new SnapshotException("snapshot " + file + " has version " + version + " of the format, this release " +
                "reads version " + VERSION);
        }
        from.getInt();
        final String name = new String(block(from), StandardCharsets.UTF_8);
        final long position = from.getLong();
        final long sequence = from.getLong();
        final long timeNs = from.getLong();
        final long epochMs = from.getLong();
        final long chainHigh = from.getLong();
        final long chainLow = from.getLong();
        final long digest = from.getLong();
        final byte[] first = block(from);
        final JournalEntry entry = new JournalEntry();
        entry.wrap(new UnsafeBuffer(first), 0, first.length);
        final byte[] state = block(from);
        final PageTable pages = pages(from);
        final List<DriveTable> drives = drives(from);
        final long stored = pages.count() + drives.stream().mapToLong(it -> it.stored().count()).sum();
        final SnapshotInfo info = new SnapshotInfo(guest, name, position, sequence, timeNs, epochMs, chainHigh, chainLow,
            digest, pages.count(), bytes.length + stored * PackFile.PAGE_BYTES);
        return new Manifest(info, entry.genesis(), state, pages, drives);
    }

    private static PageTable pages(final ByteBuffer from)
    {
        final int pages = from.getInt();
        final long[] bits = bits(from, pages);
        final byte[] hashes = new byte[Arrays.stream(bits).mapToInt(Long::bitCount).sum() * Sha256.BYTES];
        from.get(hashes);
        return new PageTable(pages, bits, hashes);
    }

    private static long[] bits(final ByteBuffer from, final int pages)
    {
        final long[] bits = new long[PageTable.words(pages)];
        from.asLongBuffer().get(bits);
        from.position(from.position() + bits.length * Long.BYTES);
        return bits;
    }

    private static List<DriveTable> drives(final ByteBuffer from)
    {
        final List<DriveTable> drives = new ArrayList<>();
        final int count = count(from);
        for (int drive = 0; drive < count; drive++)
        {
            final PageTable stored = pages(from);
            drives.add(new DriveTable(stored, bits(from, stored.pages())));
        }
        return drives;
    }

    private static int count(final ByteBuffer from)
    {
        final int count = from.getInt();
        if (count < 0 || count > MAX_DRIVES)
        {
            throw new BufferUnderflowException();
        }
        return count;
    }

    private static byte[] block(final ByteBuffer from)
    {
        final int length = from.getInt();
        if (length < 0 || length > from.remaining())
        {
            throw new BufferUnderflowException();
        }
        final byte[] block = new byte[length];
        from.get(block);
        return block;
    }

    private static SnapshotException damaged(final Path file, final String how)
    {
        return new SnapshotException("snapshot " + file + " is damaged: " + how +
            ". It was changed, or the disk returned wrong bytes; start from another one, or delete it");
    }
}
