package dev.understudy.replay.snapshot;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/** Hashes of pages. Not thread-safe. */
final class PageSet
{
    private final Set<ByteBuffer> hashes = new HashSet<>();

    /** Adds a hash; false when it is there. */
    boolean add(final byte[] hash)
    {
        return hashes.add(ByteBuffer.wrap(hash.clone()));
    }
}
