package dev.understudy.replay.snapshot;

import dev.understudy.guest.Machine;
import dev.understudy.guest.state.PagedMemory;

/**
 * The state of a machine at one position, held until a store has it.
 * <p>
 * Made on the hart thread; then any one thread may have it.
 */
public final class Capture
{
    private final long position;
    private final long timeNs;
    private final long digest;
    private final long sequence;
    private final long chainHigh;
    private final long chainLow;
    private final byte[] state;
    private CapturedPages pages;

    /**
     * Captures a machine as it is now. On the hart thread.
     *
     * @param sequence  of the last entry of its journal
     * @param chainHigh first 8 bytes of the journal's hash chain there, as a big-endian number
     * @param chainLow  the next 8
     * @throws SnapshotException when there is no memory for it; the machine is as it was
     */
    public Capture(final Machine machine, final long sequence, final long chainHigh, final long chainLow)
    {
        this.sequence = sequence;
        this.chainHigh = chainHigh;
        this.chainLow = chainLow;
        position = machine.position();
        timeNs = machine.timeNs();
        digest = machine.digest();
        final StateBytes bytes = new StateBytes(this::capture);
        machine.save(bytes);
        state = bytes.toByteArray();
    }

    Capture(final SnapshotInfo info, final byte[] state, final PagedMemory memory)
    {
        position = info.position();
        timeNs = info.timeNs();
        digest = info.digest();
        sequence = info.sequence();
        chainHigh = info.chainHigh();
        chainLow = info.chainLow();
        this.state = state;
        capture(memory);
    }

    private void capture(final PagedMemory memory)
    {
        pages = new CapturedPages(memory);
    }

    /** What a list says of it. */
    SnapshotInfo info(final String guest, final String name, final long epochMs)
    {
        return new SnapshotInfo(guest, name, position, sequence, timeNs, epochMs, chainHigh, chainLow, digest, 0, 0);
    }

    byte[] state()
    {
        return state;
    }

    CapturedPages pages()
    {
        return pages;
    }
}
