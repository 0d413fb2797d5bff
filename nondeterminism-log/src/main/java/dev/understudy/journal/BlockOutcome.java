package dev.understudy.journal;

/** How a request of the guest for a drive ended; the ordinals are those of virtio 1.2, section 5.2.6. */
public enum BlockOutcome
{
    /** It was done. */
    OK,

    /** The host could not do it. */
    IOERR,

    /** The host does not know such requests. */
    UNSUPP
}
