package dev.understudy.chaos;

import dev.understudy.failover.role.Role;
import dev.understudy.journal.JournalReader;
import dev.understudy.transport.AeronLink;
import dev.understudy.transport.PairEndpoints;
import dev.understudy.transport.PairHandler;
import dev.understudy.transport.PairProtocol;
import java.io.IOException;
import java.nio.channels.Selector;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.SystemNanoClock;

/** Stands for a primary of another release: says that it is one, and sends a journal's first entry to whoever joins. */
final class StreamingPrimary implements PairHandler, AutoCloseable
{
    private static final long INCARNATION = 47;
    private static final long GENERATION = 1;
    private static final long SESSION = 11;
    private static final long INTERVAL_MS = 10;
    private static final long SILENCE_MS = 200;

    private final Queue<String> problems = new ConcurrentLinkedQueue<>();
    private final JournalReader journal;
    private final Selector selector;
    private final AeronLink link;
    private final PairProtocol protocol;
    private final Thread thread;
    private volatile String goodbye;
    private volatile boolean isClosed;
    private boolean hasSent;

    /** @param journal of at least one entry */
    StreamingPrimary(final PairEndpoints endpoints, final Path journal) throws IOException
    {
        this.journal = JournalReader.open(journal);
        this.journal.next();
        selector = Selector.open();
        link = new AeronLink(endpoints, selector, INTERVAL_MS, problem -> problems.add(problem.toString()));
        protocol = new PairProtocol(
            link, endpoints.node(), INCARNATION, SystemNanoClock.INSTANCE, SILENCE_MS, this);
        thread = Thread.ofPlatform().daemon().name("streaming-primary").start(this::run);
    }

    /** What the other node said when it left, or null. */
    String goodbye()
    {
        return goodbye;
    }

    /** What this and the other node did not understand of each other. */
    Queue<String> problems()
    {
        return problems;
    }

    private void run()
    {
        try
        {
            while (!isClosed)
            {
                protocol.heartbeat(GENERATION, Role.PRIMARY.ordinal(), true, 0, 0, 0, 0, 0, "");
                protocol.doWork();
                selector.selectedKeys().clear();
                selector.select(INTERVAL_MS);
            }
        }
        catch (final IOException e)
        {
            problems.add(e.toString());
        }
    }

    @Override
    public void onJoin(
        final long incarnation,
        final long generation,
        final String node,
        final long haveSequence,
        final long chainHigh,
        final long chainLow,
        final String settings,
        final String reason)
    {
        protocol.joinReply(GENERATION, 0, SESSION);
    }

    @Override
    public void onRefusal(final long incarnation, final long generation, final String reason)
    {
        problems.add("a node that joins has refused one that did not");
    }

    @Override
    public void onAcknowledge(
        final long incarnation,
        final long session,
        final long journalSequence,
        final long replayedSequence,
        final long replayedTimeNs)
    {
        hasSent = hasSent || session == SESSION && link.offerEntry(
            SESSION, journal.entry().buffer(), journal.entry().offset(), journal.entry().length());
    }

    @Override
    public void onGoodbye(final long incarnation, final long generation, final String reason)
    {
        goodbye = reason;
    }

    @Override
    public void onUnknownMessage(final String what)
    {
        problems.add(what);
    }

    @Override
    public void onEntry(final long session, final DirectBuffer entry, final int offset, final int length)
    {
        problems.add("a node that joins has sent an entry");
    }

    @Override
    public void onHeartbeat(
        final long incarnation,
        final long generation,
        final String node,
        final int role,
        final boolean solo,
        final long journalSequence,
        final long position,
        final long releasedOutputs,
        final long claimHigh,
        final long claimLow,
        final String trouble)
    {
    }

    @Override
    public void onJoinReply(
        final long incarnation, final long generation, final long fromSequence, final long session)
    {
        problems.add("a node that joins has answered one that did not");
    }

    @Override
    public void onPlacement(final long incarnation, final boolean upperHalf, final int busyPercent)
    {
    }

    @Override
    public void close() throws IOException, InterruptedException
    {
        isClosed = true;
        selector.wakeup();
        thread.join();
        link.close();
        selector.close();
        journal.close();
    }
}
