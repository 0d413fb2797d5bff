package dev.understudy.replay.snapshot;

import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of blocks of bytes, by which a store names what it has. Not thread-safe. */
final class Sha256
{
    /** Length of a hash in bytes. */
    static final int BYTES = 32;

    private final MessageDigest digest = newDigest();

    /** A digest to be fed piece by piece. */
    static MessageDigest newDigest()
    {
        try
        {
            return MessageDigest.getInstance("SHA-256");
        }
        catch (final NoSuchAlgorithmException e)
        {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** Hash of a part of an array. */
    byte[] of(final byte[] data, final int offset, final int length)
    {
        digest.update(data, offset, length);
        return digest.digest();
    }

    /** Writes the hash of a part of an array into another one. */
    void of(final byte[] data, final int offset, final int length, final byte[] to, final int at)
    {
        digest.update(data, offset, length);
        try
        {
            digest.digest(to, at, BYTES);
        }
        catch (final DigestException e)
        {
            throw new AssertionError("there is room for a hash", e);
        }
    }
}
