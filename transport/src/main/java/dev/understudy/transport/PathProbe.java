package dev.understudy.transport;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.Header;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Finds out whether datagrams of full length get to the peer: on a path that swallows them, short ones go on to say that
 * all is well.
 * <p>
 * A stream of its own, in which nothing is repeated: what is lost there holds up nothing. On the agent thread.
 * <pre>
 *   question  | number, 8 bytes | zeros up to a datagram of full length |
 *   answer    | number, 8 bytes |
 * </pre>
 */
final class PathProbe implements AutoCloseable
{
    private static final int STREAM = 3;
    private static final int TERM_BYTES = 64 << 10;
    private static final int ANSWER_BYTES = Long.BYTES;
    private static final int FRAGMENT_LIMIT = 8;

    /** Time between two questions. */
    private static final long INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(200);

    /** An answer proves the path for so long. */
    private static final long PROOF_NS = TimeUnit.SECONDS.toNanos(3);

    /** Questions in a row without an answer, besides the last: at 10 % loss each way it is chance once in 150 times. */
    private static final int SWALLOWED = 3;

    private final Subscription subscription;
    private final FragmentHandler handler = this::onMessage;
    private final UnsafeBuffer message;
    private ExclusivePublication publication;
    private long asked;
    private long answered;
    private long askedNs;
    private long answeredNs;
    private int unanswered;

    PathProbe(final Aeron aeron, final String ownChannel, final int datagramBytes)
    {
        message = new UnsafeBuffer(new byte[datagramBytes]);
        subscription = aeron.addSubscription(ownChannel + "|reliable=false", STREAM);
    }

    /** Asks the peer at this address from now on. */
    void to(final Aeron aeron, final String peerChannel)
    {
        CloseHelper.close(publication);
        publication = aeron.addExclusivePublication(peerChannel + "|term-length=" + TERM_BYTES, STREAM);
        answered = asked;
        unanswered = 0;
        answeredNs = System.nanoTime() - PROOF_NS;
        askedNs = System.nanoTime() - INTERVAL_NS;
    }

    /** Asks when it is time, and answers; returns the work done. */
    int poll(final long nowNs)
    {
        final int received = subscription.poll(handler, FRAGMENT_LIMIT);
        if (publication == null || !publication.isConnected())
        {
            unanswered = 0;
            return received;
        }
        if (nowNs - askedNs < INTERVAL_NS)
        {
            return received;
        }
        askedNs = nowNs;
        message.putLong(0, asked + 1, ByteOrder.LITTLE_ENDIAN);
        if (publication.offer(message, 0, publication.maxPayloadLength()) > 0)
        {
            asked++;
            unanswered++;
        }
        return received + 1;
    }

    private void onMessage(final DirectBuffer buffer, final int offset, final int length, final Header header)
    {
        final long number = buffer.getLong(offset, ByteOrder.LITTLE_ENDIAN);
        if (length > ANSWER_BYTES)
        {
            message.putLong(0, number, ByteOrder.LITTLE_ENDIAN);
            // Lost like an answer on the way, if it is not taken.
            final long ignored = publication == null ? 0 : publication.offer(message, 0, ANSWER_BYTES);
        }
        else if (number > answered && number <= asked)
        {
            answered = number;
            unanswered = (int)(asked - number);
            answeredNs = System.nanoTime();
        }
    }

    /** Whether datagrams of full length have arrived lately. */
    boolean isProven(final long nowNs)
    {
        return nowNs - answeredNs < PROOF_NS;
    }

    /** Whether the peer is there, and datagrams of full length do not arrive. */
    boolean isSwallowed()
    {
        return unanswered > SWALLOWED;
    }

    @Override
    public void close()
    {
        CloseHelper.quietCloseAll(publication, subscription);
    }
}
