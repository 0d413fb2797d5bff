package dev.understudy.hypervisor.pair;

import dev.understudy.hypervisor.status.StatusServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Notices at once that the peer's process has ended: a TCP connection to its status port, which the peer's kernel closes
 * when it ends.
 * <p>
 * The connection asks which process answers. That process has ended when the connection breaks and then nobody listens
 * at the port, or another process does. A break alone means nothing: the line is drawn anew, and the same process
 * answers. A host that vanished breaks nothing, nor does a process that was stopped. On the agent thread.
 * <pre>
 *   IDLE ── connect ──▶ CONNECTING ── ask ──▶ ASKING ── answered ──▶ UP ── breaks ──▶ IDLE, and at once again
 *    ▲                       │ refused           │ breaks, or no answer in time
 *    └───────────────────────┴───────────────────┘
 * </pre>
 */
final class Lifeline implements AutoCloseable
{
    /** Time between two attempts to draw the line, and for each of them, in nanoseconds. */
    static final long RETRY_NS = 500_000_000;

    /** Time between two questions on a line that is up: a status server closes one that nobody uses after 30 s. */
    private static final long ASK_NS = 10_000_000_000L;

    /**
     * Attempts at once after a line broke. The kernel closes what a process had open one by one: what connects before it
     * comes to the port breaks once more.
     */
    private static final int PROBES = 20;

    private static final int MAX_ANSWER_BYTES = 1024;
    private static final Pattern ANSWER =
        Pattern.compile("HTTP/1\\.1 200 .*\r\n\r\n" + StatusServer.INCARNATION, Pattern.DOTALL);

    private enum State
    {
        /** Waits for the next attempt. */
        IDLE,

        /** Waits until the peer's kernel takes the connection. */
        CONNECTING,

        /** Waits for the peer's process to say which one it is. */
        ASKING,

        /** Waits for the connection to break. */
        UP
    }

    private final Selector selector;
    private final LongConsumer onEnded;
    private final ByteBuffer answer = ByteBuffer.allocate(MAX_ANSWER_BYTES);

    private InetSocketAddress peer;
    private State state = State.IDLE;
    private SocketChannel channel;
    private SelectionKey key;
    private long nextNs;

    /** Of the process that answered last and may have ended; 0 for none. */
    private long incarnation;
    private int probes;

    /** @param onEnded told the incarnation of a process that has ended, once */
    Lifeline(final Selector selector, final LongConsumer onEnded)
    {
        this.selector = selector;
        this.onEnded = onEnded;
        nextNs = System.nanoTime();
    }

    /** Draws the line to this address from now on. */
    void to(final InetSocketAddress newPeer, final long nowNs)
    {
        drop();
        peer = newPeer;
        incarnation = 0;
        probes = 0;
        nextNs = nowNs;
    }

    /** Whether the peer's process would be missed. */
    boolean isUp()
    {
        return state == State.UP;
    }

    /** Looks what the selector found, and whether it is time for something; returns the work done. Does not block. */
    int poll(final long nowNs)
    {
        if (peer == null)
        {
            return 0;
        }
        int work = 0;
        try
        {
            if (key != null && selector.selectedKeys().remove(key))
            {
                work++;
                onReady(nowNs);
            }
            if (nowNs - nextNs >= 0)
            {
                work++;
                onTime(nowNs);
            }
        }
        catch (final IOException e)
        {
            onBreak(e, nowNs);
        }
        return work;
    }

    private void onTime(final long nowNs) throws IOException
    {
        if (state == State.UP)
        {
            ask(nowNs, ASK_NS);
            return;
        }
        if (state != State.IDLE)
        {
            // An attempt without an answer says nothing: a process that was stopped lives.
            probes = 0;
        }
        connect(nowNs);
    }

    private void connect(final long nowNs) throws IOException
    {
        drop();
        nextNs = nowNs + RETRY_NS;
        channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        state = State.CONNECTING;
        if (channel.connect(peer))
        {
            onConnected(nowNs);
        }
        else
        {
            key = channel.register(selector, SelectionKey.OP_CONNECT);
        }
    }

    private void onReady(final long nowNs) throws IOException
    {
        if (state == State.CONNECTING)
        {
            if (channel.finishConnect())
            {
                onConnected(nowNs);
            }
            return;
        }
        final int count = channel.read(answer);
        if (count < 0 || !answer.hasRemaining())
        {
            throw new IOException("the line was closed, or it is no node that answers");
        }
        final Matcher matcher =
            ANSWER.matcher(new String(answer.array(), 0, answer.position(), StandardCharsets.ISO_8859_1));
        if (matcher.matches())
        {
            onAnswer(Long.parseUnsignedLong(matcher.group(1), 16), nowNs);
        }
    }

    private void onConnected(final long nowNs) throws IOException
    {
        key = channel.register(selector, SelectionKey.OP_READ);
        state = State.ASKING;
        ask(nowNs, RETRY_NS);
    }

    private void ask(final long nowNs, final long timeNs) throws IOException
    {
        nextNs = nowNs + timeNs;
        answer.clear();
        final ByteBuffer question = ByteBuffer.wrap(("GET " + StatusServer.INCARNATION_PATH +
            " HTTP/1.1\r\nHost: node\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
        channel.write(question);
        if (question.hasRemaining())
        {
            throw new IOException("the peer takes nothing");
        }
    }

    private void onAnswer(final long answering, final long nowNs)
    {
        answer.clear();
        probes = 0;
        nextNs = nowNs + ASK_NS;
        state = State.UP;
        if (answering != incarnation)
        {
            final long before = incarnation;
            incarnation = answering;
            ended(before);
        }
    }

    private void onBreak(final IOException e, final long nowNs)
    {
        final boolean isBroken = state == State.UP || state == State.ASKING && probes > 0;
        final boolean isRefused = state == State.CONNECTING && probes > 0 && e instanceof ConnectException;
        drop();
        if (isRefused)
        {
            final long before = incarnation;
            incarnation = 0;
            ended(before);
        }
        else if (isBroken && probes < PROBES)
        {
            probes++;
            nextNs = nowNs;
            return;
        }
        probes = 0;
        nextNs = nowNs + RETRY_NS;
    }

    private void ended(final long ofIncarnation)
    {
        if (ofIncarnation != 0)
        {
            onEnded.accept(ofIncarnation);
        }
    }

    private void drop()
    {
        state = State.IDLE;
        key = null;
        if (channel != null)
        {
            try
            {
                channel.close();
            }
            catch (final IOException e)
            {
                // Nothing is lost with it.
            }
            channel = null;
        }
    }

    @Override
    public void close()
    {
        drop();
        peer = null;
    }
}
