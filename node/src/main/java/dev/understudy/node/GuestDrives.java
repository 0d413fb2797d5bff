package dev.understudy.node;

import dev.understudy.guest.virtio.BlockRequest;
import dev.understudy.guest.virtio.BlockRequests;
import dev.understudy.replay.DriveWaits;

/**
 * This replica's side of all drives of one guest: takes what the guest wants, live or in a replay, and carries it out. By
 * whoever runs the guest, but for what says otherwise.
 */
public interface GuestDrives extends BlockRequests, DriveWaits, AutoCloseable
{
    /** Number of drives. */
    int count();

    /** Whether a request was carried out; then what it read is in its data. */
    boolean isDone(BlockRequest request);

    /** Number of the request that a drive is carrying out; -1 without one. On any thread. */
    long underWay(int drive);

    /** What a drive is called in messages. On any thread. */
    String name(int drive);

    /**
     * @throws DriveException when a drive has failed: the guest cannot go on here
     */
    void check();

    /**
     * Carries out what was submitted and lets go; when no guest uses them any more. On the agent thread.
     *
     * @throws DriveException when a drive has failed
     */
    @Override
    void close();
}
