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

    /** A cursor before the first entry that is there. On any thread. */
    JournalCursor reader();

    /** Waits until the entries before this call survive the loss of power. */
    void sync();

    /** Where the journal begins: its first entries may have been removed. On any thread. */
    JournalBase base();

    /**
     * Removes what lies wholly before an entry, as far as that can be removed by itself; whoever reads there is told when it
     * comes to the end of what it has. The last entries stay. It may take as long as reading what is removed, and waits for
     * nobody who appends. On any thread.
     *
     * @throws JournalException when the disk fails; the journal is as it was, or shorter
     */
    void removeBefore(long sequence);

    /** Number of the last entry, also if it was removed; -1 when there never was one. */
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

    /** What the very first entry says, or said, of the guest; null while there is none. */
    Genesis genesis();

    /** Lets go of the journal. */
    @Override
    void close();
}
