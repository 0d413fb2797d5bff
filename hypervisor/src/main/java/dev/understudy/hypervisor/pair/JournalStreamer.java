package dev.understudy.hypervisor.pair;

import dev.understudy.journal.JournalReader;
import dev.understudy.transport.PairTransport;
import java.nio.file.Path;

/** Sends the journal to the backup as it grows. On the agent thread. */
final class JournalStreamer implements AutoCloseable
{
    /** Entries sent in one duty cycle, so that heartbeats and outputs are not late during a long catch-up. */
    private static final int MAX_ENTRIES = 512;

    /**
     * For so long after an entry the journal is looked at without being told: the next ones of a busy guest go out
     * while the hart still writes. Not always, since a look costs file accesses.
     */
    private static final long LOOK_NS = 500_000;

    private final PairTransport transport;
    private final JournalReader reader;
    private final long session;
    private boolean hasPending;
    private long lastEntryNs;

    /**
     * @param from first entry to send
     */
    JournalStreamer(final PairTransport transport, final Path journal, final long from, final long session)
    {
        this.transport = transport;
        this.session = session;
        reader = JournalReader.open(journal);
        reader.seek(from);
    }

    /**
     * Sends what there is and what the peer takes.
     *
     * @param nowNs        of {@link System#nanoTime}
     * @param lastSequence number of the last entry that the hart has told of
     * @return number of entries that were sent
     */
    int doWork(final long nowNs, final long lastSequence)
    {
        final boolean looks = reader.nextSequence() <= lastSequence || nowNs - lastEntryNs < LOOK_NS;
        int count = 0;
        while (count < MAX_ENTRIES && (hasPending || looks && reader.next()))
        {
            hasPending = !transport.offerEntry(
                session, reader.entry().buffer(), reader.entry().offset(), reader.entry().length());
            if (hasPending)
            {
                break;
            }
            count++;
        }
        if (count > 0)
        {
            lastEntryNs = nowNs;
        }
        return count;
    }

    @Override
    public void close()
    {
        reader.close();
    }
}
