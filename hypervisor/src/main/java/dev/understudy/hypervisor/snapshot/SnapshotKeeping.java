package dev.understudy.hypervisor.snapshot;

import dev.understudy.journal.Journal;
import dev.understudy.replay.snapshot.SnapshotInfo;
import dev.understudy.replay.snapshot.SnapshotStore;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which snapshots of a recording stay, and which entries of its journal.
 *
 * @param newest  number of snapshots without a name of their own that stay; 0 for all
 * @param trimmed the journal, whose files before the oldest snapshot that is kept are removed; null when all of it stays
 */
public record SnapshotKeeping(int newest, Journal trimmed)
{
    private static final Pattern UNNAMED = Pattern.compile("s[0-9]+");

    /** Everything stays. */
    public static SnapshotKeeping all()
    {
        return new SnapshotKeeping(0, null);
    }

    /** A snapshot was taken. */
    void apply(final SnapshotStore store, final String guest)
    {
        if (newest > 0)
        {
            final List<SnapshotInfo> unnamed =
                store.list(guest).stream().filter(it -> UNNAMED.matcher(it.name()).matches()).toList();
            unnamed.stream().limit(Math.max(0, unnamed.size() - newest)).forEach(it -> store.delete(guest, it.name()));
        }
        if (trimmed != null)
        {
            store.list(guest).stream().filter(it -> !it.name().equals(SnapshotPlace.START))
                .mapToLong(SnapshotInfo::sequence).min().ifPresent(sequence -> trimmed.removeBefore(sequence + 1));
        }
    }
}
