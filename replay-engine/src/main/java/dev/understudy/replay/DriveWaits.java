package dev.understudy.replay;

import dev.understudy.guest.virtio.BlockRequest;

/**
 * Lets a replay wait for the drives, which carry out the guest's requests anew on images of their own.
 * <p>
 * A recording says at which position a request was done. A replay that is there earlier than its own drive waits.
 */
@FunctionalInterface
public interface DriveWaits
{
    /** Waits until a request that the guest made was carried out; what it reads is in its data then. */
    void await(BlockRequest request);
}
