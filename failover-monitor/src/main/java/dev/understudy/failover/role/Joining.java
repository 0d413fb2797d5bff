package dev.understudy.failover.role;

/** The times of one attempt to become the backup: when to ask, and whether anything comes of it. On the agent thread. */
final class Joining
{
    private final long sinceNs;
    private final String reason;
    private long nextAskNs;
    private long sequence;
    private long progressNs;

    /** @param reason why this node asks once more; empty at first */
    Joining(final long nowNs, final String reason)
    {
        sinceNs = nowNs;
        nextAskNs = nowNs;
        this.reason = reason;
    }

    String reason()
    {
        return reason;
    }

    /** Whether to ask now; the next time is a while later. */
    boolean isTimeToAsk(final long nowNs)
    {
        if (nowNs - nextAskNs < 0)
        {
            return false;
        }
        nextAskNs = nowNs + PairSettings.JOIN_RETRY_MS * 1_000_000L;
        return true;
    }

    /** Whether the primary, which is heard, has not answered for long. */
    boolean isUnanswered(final long nowNs, final PairSettings settings)
    {
        return nowNs - sinceNs > settings.joiningTimeoutMs() * 1_000_000L;
    }

    /** The primary has answered: the journal will come. */
    void beginSession(final long nowNs)
    {
        progressNs = nowNs;
    }

    /** Whether entries have come lately, in a session. */
    boolean hasProgress(final long nowNs, final long journalSequence, final PairSettings settings)
    {
        if (journalSequence != sequence)
        {
            sequence = journalSequence;
            progressNs = nowNs;
        }
        return nowNs - progressNs <= settings.joiningTimeoutMs() * 1_000_000L;
    }
}
