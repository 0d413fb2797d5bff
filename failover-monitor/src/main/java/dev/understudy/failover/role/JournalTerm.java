package dev.understudy.failover.role;

/**
 * What the newest role entries of a journal say: who ran the guest last, and who was then its backup.
 *
 * @param generation of the last generation entry; 0 without one
 * @param primary    the node that began it; null without one
 * @param backup     the node that joined in it last; null while it runs solo
 */
public record JournalTerm(long generation, String primary, String backup)
{
    /** Of a journal without role entries. */
    public static final JournalTerm NONE = new JournalTerm(0, null, null);

    /** After a generation entry. */
    public JournalTerm begun(final long newGeneration, final String node)
    {
        return new JournalTerm(newGeneration, node, null);
    }

    /** After a backup-joined entry. */
    public JournalTerm joined(final String node)
    {
        return new JournalTerm(generation, primary, node);
    }
}
