package dev.understudy.transport;

import org.agrona.DirectBuffer;

/**
 * The way to the peer and back, for entries of the journal and for control messages.
 * <p>
 * What is sent is handed on in order and whole, or not at all; across a restart of either process, or a long silence,
 * messages are lost without notice. Entries carry the session that they were offered with, and their own numbers, so that
 * the receiver sees it. It has no thread: everything happens in {@link #doWork}. Every call on the agent thread.
 */
public interface Link extends AutoCloseable
{
    /** Takes what arrives, within {@link Link#doWork}. It may send, and must not call {@code doWork}. */
    interface Receiver
    {
        /**
         * An entry of the peer's journal. Entries of a process that has died may still come after its successor has
         * spoken: the session tells.
         *
         * @param session that the sender marked it with
         * @param entry   valid during the call
         */
        void onEntry(long session, DirectBuffer entry, int offset, int length);

        /**
         * A control message.
         *
         * @param speaker which process of the peer sent it: another number for each
         * @param message valid during the call
         */
        void onControl(long speaker, DirectBuffer message, int offset, int length);

        /** A message that is none of understudy's was dropped; what it was, in a sentence for the operator. */
        void onStray(String what);
    }

    /** The longest entry, in bytes. */
    int MAX_ENTRY_BYTES = 256 * 1024 - Long.BYTES;

    /**
     * One duty cycle; hands on what has come. Does not block. What the receiver throws comes out here.
     *
     * @return the work done
     */
    int doWork(Receiver receiver);

    /** Sends what was offered since the last call or {@link #doWork} at once; hands nothing on. */
    void flush();

    /**
     * Offers one entry. Does not block, and allocates nothing.
     *
     * @param session handed to the peer with the entry; not 0
     * @param length  up to {@link #MAX_ENTRY_BYTES}
     * @return false when it was not taken: the peer is not there or is behind; offer it again
     */
    boolean offerEntry(long session, DirectBuffer entry, int offset, int length);

    /**
     * Offers a control message. Does not block.
     *
     * @return false when it was not taken: the peer is not there or is behind
     */
    boolean offerControl(DirectBuffer message, int offset, int length);

    /** Whether entries that this process of the peer offers from now on will arrive here. */
    boolean receivesEntriesOf(long speaker);

    /** Whether entries that are offered here can get to the peer. */
    boolean isConnected();

    /** Whether messages of any length have got to the peer lately. */
    boolean carriesFullDatagrams();

    /** What is known to be wrong with the path to the peer, which is there, in a sentence; null for nothing. */
    String trouble();

    /**
     * The longest that the caller may sleep before the next {@link #doWork}, in milliseconds.
     *
     * @param nowNs of the clock that the link has
     */
    long maxSleepMs(long nowNs);

    /** Lets go of the peer. */
    @Override
    void close();
}
