package dev.understudy.node;

import dev.understudy.journal.JournalCursor;
import dev.understudy.transport.Link;

/** Sends the journal to the backup as it grows, and knows how far the backup has replayed it. On the agent thread. */
final class JournalStreamer implements AutoCloseable
{
    /** Entries sent in one duty cycle, so that heartbeats and outputs are not late during a long catch-up. */
    private static final int MAX_ENTRIES = 512;

    private final Link link;
    private final JournalCursor reader;
    private final long session;
    private boolean hasPending;
    private long replayedSequence = -1;
    private long replayedTimeNs;

    /**
     * @param journal closed with this
     * @param from    first entry to send
     */
    JournalStreamer(
        final Link link, final JournalCursor journal, final long from, final long session)
    {
        this.link = link;
        this.session = session;
        reader = journal;
        reader.seek(from);
    }

    /** Sends what there is and what the peer takes; returns the number of entries that were sent. */
    int doWork()
    {
        int count = 0;
        while (count < MAX_ENTRIES && (hasPending || reader.next()))
        {
            hasPending = !link.offerEntry(
                session, reader.entry().buffer(), reader.entry().offset(), reader.entry().length());
            if (hasPending)
            {
                break;
            }
            count++;
        }
        return count;
    }

    /** The backup has replayed the entries up to this one, which has this guest time. */
    void replayed(final long sequence, final long timeNs)
    {
        replayedSequence = sequence;
        replayedTimeNs = timeNs;
    }

    /** Guest time that the backup's replay is behind the last entry of the journal, in milliseconds. */
    long lagMs(final long lastSequence, final long lastTimeNs)
    {
        return replayedSequence < lastSequence ? Math.max(0, (lastTimeNs - replayedTimeNs) / 1_000_000) : 0;
    }

    @Override
    public void close()
    {
        reader.close();
    }
}
