package dev.understudy.hypervisor.pair;

import dev.understudy.journal.JournalReader;
import dev.understudy.transport.PairTransport;

/** Sends the journal to the backup as it grows. On the agent thread. */
final class JournalStreamer implements AutoCloseable
{
    /** Entries sent in one duty cycle, so that heartbeats and outputs are not late during a long catch-up. */
    private static final int MAX_ENTRIES = 512;

    private final PairTransport transport;
    private final JournalReader reader;
    private final long session;
    private boolean hasPending;

    /**
     * @param journal closed with this
     * @param from    first entry to send
     */
    JournalStreamer(
        final PairTransport transport, final JournalReader journal, final long from, final long session)
    {
        this.transport = transport;
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
            hasPending = !transport.offerEntry(
                session, reader.entry().buffer(), reader.entry().offset(), reader.entry().length());
            if (hasPending)
            {
                break;
            }
            count++;
        }
        return count;
    }

    @Override
    public void close()
    {
        reader.close();
    }
}
