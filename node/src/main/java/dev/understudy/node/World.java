package dev.understudy.node;

import java.io.IOException;
import org.agrona.DirectBuffer;

/**
 * What lies outside of the guest: console, forwarded ports, network. Nothing of it is heard, and nothing enters the guest,
 * before {@link #connect}. On the agent thread.
 */
public interface World extends AutoCloseable
{
    /**
     * Makes ready for a guest that goes live.
     *
     * @param generation in which it does; names of connections are used once in all generations
     * @param inbox      takes what enters the guest
     */
    void connect(long generation, long nowNs, Inbox inbox);

    /**
     * Lets what the world has sent into the inbox, and sends what waits to be sent.
     *
     * @param isLive   whether the guest runs with the world: before that, nobody is let in
     * @param mayLeave whether the host may send on the guest's behalf
     * @return the work done
     */
    int doWork(long nowNs, boolean isLive, boolean mayLeave) throws IOException;

    /** Whether the next output can be taken; what cannot waits, and the guest with it. */
    boolean hasRoom();

    /** What the guest prints. */
    void sendConsole(DirectBuffer buffer, int offset, int length);

    /** A vsock packet of the guest's. */
    void sendVsock(DirectBuffer buffer, int offset, int length);

    /** An Ethernet frame of the guest's. */
    void sendFrame(DirectBuffer buffer, int offset, int length);

    /** Number of the clients' connections. */
    int connections();

    /** Number of frames, either way, that the host had no room for. */
    long lostFrames();

    /** Number of bytes of the guest's console that were lost. */
    long lostConsoleBytes();

    /** Ends all connections; the world hears nothing of the guest any more. */
    @Override
    void close();
}
