package dev.understudy.journal;

import dev.understudy.journal.codec.EntryHeaderEncoder;
import dev.understudy.journal.codec.MessageHeaderEncoder;
import java.nio.ByteOrder;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The chain over all entries: the first 16 bytes of SHA-256 over an entry in which the chain of the entry before stands
 * in the place of its own.
 * <p>
 * So an entry vouches for all before it. The chain is not keyed: it finds what a disk, a network or a hand changed,
 * and it finds forgery by whoever knows the head from elsewhere. 0.3 µs for 100 bytes. Not thread-safe.
 */
final class HashChain
{
    /** Where the chain stands in an encoded entry. */
    static final int OFFSET = MessageHeaderEncoder.ENCODED_LENGTH + EntryHeaderEncoder.chainHighEncodingOffset();

    private static final int HASH_BYTES = 32;

    private final MessageDigest digest;
    private final byte[] hash = new byte[HASH_BYTES];
    private final UnsafeBuffer hashBuffer = new UnsafeBuffer(hash);
    private long high;
    private long low;

    HashChain()
    {
        try
        {
            digest = MessageDigest.getInstance("SHA-256");
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    long high()
    {
        return high;
    }

    long low()
    {
        return low;
    }

    void set(final long newHigh, final long newLow)
    {
        high = newHigh;
        low = newLow;
    }

    /** Puts the chain into an entry, encoded from the start of an array, and goes on to it. */
    void seal(final MutableDirectBuffer entry, final int length)
    {
        compute(entry, length);
        high = hashBuffer.getLong(0, ByteOrder.BIG_ENDIAN);
        low = hashBuffer.getLong(Long.BYTES, ByteOrder.BIG_ENDIAN);
        put(entry, high, low);
    }

    /** Whether an entry, at the start of an array, follows this chain; if so, goes on to it. */
    boolean accept(final MutableDirectBuffer entry, final int length)
    {
        final long entryHigh = entry.getLong(OFFSET, ByteOrder.LITTLE_ENDIAN);
        final long entryLow = entry.getLong(OFFSET + Long.BYTES, ByteOrder.LITTLE_ENDIAN);
        compute(entry, length);
        put(entry, entryHigh, entryLow);
        final boolean fits = entryHigh == hashBuffer.getLong(0, ByteOrder.BIG_ENDIAN) &&
            entryLow == hashBuffer.getLong(Long.BYTES, ByteOrder.BIG_ENDIAN);
        if (fits)
        {
            high = entryHigh;
            low = entryLow;
        }
        return fits;
    }

    /** What the last entry's chain should have been, in hexadecimal; after {@link #accept} said no. */
    String computed()
    {
        return String.format(Locale.ROOT, "%016x%016x",
            hashBuffer.getLong(0, ByteOrder.BIG_ENDIAN), hashBuffer.getLong(Long.BYTES, ByteOrder.BIG_ENDIAN));
    }

    private void compute(final MutableDirectBuffer entry, final int length)
    {
        put(entry, high, low);
        digest.update(entry.byteArray(), 0, length);
        try
        {
            digest.digest(hash, 0, HASH_BYTES);
        }
        catch (final DigestException e)
        {
            throw new AssertionError("32 bytes hold a SHA-256", e);
        }
    }

    private static void put(final MutableDirectBuffer entry, final long high, final long low)
    {
        entry.putLong(OFFSET, high, ByteOrder.LITTLE_ENDIAN);
        entry.putLong(OFFSET + Long.BYTES, low, ByteOrder.LITTLE_ENDIAN);
    }
}
