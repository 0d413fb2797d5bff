package dev.understudy.simulation;

import java.util.ArrayList;
import java.util.List;

/** What the role entries of a journal say of whether outputs depend on a backup. */
final class RoleEntries
{
    private record RoleEntry(long sequence, long generation, boolean isBackup)
    {
    }

    private final List<RoleEntry> entries = new ArrayList<>();

    void clear()
    {
        entries.clear();
    }

    /** A generation began, in which there is no backup. */
    void generation(final long sequence, final long generation)
    {
        entries.add(new RoleEntry(sequence, generation, false));
    }

    /** A backup protects from then on. */
    void backupJoined(final long sequence, final long generation)
    {
        entries.add(new RoleEntry(sequence, generation, true));
    }

    /** Whether an output that was produced after an entry waits for the backup in a generation. */
    boolean isProtected(final long dependency, final long generation)
    {
        for (int i = entries.size() - 1; i >= 0; i--)
        {
            final RoleEntry entry = entries.get(i);
            if (entry.sequence <= dependency)
            {
                return entry.isBackup && entry.generation == generation;
            }
        }
        return false;
    }
}
