package dev.understudy.failover.role;

/** Why a replica goes live. */
public enum GenerationStart
{
    /** No replica was live. */
    STARTED,

    /** The primary was silent. */
    PROMOTED,

    /** The primary handed over. */
    SWITCHOVER
}
