package dev.understudy.replay.snapshot;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The pages that a store has. Made, and added to, while its lock is held, by one thread; pages can be read later as well, by any
 * thread.
 */
final class StoredPages
{
    private final StoreDisk disk;
    private final StoreLayout layout;
    private final PageIndex index = new PageIndex();
    private final List<Path> files;

    /** What is wrong with files that cannot be read. */
    private final List<String> problems = new ArrayList<>();

    StoredPages(final StoreDisk disk, final StoreLayout layout)
    {
        this.disk = disk;
        this.layout = layout;
        files = layout.packs();
        for (final Path file : files)
        {
            try
            {
                final PackFile pack = PackFile.open(file);
                index.add(pack);
                if (pack.isRebuilt())
                {
                    problems.add("the index of page store file " + file + " was damaged, and was made again from its pages");
                }
            }
            catch (final IOException e)
            {
                problems.add("page store file " + file + " cannot be read: " + e.getMessage());
            }
            catch (final SnapshotException e)
            {
                problems.add(e.getMessage());
            }
        }
    }

    /** Whether the store still has the files that it had. */
    boolean isCurrent()
    {
        return files.equals(layout.packs());
    }

    PageIndex index()
    {
        return index;
    }

    List<String> problems()
    {
        return problems;
    }

    /** Begins to add pages. */
    PageAdder adder()
    {
        return new PageAdder(disk, layout, this);
    }

    /** Takes up a pack that was written. */
    void add(final Path pack) throws IOException
    {
        index.add(PackFile.open(pack));
        files.clear();
        files.addAll(layout.packs());
    }

    /**
     * Copies a page of a snapshot out.
     *
     * @param what names the page in messages
     * @throws SnapshotException when the store does not have it as it was
     */
    void copyPage(final byte[] hashes, final int hashAt, final byte[] to, final Sha256 sha256, final String what)
    {
        final PagePlace place = index.find(hashes, hashAt);
        if (place == null)
        {
            throw new SnapshotException(what + " is in no file of " + layout.pages() + ": put back what is missing there" +
                (problems.isEmpty() ? "" : "; " + String.join("; ", problems)));
        }
        final byte[] hash;
        try
        {
            place.pack().copyPage(place.slot(), to);
            hash = sha256.of(to, 0, to.length);
        }
        catch (final InternalError e)
        {
            // What the JVM makes of a page of a mapped file that cannot be had; it comes a little later than the access.
            throw new SnapshotException(what + ": page " + place.slot() + " of " + place.pack().path() +
                " cannot be read: the file was shortened, or the disk fails", e);
        }
        if (!Arrays.equals(hash, 0, Sha256.BYTES, hashes, hashAt, hashAt + Sha256.BYTES))
        {
            throw new SnapshotException(what + " does not match its SHA-256: page " + place.slot() + " of " +
                place.pack().path() + " was changed, or the disk returned wrong bytes");
        }
    }
}
