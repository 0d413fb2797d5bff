package dev.understudy.journal;

import java.io.Closeable;
import org.agrona.DirectBuffer;

/**
 * The events of one guest, in order, to be appended to. An entry is there for every cursor when the method that appended
 * it returns, and stays when this process dies; it stays when the power goes when {@link #sync} has returned.
 * <p>
 * Owned by one thread at a time, but for what says otherwise. A journal is whole after every exception; after one that is
 * no {@link JournalFullException} and no refusal of an entry nothing more can be appended.
 */
public interface Journal extends Closeable
{
    /**
     * Returns when every entry so far is in the journal; those that follow will be when their methods return. On any
     * thread.
     *
     * @throws JournalFullException when there is no room
     * @throws JournalException     when that cannot be
     */
    void start();

    /**
     * Appends an event, which becomes the next entry: the encoder's entry has its sequence number and its hash then.
     *
     * @return its sequence number
     * @throws JournalException when it cannot follow the last entry; nothing is appended then
     */
    long append(EntryEncoder event);

    /**
     * Appends an entry that another journal has.
     *
     * @throws JournalException when it does not follow the last entry; nothing is appended then
     */
    void append(DirectBuffer source, int offset, int length);

    /** A cursor before the first entry. On any thread. */
    JournalCursor reader();

    /** Waits until the entries before this call survive the loss of power. */
    void sync();

    /** Number of the last entry; -1 without one. */
    long lastSequence();

    /** Number of the entry that is being written, which a hung disk may keep it from; -1 without one. On any thread. */
    long underWay();

    /** Position of the last entry. */
    long lastPosition();

    /** Guest time of the last entry, in nanoseconds. */
    long lastTimeNs();

    /** First 8 bytes of the hash chain at the last entry, as a big-endian number; 0 without one. */
    long chainHigh();

    /** Next 8 bytes of the hash chain at the last entry, as a big-endian number; 0 without one. */
    long chainLow();

    /** What the first entry says of the guest; null while there is none. */
    Genesis genesis();

    /** Lets go of the journal. */
    @Override
    void close();
}
