package dev.understudy.hypervisor.snapshot;

import dev.understudy.replay.snapshot.SnapshotInfo;
import dev.understudy.replay.snapshot.SnapshotStore;
import dev.understudy.replay.snapshot.StoredSnapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Where the snapshots of a guest are: a store, and the guest's name in it.
 * <p>
 * The store of a recording is {@code snapshots} in the journal's directory, or {@code snapshots} is a file that names another
 * directory and the guest. People name any of these directories, or that of a guest in a store.
 *
 * @param store directory of the store
 * @param guest the guest's name there
 */
public record SnapshotPlace(Path store, String guest)
{
    /** The snapshot that a journal begins with which did not begin with a boot. */
    public static final String START = "start";

    private static final String SNAPSHOTS = "snapshots";
    private static final String GUESTS = "guests";
    private static final String OTHER_THAN_NAME = "[^A-Za-z0-9._-]";
    private static final int MAX_NAME = 80;

    /**
     * Where a new recording keeps its snapshots.
     *
     * @param journal directory of the journal
     * @param shared  the store to use; null for the recording's own
     * @param name    of the guest
     * @param chain   first 8 bytes of the hash chain at the journal's first entry, which tells it from all others
     */
    public static SnapshotPlace ofRecording(final Path journal, final Path shared, final String name, final long chain)
        throws IOException
    {
        final String called = name.replaceAll(OTHER_THAN_NAME, "-");
        final String guest = String.format(Locale.ROOT, "g-%s-%08x",
            called.substring(0, Math.min(MAX_NAME, called.length())), chain >>> Integer.SIZE);
        final Path place = journal.resolve(SNAPSHOTS);
        if (shared == null)
        {
            return new SnapshotPlace(place, guest);
        }
        Files.writeString(place, shared.toAbsolutePath().normalize() + "\n" + guest + "\n");
        return new SnapshotPlace(shared, guest);
    }

    /** Where a journal's snapshots are; null when it has none. */
    public static SnapshotPlace ofJournal(final Path journal)
    {
        final Path place = journal.resolve(SNAPSHOTS);
        return SnapshotStore.exists(place) || Files.isRegularFile(place) ? find(journal) : null;
    }

    /**
     * Finds the guest in a directory that somebody named.
     *
     * @throws SnapshotUsageException when there are no snapshots, or those of several guests
     */
    public static SnapshotPlace find(final Path directory)
    {
        final Path inside = directory.resolve(SNAPSHOTS);
        if (Files.isRegularFile(inside))
        {
            return named(inside);
        }
        if (SnapshotStore.exists(inside))
        {
            return only(inside);
        }
        if (SnapshotStore.exists(directory))
        {
            return only(directory);
        }
        final Path absolute = directory.toAbsolutePath().normalize();
        final Path guests = absolute.getParent();
        if (Files.isDirectory(absolute) && guests != null && guests.endsWith(GUESTS) && SnapshotStore.exists(guests.getParent()))
        {
            return new SnapshotPlace(guests.getParent(), absolute.getFileName().toString());
        }
        throw new SnapshotUsageException(directory + ": there are no snapshots; expected the directory of a journal, or of a " +
            "store of snapshots");
    }

    private static SnapshotPlace named(final Path file)
    {
        try
        {
            final List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
            if (lines.size() == 2 && SnapshotStore.isName(lines.get(1)))
            {
                return new SnapshotPlace(Path.of(lines.get(0)), lines.get(1));
            }
        }
        catch (final IOException e)
        {
            throw new SnapshotUsageException(file + " cannot be read: " + e.getMessage());
        }
        throw new SnapshotUsageException(file + " should name a directory of snapshots and a guest, a line each");
    }

    private static SnapshotPlace only(final Path store)
    {
        final List<String> guests = new SnapshotStore(store, notice -> {}).guests();
        if (guests.size() != 1)
        {
            throw new SnapshotUsageException(store + (guests.isEmpty() ? ": there are no snapshots" :
                " has snapshots of " + guests.size() + " guests: name one of them, such as " +
                store.resolve(GUESTS).resolve(guests.getFirst())));
        }
        return new SnapshotPlace(store, guests.getFirst());
    }

    /** The snapshots, oldest first. */
    public List<SnapshotInfo> list(final Consumer<String> notices)
    {
        return new SnapshotStore(store, notices).list(guest);
    }

    /** Opens a snapshot; null opens the newest. */
    public StoredSnapshot open(final String name, final Consumer<String> notices)
    {
        final List<SnapshotInfo> list = name == null ? list(notices) : List.of();
        if (name == null && list.isEmpty())
        {
            throw new SnapshotUsageException(store + ": there is no snapshot of " + guest);
        }
        return new SnapshotStore(store, notices).open(guest, name == null ? list.getLast().name() : name);
    }

    /** The snapshot that the guest's journal begins with; null when that begins with a boot. */
    public StoredSnapshot openStart(final Consumer<String> notices)
    {
        final SnapshotStore opened = new SnapshotStore(store, notices);
        return opened.has(guest, START) ? opened.open(guest, START) : null;
    }
}
