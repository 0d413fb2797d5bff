package dev.understudy.guest.virtio;

/** How a request for a drive ended, as the guest is told; the ordinals are the values of virtio 1.2, section 5.2.6. */
public enum BlockStatus
{
    /** It was done. */
    OK,

    /** It cannot be done: out of range, malformed, or forbidden. */
    IOERR,

    /** The device does not know such requests. */
    UNSUPP
}
