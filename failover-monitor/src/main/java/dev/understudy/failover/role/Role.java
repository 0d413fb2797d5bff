package dev.understudy.failover.role;

/** What a replica is to its pair; published in heartbeats, status and metrics. */
public enum Role
{
    /** Listens for a primary, and claims the next generation when none is heard and its journal entitles it to. */
    STARTING,

    /** Asks the primary for its journal and catches up; may not go live. */
    JOINING,

    /** Holds every entry that an output of the primary depends on, and replays it. */
    BACKUP,

    /** Waits for the arbiter's answer; acknowledges nothing and performs no output. */
    CANDIDATE,

    /** Runs the guest with the world. */
    PRIMARY,

    /** Has ended; performs no output and says why. */
    HALTED
}
