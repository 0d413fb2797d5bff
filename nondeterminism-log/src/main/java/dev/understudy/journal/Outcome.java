package dev.understudy.journal;

/** How a recording ended. The order is that of the schema. */
public enum Outcome
{
    /** The guest shut down. */
    SHUTDOWN,

    /** The guest asked for a reboot. */
    REBOOT,

    /** The guest shut down and gave a failure as its reason. */
    FAILURE,

    /** The guest could not make progress. */
    CRASHED,

    /** The operator stopped a guest that would have gone on. */
    STOPPED,

    /** The guest's kernel panicked, and said so. */
    PANICKED
}
