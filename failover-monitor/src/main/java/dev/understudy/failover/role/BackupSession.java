package dev.understudy.failover.role;

/** How far a primary is with the backup that its journal goes to. Each stage holds what the ones before do. */
public enum BackupSession
{
    /** There is no backup. */
    NONE,

    /** A backup asked to join, and was answered from which entry on it gets the journal. */
    JOINING,

    /** It has acknowledged the answer, and gets the journal. */
    STREAMING,

    /** It follows closely: outputs wait for its acknowledgements from an entry on that is being written. */
    PROTECTING,

    /** It has acknowledged that entry. */
    CONFIRMED;

    /** Whether the backup gets the journal. */
    public boolean streams()
    {
        return compareTo(STREAMING) >= 0;
    }

    /** Whether outputs wait for the backup. */
    public boolean protects()
    {
        return compareTo(PROTECTING) >= 0;
    }
}
