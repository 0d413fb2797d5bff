package dev.understudy.replay.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Gives back what no snapshot of a store needs: unfinished files, pages, kernels and layers. While the store's lock is held
 * and its mark of change is there. Killed anywhere, it has taken away nothing that is needed, and the next one goes on.
 */
final class StoreSweeper
{
    private final StoreDisk disk;
    private final StoreLayout layout;
    private final StoredPages pages;

    StoreSweeper(final StoreDisk disk, final StoreLayout layout)
    {
        this.disk = disk;
        this.layout = layout;
        pages = new StoredPages(disk, layout);
    }

    /**
     * Gives back.
     *
     * @throws SnapshotException when a manifest cannot be read: what it needs is not known, so nothing was taken away
     */
    void sweep() throws IOException
    {
        deleteUnfinished(layout.pages());
        deleteUnfinished(layout.files());
        for (final String guest : layout.guestNames())
        {
            deleteUnfinished(layout.guest(guest));
        }
        final Map<PackFile, BitSet> needed = new HashMap<>();
        final Set<Path> files = new HashSet<>();
        for (final String guest : layout.guestNames())
        {
            for (final String name : layout.names(guest))
            {
                final Manifest manifest = Manifest.read(layout.manifest(guest, name), guest);
                need(manifest.pages(), needed);
                files.add(layout.file(manifest.genesis().kernelSha256()));
                if (manifest.genesis().initrdSha256() != null)
                {
                    files.add(layout.file(manifest.genesis().initrdSha256()));
                }
                manifest.drives().forEach(drive -> need(drive.stored(), needed));
            }
        }
        sweepPacks(needed);
        for (final Path file : StoreLayout.list(layout.files(), ""))
        {
            if (!files.contains(file))
            {
                disk.delete(file);
            }
        }
        for (final String guest : layout.guestNames())
        {
            if (StoreLayout.list(layout.guest(guest), "").isEmpty())
            {
                disk.delete(layout.guest(guest));
            }
        }
    }

    private void need(final PageTable table, final Map<PackFile, BitSet> needed)
    {
        for (int i = 0; i < table.count(); i++)
        {
            final PagePlace place = pages.index().find(table.hashes(), i * Sha256.BYTES);
            if (place != null)
            {
                needed.computeIfAbsent(place.pack(), unused -> new BitSet()).set(place.slot());
            }
        }
    }

    /** A pack of which less than half is needed is written anew. */
    private void sweepPacks(final Map<PackFile, BitSet> needed) throws IOException
    {
        final Set<Path> kept = new HashSet<>();
        for (final PackFile pack : pages.index().packs())
        {
            final BitSet slots = needed.getOrDefault(pack, new BitSet());
            if (2 * slots.cardinality() >= pack.pages() && !slots.isEmpty())
            {
                kept.add(pack.path());
            }
            else if (!slots.isEmpty())
            {
                // It may be there already: from a sweep that got no further.
                kept.add(copy(pack, slots));
            }
        }
        for (final PackFile pack : pages.index().packs())
        {
            if (!kept.contains(pack.path()))
            {
                disk.delete(pack.path());
            }
        }
    }

    private Path copy(final PackFile pack, final BitSet slots) throws IOException
    {
        try (PackWriter writer = new PackWriter(disk, layout))
        {
            final byte[] page = new byte[PackFile.PAGE_BYTES];
            for (int slot = slots.nextSetBit(0); slot >= 0; slot = slots.nextSetBit(slot + 1))
            {
                pack.copyPage(slot, page);
                writer.add(page, pack.index(), slot * Sha256.BYTES);
            }
            return writer.finish();
        }
    }

    private void deleteUnfinished(final Path directory) throws IOException
    {
        if (Files.isDirectory(directory))
        {
            for (final Path file : StoreLayout.list(directory, WholeFile.UNFINISHED))
            {
                disk.delete(file);
            }
        }
    }
}
