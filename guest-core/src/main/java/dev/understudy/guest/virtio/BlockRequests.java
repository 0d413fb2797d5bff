package dev.understudy.guest.virtio;

/**
 * Takes what guests want of drives. Called on the hart thread, in the order of the requests.
 * <p>
 * Every request that is taken has its effect on the drive, in this order and as if one came after the other, also those
 * whose completion the guest gave up by a reset. So the content of a drive, and what a read gives, depend on the
 * requests alone and not on when a host gets to them.
 */
@FunctionalInterface
public interface BlockRequests
{
    /** Takes a request of a guest; may wait for room, and does not wait for the request to be done. */
    void submit(BlockRequest request);

    /** For a machine without drives. */
    static BlockRequests none()
    {
        return request ->
        {
            throw new IllegalStateException("a request for drive " + request.drive() + ", and there is no drive");
        };
    }
}
