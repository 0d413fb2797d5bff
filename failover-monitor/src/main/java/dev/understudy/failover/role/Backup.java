package dev.understudy.failover.role;

/**
 * What a primary knows of the backup that its journal goes to: which process that is, and how far the two are. Owned by the
 * agent thread.
 */
final class Backup
{
    private BackupSession stage = BackupSession.NONE;

    /** Of the backup's process; 0 without one. */
    private long incarnation;

    /** The present exchange of the journal, numbered here. */
    private long session;
    private long nextSession;
    private long from;
    private long protectedFrom;

    /**
     * @param firstSession random, so that entries which this node's last process sent cannot be taken for this one's
     */
    Backup(final long firstSession)
    {
        nextSession = firstSession;
    }

    BackupSession stage()
    {
        return stage;
    }

    /** Whether a process is the backup. */
    boolean is(final long ofIncarnation)
    {
        return stage != BackupSession.NONE && ofIncarnation == incarnation;
    }

    /** Number of the present exchange. */
    long session()
    {
        return session;
    }

    /** First entry of the present exchange. */
    long from()
    {
        return from;
    }

    /** A process asked to join: a new exchange begins with this entry. */
    void join(final long ofIncarnation, final long fromSequence)
    {
        stage = BackupSession.JOINING;
        incarnation = ofIncarnation;
        session = nextSession++;
        from = fromSequence;
    }

    /** The backup has acknowledged the exchange, and gets the journal. */
    void stream()
    {
        stage = BackupSession.STREAMING;
    }

    /** Outputs wait for the backup from an entry on that is still to be written. */
    void protect()
    {
        stage = BackupSession.PROTECTING;
        protectedFrom = Long.MAX_VALUE;
    }

    /** That entry is written. */
    void protectedFrom(final long sequence)
    {
        protectedFrom = sequence;
    }

    /** The backup has the entries up to this one; returns whether that has just confirmed it. */
    boolean acknowledge(final long sequence)
    {
        if (stage != BackupSession.PROTECTING || sequence < protectedFrom)
        {
            return false;
        }
        stage = BackupSession.CONFIRMED;
        return true;
    }

    /** There is no backup any more. */
    void end()
    {
        stage = BackupSession.NONE;
        incarnation = 0;
    }
}
