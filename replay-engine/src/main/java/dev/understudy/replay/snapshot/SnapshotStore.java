package dev.understudy.replay.snapshot;

import dev.understudy.journal.Genesis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * A directory of snapshots, of one guest or of many: each page once, however many snapshots have it.
 * <p>
 * Several processes may use one directory. A snapshot is whole or absent: who is killed, or finds the disk full, while it is
 * taken or deleted leaves the others as they are, and what is left over goes with the next change. Not thread-safe; each
 * thread may have a store of its own for one directory.
 */
public final class SnapshotStore
{
    /** What guests and snapshots can be called. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
    private static final Pattern NUMBERED = Pattern.compile("s([0-9]{1,9})");

    private final StoreDisk disk;
    private final StoreLayout layout;
    private final Consumer<String> notices;

    /** What the store had when this process last changed it. */
    private StoredPages pages;

    /**
     * Nothing is read or made yet.
     *
     * @param notices takes what the operator should know, a line each
     */
    public SnapshotStore(final Path root, final Consumer<String> notices)
    {
        this(root, notices, new StoreDisk());
    }

    SnapshotStore(final Path root, final Consumer<String> notices, final StoreDisk disk)
    {
        this.disk = disk;
        this.notices = notices;
        layout = new StoreLayout(root);
    }

    /** Whether a directory holds a store. */
    public static boolean exists(final Path root)
    {
        return Files.isDirectory(new StoreLayout(root).guests());
    }

    /** Whether a text can name a snapshot or a guest. */
    public static boolean isName(final String text)
    {
        return NAME.matcher(text).matches();
    }

    /**
     * Keeps a captured state.
     *
     * @param guest   whose it is
     * @param name    what it is called; null for the next of {@code s1}, {@code s2} ...
     * @param genesis what the guest is
     * @param kernel  the guest's kernel
     * @param initrd  its initial RAM disk; null without one
     * @param drives  what it wrote to each of its drives; null for one that it only reads
     * @param epochMs the date, in milliseconds since 1970
     * @throws SnapshotException when that cannot be; then the store is as it was
     */
    public StoredSnapshot take(
        final String guest,
        final String name,
        final Capture capture,
        final Genesis genesis,
        final byte[] kernel,
        final byte[] initrd,
        final List<DriveChanges> drives,
        final long epochMs)
    {
        requireName(guest);
        Path manifest = null;
        try
        {
            Files.createDirectories(layout.pages());
            Files.createDirectories(layout.files());
            Files.createDirectories(layout.guest(guest));
            try (StoreLock lock = StoreLock.take(layout.root()))
            {
                final String called = name == null ? nextName(guest) : name;
                requireName(called);
                final Path file = layout.manifest(guest, called);
                if (Files.exists(file))
                {
                    throw new SnapshotException("snapshot " + file + " exists already: choose another name, or delete it");
                }
                manifest = file;
                beginChange();
                Files.createDirectories(layout.guest(guest));
                if (pages == null || !pages.isCurrent())
                {
                    pages = new StoredPages(disk, layout);
                    pages.problems().forEach(notices);
                }
                final PageTable ram;
                final List<DriveTable> ofDrives = new ArrayList<>();
                try (PageAdder adder = pages.adder())
                {
                    ram = adder.add(capture.pages());
                    for (final DriveChanges drive : drives)
                    {
                        ofDrives.add(adder.add(drive));
                    }
                    adder.finish();
                }
                keepFile(genesis.kernelSha256(), kernel);
                if (initrd != null)
                {
                    keepFile(genesis.initrdSha256(), initrd);
                }
                WholeFile.write(disk, file, new Manifest(
                    capture.info(guest, called, epochMs), genesis, capture.state(), ram, ofDrives).encode());
                endChange();
                return new StoredSnapshot(layout, Manifest.read(file, guest), pages);
            }
        }
        catch (final IOException | UncheckedIOException e)
        {
            pages = null;
            tidy(manifest);
            throw new SnapshotException("no snapshot was taken in " + layout.root() + ": " + e.getMessage() +
                ". Those that were there before are whole", e);
        }
    }

    /** Whether a guest has a snapshot of this name. */
    public boolean has(final String guest, final String name)
    {
        return Files.exists(layout.manifest(guest, name));
    }

    /** The snapshots of a guest, oldest first; those that cannot be read are told of. */
    public List<SnapshotInfo> list(final String guest)
    {
        final List<SnapshotInfo> list = new ArrayList<>();
        for (final String name : layout.names(guest))
        {
            try
            {
                list.add(Manifest.read(layout.manifest(guest, name), guest).info());
            }
            catch (final SnapshotException e)
            {
                notices.accept(e.getMessage());
            }
        }
        list.sort(Comparator.comparingLong(SnapshotInfo::position).thenComparingLong(SnapshotInfo::sequence));
        return list;
    }

    /** The names of a guest's snapshots, also of those that cannot be read. */
    public List<String> names(final String guest)
    {
        return layout.names(guest);
    }

    /** The guests that have snapshots here, in the order of their names. */
    public List<String> guests()
    {
        return layout.guestNames();
    }

    /**
     * Reads a snapshot. Its pages are read when they are asked for, also when it was deleted meanwhile.
     *
     * @throws SnapshotException when there is none, or it is damaged, or of another version of the machine
     */
    public StoredSnapshot open(final String guest, final String name)
    {
        try (StoreLock lock = StoreLock.takeToRead(layout.root()))
        {
            final StoredSnapshot snapshot =
                new StoredSnapshot(layout, Manifest.read(layout.manifest(guest, name), guest), new StoredPages(disk, layout));
            snapshot.requireVersion();
            return snapshot;
        }
        catch (final IOException | UncheckedIOException e)
        {
            throw new SnapshotException("store " + layout.root() + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Deletes a snapshot, and gives back what no other one needs.
     *
     * @throws SnapshotException when there is none, or the disk fails
     */
    public void delete(final String guest, final String name)
    {
        final Path manifest = layout.manifest(guest, name);
        if (!Files.exists(manifest))
        {
            throw new SnapshotException("snapshot " + manifest + " does not exist");
        }
        try (StoreLock lock = StoreLock.take(layout.root()))
        {
            beginChange();
            pages = null;
            disk.delete(manifest);
            disk.forceNames(manifest.getParent());
            if (sweep())
            {
                endChange();
            }
        }
        catch (final IOException | UncheckedIOException e)
        {
            throw new SnapshotException("snapshot " + manifest + (Files.exists(manifest) ? " was not deleted: " :
                " was deleted, but not all that it took was given back: ") + e.getMessage(), e);
        }
    }

    private static void requireName(final String name)
    {
        if (!isName(name))
        {
            throw new SnapshotException("\"" + name + "\" cannot name a snapshot: expected at most 100 letters, digits, " +
                "points, dashes and underscores, a letter or digit first");
        }
    }

    private String nextName(final String guest)
    {
        final int last = layout.names(guest).stream().map(NUMBERED::matcher).filter(it -> it.matches())
            .mapToInt(it -> Integer.parseInt(it.group(1))).max().orElse(0);
        return "s" + (last + 1);
    }

    /** Says on the disk that the store is being changed; first cleans up after somebody who died in that. */
    private void beginChange() throws IOException
    {
        if (Files.exists(layout.changing()))
        {
            notices.accept("store " + layout.root() + ": whoever changed it last did not come to an end; the snapshots that " +
                "are there are whole, and what was left over is taken away");
            pages = null;
            sweep();
        }
        disk.create(layout.changing()).close();
        disk.forceNames(layout.root());
    }

    private void endChange() throws IOException
    {
        disk.delete(layout.changing());
    }

    /** False when it is not known what is needed, so that everything has to stay. */
    private boolean sweep() throws IOException
    {
        try
        {
            new StoreSweeper(disk, layout).sweep();
            return true;
        }
        catch (final SnapshotException e)
        {
            notices.accept("nothing was given back in " + layout.root() + ", as it is not known what a snapshot needs: " +
                e.getMessage());
            return false;
        }
    }

    /**
     * Gives back what a taking that failed has left; what that leaves goes with the next one.
     *
     * @param manifest of the snapshot that was not taken; null when it did not come so far
     */
    private void tidy(final Path manifest)
    {
        try (StoreLock lock = StoreLock.take(layout.root()))
        {
            if (manifest != null)
            {
                disk.delete(manifest);
            }
            if (Files.exists(layout.changing()) && sweep())
            {
                endChange();
            }
        }
        catch (final IOException | UncheckedIOException e)
        {
            notices.accept("store " + layout.root() + ": what was left over is taken away later: " + e.getMessage());
        }
    }

    private void keepFile(final byte[] sha256, final byte[] content) throws IOException
    {
        final Path file = layout.file(sha256);
        if (!Files.exists(file) || Files.size(file) != content.length)
        {
            WholeFile.write(disk, file, content);
        }
    }
}
